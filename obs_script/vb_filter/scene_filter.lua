-- The filter of a scene: its own background, layers and zones for every camera in it.
local obslua = obslua
local obs, graphics, scenes, lock_order, filter_base, panels = ...
local C = obs.C
local ffi = require("ffi")

local M = {}

-- OBS has further canvases from 31.1 on.
ffi.cdef [[
void *obs_source_get_canvas(const void *source);
uint32_t obs_canvas_get_flags(const void *canvas);
const char *obs_canvas_get_name(const void *canvas);
void obs_canvas_release(void *canvas);
]]
local MAIN_CANVAS = 1
local has_canvases = pcall(function() return C.obs_source_get_canvas end)

-- All scene filters, as a set.
M.all = {}

local half, segment

-- Takes the script's table and the segment.
function M.use(new_half, new_segment)
	half, segment = new_half, new_segment
	M.info.id = half.scene_id
end

-- What the script calls a scene (see canvases.py): its name, with its canvas's unless that is the main
-- one.
local function label(scene)
	local canvas = has_canvases and C.obs_source_get_canvas(scene) or nil
	if canvas == nil then return obs.name(scene) end
	local main = C.obs_canvas_get_flags(canvas) % 2 == MAIN_CANVAS
	local name = obs.name(scene)
	if not main then name = ffi.string(C.obs_canvas_get_name(canvas)) .. ": " .. name end
	obs.later(C.obs_canvas_release, canvas)
	return name
end

-- The background of each scene with such a filter, by what the script calls the scene.
function M.backgrounds()
	local found = {}
	for self in pairs(M.all) do
		local parent = C.obs_filter_get_parent(self.filter)
		if parent ~= nil and C.obs_source_enabled(self.filter) then
			found[label(parent)] = self.settings.ready or self.settings.background
		end
	end
	return found
end

local function update(self, settings)
	filter_base.read(self, half.scene_settings, settings)
	local s = self.settings
	filter_base.want(self, segment, half.assets,
		{ background = s.background ~= "default", layers = s.own_layers, zones = s.own_zones })
end

local function create(settings, source)
	local self = {
		filter = obs.pointer(source), settings = {}, state = graphics.new(),
	}
	lock_order.know("scene", self.filter)
	-- Cameras with filters of this script are drawn inside: without this two threads could deadlock.
	filter_base.leave_to_libobs(self)
	update(self, settings)
	M.all[self] = true
	return self
end

local function destroy(self)
	M.all[self] = nil
	scenes.forget(self)
	filter_base.destroy(self)
end

local function video_tick(self)
	filter_base.tick(self, tonumber(C.os_gettime_ns()))
end

-- Whether it is on anything but a scene or group: OBS offers it for all sources, as it only tells video
-- filters from audio filters.
local function misplaced(self)
	local parent = C.obs_filter_get_parent(self.filter)
	return parent ~= nil and C.obs_source_get_type(parent) ~= obs.TYPE_SCENE
end

local function render(self)
	local parent = C.obs_filter_get_parent(self.filter)
	if parent ~= nil then obs.keep_space(self.callbacks, obs.is_hdr(parent)) end
	-- On a camera nothing is drawn: whoever put this filter on it wants the room hidden.
	if misplaced(self) then return end
	if self.problem then obs.skip(self.filter) else scenes.draw(self) end
end

local function get_defaults(settings)
	filter_base.set_defaults(half.scene_settings, settings)
end

local function get_properties(self)
	local properties = obslua.obs_properties_create()
	local panel = panels.new(self, half.scene_settings, function()
		if misplaced(self) then return panels.text("Error.SceneOnly") end
		local wrong = self.problem or panels.sentence_or_place(filter_base.problem(self))
		return wrong ~= "" and wrong or panels.text("Status.Scene")
	end, function(key) return filter_base.wrong_file(self, key) end)
	panels.add(panel, properties, { main = true, place = true, layers = true, zones = true },
		{}, {})
	return panels.finish(panel, properties)
end

M.info = {
	id = nil,
	type = obslua.OBS_SOURCE_TYPE_FILTER,
	output_flags = bit.bor(obslua.OBS_SOURCE_VIDEO, obslua.OBS_SOURCE_SRGB),
	get_name = function() return panels.text("SceneFilterName") end,
	create = create,
	destroy = destroy,
	get_width = filter_base.get_width,
	get_height = filter_base.get_height,
	get_defaults = get_defaults,
	get_properties = get_properties,
	update = update,
	video_tick = video_tick,
	video_render = function(self) lock_order.draw_with("camera", render, self) end,
}

return M
