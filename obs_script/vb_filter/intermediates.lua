-- Intermediate textures, made from the camera's picture and its alpha before compositing: the room's
-- blur, the upsampled alpha, the matte, the halo, pure colours, the person's brightness. Each is made
-- once a frame, however many draws of that frame need it.
local passes = ...

local M = {}

-- Names of texrenders: one per shrinking step, two for the directions of a blur.
local ROOM = { "room1", "room2", "room3", across = "room_across", down = "room_down" }
local AHEAD = { across = "ahead_across", "ahead_down1", "ahead_down2" }
local NEAR_PERSON = { "np1", "np2", "np3", across = "np_across", down = "np_down" }
local NEAR_ROOM = { "nr1", "nr2", "nr3", across = "nr_across", down = "nr_down" }
local PERSON_STATS = { "ps1", "ps2", "ps3", measure = "ps_measure", settled = "ps" }
local SPILL_STATS = { "bs1", "bs2", "bs3", measure = "bs_measure", settled = "bs" }

-- Sigma of the halo, for light wrap and shadow, as a share of the height.
local HALO_SIGMA = 0.02
-- How far edge colour clean-up looks for pure colours.
local CLEAN_SIGMA = 0.025
-- In this time a brightness moves a tenth of the way to the newly measured one.
local SETTLE, SETTLE_NS = 0.1, 1e9 / 30

-- Invalidates what was made in the last frame.
function M.begin_frame(self)
	self.blur_made, self.matte_made, self.halo_made, self.upsampled = nil, nil, nil, nil
	self.clean_made, self.person_stats_made = nil, nil
end

-- The room's blur, pipelined: software OpenGL stalls on each texture that is not finished, so each
-- frame draws what the one before made and, from finished textures, makes what the next two need. The
-- blur is three frames late then, which cannot be seen. Returns nil where there is none yet, and for a
-- second blur in the same frame.
local function blur_ahead(self, width, height, sigma)
	local ahead = self.ahead
	if ahead.frame == self.frame then return nil end
	local small = self.small.frame ~= self.frame and self.small or self.slot.small_before
	local w, h, sigma_there = passes.blur_size(width, height, sigma)
	if not small.texture or small.generation ~= self.generation
		or w > small.width or h > small.height then
		return nil
	end
	local goes_on = ahead.frame == self.frame - 1 and ahead.sigma == sigma
		and ahead.generation == self.generation
	local ready = goes_on and ahead.made or nil
	local across = goes_on and ahead.across or nil
	ahead.made = across and passes.blur_down(
		self.state, AHEAD[self.frame % 2 + 1], across, w, h, sigma_there)
	ahead.across = passes.blur_across(
		self.state, AHEAD.across, small.texture, w, h, sigma_there, passes.ROOM, self.person)
	ahead.frame, ahead.generation, ahead.sigma = self.frame, self.generation, sigma
	return ready
end

-- The room without the person, blurred: straight colour.
function M.room_blur(self, width, height, strength)
	if self.blur_made == nil or self.blur_strength ~= strength then
		self.blur_strength = strength
		local sigma = strength * height / 1080
		self.blur_made = self.stages_late and blur_ahead(self, width, height, sigma)
			or passes.blur(self.state, ROOM, self.full, width, height, sigma, passes.ROOM,
				self.person, self.small)
			or false
	end
	return self.blur_made
end

-- The alpha to draw with, upsampled along the picture's edges where that is wanted: with software
-- OpenGL, recognised by its slow read-backs, for the best quality only.
function M.alpha(self, width, height)
	local small, own = self.small, self.alpha
	local quality = self.settings.quality
	if quality == "fast" or (quality ~= "best" and self.stages_late)
		or own.width ~= small.width or own.height ~= small.height then
		return own.pointer
	end
	if self.upsampled == nil then
		self.upsampled = passes.upsample(self.state, self.full, own.pointer, small.texture,
			small.width, small.height, width, height) or false
	end
	return self.upsampled or own.pointer
end

-- The matte, at half size: the alpha after its edge is moved and feathered.
function M.matte(self, width, height)
	local s = self.settings
	if self.matte_made == nil then
		local w, h = math.ceil(width / 2), math.ceil(height / 2)
		self.matte_made = passes.matte(
			self.state, self.person, w, h, s.grow * h / 1080, s.feather * h / 1080) or false
	end
	return self.matte_made
end

-- The person's alpha, blurred. `made_matte` is nil where no matte is needed.
function M.halo(self, made_matte)
	if self.halo_made == nil then
		local w, h = self.small.width, self.small.height
		local small = passes.small_matte(self.state, made_matte, self.person, w, h)
		self.halo_made = small and passes.blur_matte(
			self.state, "halo_across", "halo_down", small, w, h, HALO_SIGMA * h) or false
	end
	return self.halo_made
end

-- Makes blurred pure colours, `near_person` and `near_room`; false where the driver refuses.
function M.clean_colors(self)
	if self.clean_made == nil then
		local small = self.small
		local sigma = CLEAN_SIGMA * small.height
		self.near_person = passes.blur(self.state, NEAR_PERSON, small.texture, small.width,
			small.height, sigma, passes.PERSON, self.person)
		self.near_room = passes.blur(self.state, NEAR_ROOM, small.texture, small.width,
			small.height, sigma, passes.ROOM, self.person)
		self.clean_made = (self.near_person and self.near_room) and true or false
	end
	return self.clean_made
end

-- How far to move to a new measurement in this frame, independent of OBS's frame rate.
local function settled(self)
	return 1 - (1 - SETTLE) ^ (self.passed_ns / SETTLE_NS)
end

-- A 1x1 texture with the levels that match the person's brightness to the background's. `spill` is the
-- background of `owner`, w x h; `small_person` makes the picture to measure, of the size of `small`.
function M.levels(self, owner, spill, w, h, small_person)
	if self.person_stats_made == nil then
		local picture = small_person(self)
		self.person_stats_made = picture and passes.stats(self.state, PERSON_STATS, picture,
			self.small.width, self.small.height, passes.PERSON, self.person,
			self.stats_known and settled(self) or 1) or false
	end
	local there = passes.stats(self.state, SPILL_STATS, spill, w, h, passes.EVERYTHING, self.person,
		self.stats_known and self.stats_owner == owner and settled(self) or 1)
	self.stats_known, self.stats_owner = true, owner
	return self.person_stats_made and there
		and passes.levels(self.state, self.person_stats_made, there)
end

return M
