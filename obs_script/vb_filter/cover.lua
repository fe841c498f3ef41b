-- The cover: what is drawn while there is no alpha to trust.
local obs, graphics, result, passes, assets = ...
local C = obs.C

local M = {}

-- Names of texrenders: one per shrinking step, two for the directions of a blur.
local COVER = { "cover1", "cover2", "cover3", across = "cover_across", down = "cover_down" }
-- The cover's blur, as a share of the picture's height: no face or text survives it.
local COVER_SIGMA = 1 / 14

-- Fills the area of a source that is too large for a texture with the cover's colour.
function M.fill(self, width, height)
	if self.settings.cover == "hidden" or C.gs_get_color_space() ~= obs.SPACE_SRGB then return end
	local effect = graphics.effect(self.state, "plain", "")
	C.gs_effect_set_vec4(effect.parameters.color, self.settings.cover_color)
	result.bytes(effect, "Fill", nil, width, height)
end

-- Draws the texture `picture` of `asset`, cropped to its middle, over the cover's colour.
function M.draw_picture(self, asset, picture, width, height)
	local effect = graphics.effect(self.state, "plain", "")
	local p = effect.parameters
	local ratio = (width / height) / (asset.width / asset.height)
	graphics.set_vec2(p.crop, math.min(ratio, 1), math.min(1 / ratio, 1))
	C.gs_effect_set_vec4(p.color, self.settings.cover_color)
	result.opaque(self.state, effect, "Picture", picture, width, height)
end

-- Draws the cover. `panic`: the camera is not shown even where the user chose that.
function M.draw(self, time, now, width, height, panic)
	local state, s, full = self.state, self.settings, self.newest
	local kind = s.cover
	if panic and kind == "camera" then kind = "color" end
	if kind == "hidden" then return end
	local picture = kind == "image" and self.assets.cover.wish ~= ""
		and assets.draw(self.assets.cover, state, time, now, width, height)
	if kind == "blur" and self.cover_frame ~= self.frame then
		self.cover_frame = self.frame
		self.person.alpha, self.person.threshold, self.person.softness = full, 0, 1
		self.cover_made = passes.blur(state, COVER, full, width, height,
			height * COVER_SIGMA, passes.EVERYTHING, self.person) or false
	end
	local effect = graphics.effect(state, "plain", "")
	local p = effect.parameters
	if kind == "camera" then
		result.straight(state, effect, "Straight", full, width, height)
	elseif kind == "blur" and self.cover_made then
		result.opaque(state, effect, "Copy", self.cover_made, width, height)
	elseif picture then
		M.draw_picture(self, self.assets.cover, picture, width, height)
	elseif kind ~= "blur" then
		C.gs_effect_set_vec4(p.color, s.cover_color)
		result.opaque(state, effect, "Fill", full, width, height)
	end
end

return M
