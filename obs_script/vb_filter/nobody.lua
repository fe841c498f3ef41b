-- What is drawn once nobody has been in the picture for some seconds.
local assets, cover = ...

local M = {}

-- Less of the picture than GONE is nobody; after that somebody is back who covers more than BACK for
-- BACK_NS: a hand that reaches in or a wrong mask does not count. Where the scene is switched it takes
-- SCENE_BACK_NS, as a scene that comes and goes is worse than one that comes late.
local GONE, BACK, BACK_NS, SCENE_BACK_NS = 0.004, 0.015, 0.4e9, 1e9

-- Called once a frame. `sure`: the last alpha is trusted, so the worker's count of people is, too. The
-- worker's memory is not: a share that is no number counts as somebody.
function M.follow(self, now, sure)
	local state, s = self.nobody, self.settings
	if s.nobody == "nothing" then
		state.away, state.gone_ns, state.back_ns = false, nil, nil
	elseif not sure then
		state.gone_ns, state.back_ns = nil, nil
	elseif self.channel.person_share < (state.away and BACK or GONE) then
		state.back_ns = nil
		state.gone_ns = state.gone_ns or now
		if now - state.gone_ns >= s.nobody_seconds * 1e9 then state.away = true end
	else
		state.gone_ns = nil
		state.back_ns = state.back_ns or now
		local enough = s.nobody == "scene" and SCENE_BACK_NS or BACK_NS
		if now - state.back_ns >= enough then state.away = false end
	end
	self.channel.away = state.away and 1 or 0
end

-- Draws what the user chose for this. Returns false, with nothing drawn, where somebody is there, and
-- where the picture chosen is not there: the background with nobody before it shows no room. For
-- *another scene* there is none: the script switches.
function M.draw(self, time, now, width, height)
	local s = self.settings
	if not self.nobody.away then return false end
	if s.nobody == "cover" then
		cover.draw(self, time, now, width, height, false)
		return true
	end
	local asset = self.assets.nobody
	local picture = asset.wish ~= "" and assets.draw(asset, self.state, time, now, width, height)
	if not picture then return false end
	cover.draw_picture(self, asset, picture, width, height)
	return true
end

return M
