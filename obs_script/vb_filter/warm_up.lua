-- Draws a camera small and unseen as it may be drawn soon, so that shaders are compiled and images
-- fitted before they are needed: in every scene with its own settings, as soon as these are there, and,
-- while OBS neither records nor streams, with each change that the user can make next.
-- Scenes that show other sources are left out.
local obs, graphics, result, composite, scenes, looks, effect_variants, intermediates = ...
local C = obs.C

local M = {}

-- How often a scene whose image has not been loaded yet is tried again.
local AGAIN_NS = 0.5e9
-- The next change is drawn after NEXT_NS, or LATER_NS where one took more than QUICK_NS: otherwise the
-- governor (see vb_script/governor.py) would take the odd late frame for a busy computer.
local NEXT_NS, LATER_NS, QUICK_NS = 1e9, 5e9, 5e6
local SIDE = 16

-- Single changes to the camera's own settings: `key` gets `value`, and what would leave a trace (the
-- settling brightness match) is off.
local CHANGES = {}

local function add(key, value, off)
	local settings = { match = off }
	settings[key] = value
	CHANGES[#CHANGES + 1] = { key = key, value = value, settings = settings }
end

for _, background in ipairs({ "color", "blur", "transparent" }) do add("background", background, 0) end
for _, look in ipairs(looks.ROWS) do
	for name in pairs(look.wanted and not look.layer and look.values or {}) do
		add(name, 1)
		add(name, 0)
	end
end
for _, edge in ipairs({ "grow", "feather" }) do
	add(edge, 1)
	add(edge, -1)
end

local function sign(value) return value > 0 and 1 or value < 0 and -1 or 0 end

-- Whether `change` needs another shader: for a slider only its sign counts.
local function is_new(change, settings)
	local value, now = change.value, settings[change.key]
	if type(value) == "number" then return sign(value) ~= sign(now) end
	return value ~= now
end

local weak = { __mode = "k" }

function M.new()
	return {
		done = setmetatable({}, weak), tried_ns = setmetatable({}, weak),
		drawn = {}, next_ns = 0, on_air = true,
	}
end

-- Notes whether OBS is recording or streaming. Called in video_tick: OBS itself holds the mutex that
-- this locks (mixes_mutex, OBS 29 and later) while it draws.
function M.tick(self) self.warm_up.on_air = C.obs_video_active() end

-- An OBS source may contain this very camera, a cycle here where a visible draw would have none.
local function draws_sources(owner)
	local s = owner.settings
	return s.background == "source"
		or s.own_layers and (s.behind_source ~= "" or s.front_source ~= "")
end

local function due(state, owners, now)
	for owner in pairs(owners) do
		if state.done[owner] ~= owner.revision and now - (state.tried_ns[owner] or 0) > AGAIN_NS
			and scenes.has_any(owner) and not draws_sources(owner) then
			return owner
		end
	end
end

-- Calls `draw(...)`, which draws the camera as composite.draw does, into an unseen render target with
-- the format and coordinates of the current one. Returns what pcall returns.
local function unseen(self, width, height, draw, ...)
	local canvas = C.gs_get_render_target()
	local format = canvas ~= nil and C.gs_texture_get_color_format(canvas) or obs.RGBA
	local texrender = graphics.target(self.state, "warm_up" .. format, format)
	if not graphics.begin(texrender, SIDE, SIDE, width, height) then return true, false end
	local was_srgb = graphics.framebuffer_was_srgb
	C.gs_enable_framebuffer_srgb(was_srgb)
	result.is_warming_up = true
	local good, drawn = pcall(draw, ...)
	result.is_warming_up = false
	graphics.framebuffer_was_srgb = was_srgb
	graphics.finish(texrender)
	return good, drawn
end

-- The next of CHANGES for what is drawn now; nil where there is none or this is not the time: it must
-- not delay a recording or stream, and must leave some effects for what is really drawn.
local function next_change(self, now)
	local state, set = self.warm_up, self.drawn_set
	if not set or now < state.next_ns or state.on_air or not effect_variants.has_spare() then
		return nil
	end
	for at = (state.drawn[set] or 0) + 1, #CHANGES do
		state.drawn[set] = at
		if is_new(CHANGES[at], self.settings) then return CHANGES[at] end
	end
end

-- Draws the camera with `change` in its settings.
local function draw_changed(self, change, time, now, width, height)
	local settings, set = self.settings, self.drawn_set
	local stats_known, stats_owner = self.stats_known, self.stats_owner
	self.settings = setmetatable(change.settings, { __index = settings })
	local good, drawn = unseen(
		self, width, height, composite.draw, self, time, now, width, height)
	self.settings, self.drawn_set = settings, set
	-- Textures made with the change must not be used in this frame.
	self.stats_known, self.stats_owner = stats_known, stats_owner
	intermediates.begin_frame(self)
	return good, drawn
end

-- Called by the camera's filter after it has drawn itself, with the same graphics state. At most one
-- draw per call.
function M.next(self, owners, time, now, width, height)
	local state = self.warm_up
	local owner = due(state, owners, now)
	if owner then
		local good, drawn = unseen(self, width, height,
			scenes.within, owner, composite.draw, self, time, now, width, height)
		state.tried_ns[owner] = now
		-- What cannot be drawn at all is reported when that scene is shown.
		if drawn or not good then state.done[owner] = owner.revision end
		return
	end
	local change = next_change(self, now)
	if change then
		local began = C.os_gettime_ns()
		draw_changed(self, change, time, now, width, height)
		local took = tonumber(C.os_gettime_ns() - began)
		state.next_ns = now + (took > QUICK_NS and LATER_NS or NEXT_NS)
	end
end

return M
