-- The Lua half of Virtual Background: only what must run on OBS's graphics thread. The script loads
-- this file and hands it one table (see vb_script/lua_half.py): the contents of all other files here,
-- the shared memory, the settings and all user-visible texts.
local obslua = obslua

-- The JIT is off but for loops that call nothing: compiled code must not call C functions that may call
-- back into this Lua, as drawing a source with another filter of this script does, and a frame takes no
-- longer without it.
jit.off(true, true)

local obs, link, graphics, camera_filter, scene_filter
local users_of_half, segment = {}, nil

-- Loads the other files. On Windows Lua itself cannot open a path with characters outside the system's
-- code page.
local function load_files(files)
	local function module(name, ...)
		local chunk = assert(loadstring(files[name .. ".lua"], "@" .. name .. ".lua"))
		jit.off(chunk, true)
		return chunk(...)
	end
	obs = module("libobs")
	link = module("link", obs)
	graphics = module("graphics", obs, files)
	local result = module("result", obs, graphics)
	local capture = module("capture", obs, graphics)
	local delay_ring = module("delay_ring")
	local pace = module("pace")
	local passes = module("passes", obs, graphics)
	local scenes = module("scenes", obs)
	local assets = module("assets", obs, link, graphics, passes, scenes)
	local strokes = module("strokes", scenes)
	local lock_order = module("lock_order", obs)
	local setting_values = module("setting_values", obs)
	local setting_rows = module("setting_rows", link)
	local lines = module("lines")
	local unsaved_rows = module("unsaved_rows", obs, setting_values, setting_rows)
	local panels = module("properties", obs, setting_values, setting_rows, unsaved_rows, lines)
	local filter_base = module("filter_base", obs, setting_values, assets, graphics, panels)
	local intermediates = module("intermediates", passes)
	local frame = module(
		"frame", obs, link, graphics, capture, passes, delay_ring, pace, intermediates, strokes)
	local looks = module("looks", obs, graphics)
	local effect_variants = module("effect_variants", graphics, looks)
	local composite = module("composite", obs, graphics, result, passes, assets, scenes, looks,
		effect_variants, intermediates)
	local cover = module("cover", obs, graphics, result, passes, assets)
	local nobody = module("nobody", assets, cover)
	local warm_up = module("warm_up", obs, graphics, result, composite, scenes, looks, effect_variants,
		intermediates)
	local outlines = module("outlines", obs, graphics, scenes, looks)
	local requests = module("requests", obs, link, panels, setting_rows)
	scene_filter = module("scene_filter", obs, graphics, scenes, lock_order, filter_base, panels)
	camera_filter = module("camera_filter", obs, link, graphics, frame, assets, strokes, lock_order,
		filter_base, composite, cover, nobody, warm_up, scene_filter, scenes, panels, requests,
		outlines)
	users_of_half = {
		setting_rows, panels, requests, scenes, filter_base, frame, camera_filter, scene_filter,
	}
end

local function half_in(settings)
	return assert(loadstring("return " .. obslua.obs_data_get_string(settings, "half")))()
end

local function use(half)
	for _, part in ipairs(users_of_half) do part.use(half, segment) end
end

-- Registers nothing and leaves the reason where the script reads it: a text key and its detail.
local function refuse(settings, key, detail)
	obslua.obs_data_set_string(settings, "problem", key .. "\n" .. detail)
end

function script_load(settings)
	local half = half_in(settings)
	load_files(half.files)
	local missing, differs = obs.missing(), nil
	if #missing > 0 then return refuse(settings, "Error.OldObs", table.concat(missing, ", ")) end
	segment, differs = link.open(half)
	if not segment then return refuse(settings, "Error.Layout", differs) end
	obs.use_queue(half.queue)
	use(half)
	obslua.obs_register_source(camera_filter.info)
	obslua.obs_register_source(scene_filter.info)
end

-- The script hands a new table after a reload: other texts, another list of models.
function script_update(settings)
	if segment then use(half_in(settings)) end
end

-- OBS is closing; the remaining filters are destroyed after this.
function script_unload()
	if segment then obs.free_graphics(graphics.begin_end()) end
end
