-- Which scene is being drawn. A scene's own background, layers and zones are the settings of a
-- filter on the scene: OBS saves, renames, duplicates and removes them with it. OBS draws a scene's
-- items inside this filter's drawing, all on one thread, so a stack says in which scenes a camera
-- is being drawn: program and preview, both sides of a transition, nested scenes and groups.
local obs = ...
local C = obs.C

local M = {}

local stack, depth = {}, 0
local on_scene = {}

-- In the place of a scene's filter: what is drawn within is in none of the scenes around it.
M.NONE = {}

-- Draws the scene below `self`, a scene's filter, with it noted.
function M.draw(self)
	local parent = C.obs_filter_get_parent(self.filter)
	if parent == nil then return end
	self.scene = obs.key(parent)
	on_scene[self.scene] = self
	depth = depth + 1
	stack[depth] = self
	obs.skip(self.filter)
	stack[depth] = nil
	depth = depth - 1
end

function M.forget(self)
	if self.scene and on_scene[self.scene] == self then on_scene[self.scene] = nil end
end

local function has_own(self, part)
	if not C.obs_source_enabled(self.filter) then return false end
	if part == "background" then return self.settings.background ~= "default" end
	return self.settings[part == "layers" and "own_layers" or "own_zones"]
end

function M.has_any(self)
	return has_own(self, "background") or has_own(self, "layers") or has_own(self, "zones")
end

-- Calls draw(...), which returns one value, as if within the scene of `self`, or in no scene.
function M.within(self, draw, ...)
	depth = depth + 1
	stack[depth] = self
	local good, result = pcall(draw, ...)
	stack[depth] = nil
	depth = depth - 1
	if not good then obs.raise(result) end
	return result
end

-- Returns the innermost scene's filter that has its own `part` ("background", "layers", "zones")
-- for what is being drawn, or `camera`: its own filter, on the source `parent`.
function M.owner(camera, part, parent)
	local on_it = on_scene[obs.key(parent)]
	if on_it and has_own(on_it, part) then return on_it end
	for index = depth, 1, -1 do
		if stack[index] == M.NONE then break end
		if has_own(stack[index], part) then return stack[index] end
	end
	return camera
end

return M
