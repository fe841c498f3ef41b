-- Which scene is being drawn. A scene's own background, layers and zones are the settings of a
-- filter on the scene: OBS saves, renames, duplicates and removes them with it. OBS draws a scene's
-- items inside this filter's drawing, all on one thread, so a stack says in which scenes a camera
-- is being drawn: program and preview, both sides of a transition, nested scenes and groups. A
-- transition that moves items from scene to scene draws the items alone: they then count as in a scene
-- that is on program but not drawn.
local obs = ...
local C = obs.C

local M = {}

local stack, depth = {}, 0
local on_scene = {}
-- The filters whose scenes were ever drawn, as a set.
local drawn = {}
local frame, frame_time = 0, 0
local segment

-- Takes the script's table and the segment.
function M.use(_, new_segment) segment = new_segment end

local function count_frame()
	local time = tonumber(C.obs_get_video_frame_time())
	if time ~= frame_time then frame, frame_time = frame + 1, time end
end

-- On the stack instead of a scene's filter: what is drawn inside is in none of the outer scenes.
M.NONE = {}

-- Draws the scene below `self`, a scene's filter, with the filter on the stack.
function M.draw(self)
	local parent = C.obs_filter_get_parent(self.filter)
	if parent == nil then return end
	count_frame()
	self.drawn_frame = frame
	local scene = obs.key(parent)
	if self.scene ~= scene or not self.weak_scene then
		M.forget(self)
		self.scene, self.weak_scene = scene, C.obs_source_get_weak_source(parent)
		drawn[self] = true
	end
	on_scene[scene] = self
	depth = depth + 1
	stack[depth] = self
	obs.skip(self.filter)
	stack[depth] = nil
	depth = depth - 1
end

function M.forget(self)
	if self.scene and on_scene[self.scene] == self then on_scene[self.scene] = nil end
	drawn[self] = nil
	if self.weak_scene then C.obs_weak_source_release(self.weak_scene) end
	self.scene, self.weak_scene = nil, nil
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

local function on_program(self)
	local scene = self.weak_scene and C.obs_weak_source_get_source(self.weak_scene)
	if not scene or scene == nil then return false end
	local active = C.obs_source_active(scene)
	obs.release(scene)
	return active
end

-- The filter of a scene that is on program but not drawn: `before`, or one that was not drawn in the
-- last frame either, as a nested scene may be drawn later in this one.
local function scene_not_drawn(before)
	if before and before.drawn_frame < frame and on_program(before) then return before end
	for self in pairs(drawn) do
		if self.drawn_frame < frame - 1 and M.has_any(self) and on_program(self) then return self end
	end
end

-- Notes where `camera` is first drawn in a frame: OBS draws the program before everything else.
function M.begin(camera)
	count_frame()
	local before = camera.first_scene
	local alone = depth == 0 and segment.items_alone ~= 0
	camera.first_scene = depth > 0 and stack[depth] ~= M.NONE and stack[depth]
		or alone and scene_not_drawn(before) or nil
	camera.alone_in = alone and camera.first_scene or nil
end

-- Returns the innermost scene's filter that has its own `part`, or nil, for what is being drawn on the
-- source `parent`. A background whose file cannot be used yet does not count (see filter_base.lua);
-- second result: the filter that has it.
local function innermost(camera, part, parent)
	local waiting
	local on_it = on_scene[obs.key(parent)]
	local alone_in = depth == 0 and camera.alone_in
	for index = depth + 2, 1, -1 do
		local self
		if index == depth + 2 then self = on_it
		elseif index == depth + 1 then self = alone_in
		else self = stack[index] end
		if self == M.NONE then break end
		if self and has_own(self, part) then
			if part ~= "background" or not self.waits then return self, waiting end
			waiting = waiting or self
		end
	end
	return nil, waiting
end

-- Returns the innermost scene's filter that has its own `part` ("background", "layers", "zones")
-- for what is being drawn, or `camera`: its own filter, on the source `parent`.
function M.owner(camera, part, parent)
	local own, waiting = innermost(camera, part, parent)
	local owner = own or camera
	-- "My own room" is never the background to fall back to.
	if waiting and owner.settings.background == "room" then return waiting end
	return owner
end

return M
