-- Draws a camera once in every scene with settings of its own, small and unseen, as soon as these
-- are there: shaders are compiled and pictures fitted before a switch to that scene wants them.
-- Scenes that show other sources are left out.
local obs, graphics, composite, scenes = ...
local C = obs.C

local M = {}

-- A scene whose picture has not come yet is tried again this often.
local AGAIN_NS = 0.5e9
local SIDE = 16

local weak = { __mode = "k" }

function M.new()
	return { done = setmetatable({}, weak), tried_ns = setmetatable({}, weak) }
end

-- A source of OBS's may hold this very camera, where a draw in earnest would not be a circle.
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

-- Called by the camera's filter after it has drawn itself, with the graphics state it drew with.
-- At most one scene a call.
function M.next(self, owners, time, now, width, height)
	local state = self.rehearsal
	local owner = due(state, owners, now)
	if not owner then return end
	local texrender = graphics.target(self.state, "rehearsal", obs.RGBA)
	if not graphics.begin(texrender, SIDE, SIDE, width, height) then return end
	local was_srgb = graphics.framebuffer_was_srgb
	C.gs_enable_framebuffer_srgb(was_srgb)
	local good, drawn = pcall(
		scenes.within, owner, composite.draw, self, time, now, width, height)
	graphics.framebuffer_was_srgb = was_srgb
	graphics.finish(texrender)
	state.tried_ns[owner] = now
	-- What cannot be drawn at all is told when that scene is.
	if drawn or not good then state.done[owner] = owner.revision end
end

return M
