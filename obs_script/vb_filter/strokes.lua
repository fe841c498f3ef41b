-- Hands the worker the strokes on what to keep or drop: those of the scene in which the camera is first
-- drawn in a frame. OBS draws the program before previews and other windows, and a camera has one mask
-- per frame, so where the program shows the camera its strokes apply everywhere. What another thread
-- draws in between (a screenshot) may come first in one frame, but not in several.
local scenes = ...

local M = {}

local KINDS = { keep_thing = "keep", drop_thing = "drop" }
local EDGES = { "left", "top", "right", "bottom" }

local FRAMES = 3

local owners = 0

-- Describes the strokes of `owner`; "" where there are none.
local function words(owner)
	local s, said = owner.settings, {}
	for number = 1, 4 do
		local key = "zone" .. number
		if KINDS[s[key]] then
			said[#said + 1] = number .. s[key]
			for _, edge in ipairs(EDGES) do said[#said + 1] = tostring(s[key .. "_" .. edge]) end
		end
	end
	return #said > 0 and owner.strokes_number .. "\n" .. table.concat(said, "\n") or ""
end

-- Makes the next frame hand the strokes over again.
function M.forget(self)
	self.strokes_owner, self.strokes_said = nil, nil
end

-- Hands over the strokes that apply to the camera of `self` on the source `parent`, if they have
-- changed; returns whether they have. `kinds` maps "none", "keep" and "drop" to the link's numbers.
function M.hand_over(self, parent, kinds)
	local owner = scenes.owner(self, "zones", parent)
	if owner ~= self.strokes_next then
		self.strokes_next, self.strokes_frames = owner, 0
	end
	self.strokes_frames = self.strokes_frames + 1
	if owner == self.strokes_owner and owner.revision == self.strokes_revision then return false end
	if owner ~= self.strokes_owner and self.strokes_owner and self.strokes_frames < FRAMES then
		return false
	end
	self.strokes_owner, self.strokes_revision = owner, owner.revision
	if not owner.strokes_number then
		owners = owners + 1
		owner.strokes_number = owners
	end
	local said = words(owner)
	if said == self.strokes_said then return false end
	self.strokes_said = said
	local told, s = self.lane.told, owner.settings
	told.stroke_owner = owner.strokes_number
	for number = 1, 4 do
		local key = "zone" .. number
		told.stroke_kinds[number - 1] = kinds[KINDS[s[key]] or "none"]
		for index, edge in ipairs(EDGES) do
			told.stroke_edges[4 * (number - 1) + index - 1] = s[key .. "_" .. edge]
		end
	end
	return true
end

return M
