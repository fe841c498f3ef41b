-- Outlines the zones, or the layers, for a moment after they were edited, for the user alone. Whatever
-- is streamed, recorded or saved is drawn into a texture; only an OBS window drawn directly (preview of
-- the filters' window, Studio Mode, projector of the source) has no render target, and only there are
-- outlines drawn. Where a filter above this one first renders into a texture, none are seen.
local ffi = require("ffi")
local obs, graphics, scenes, looks = ...
local C = obs.C

local M = {}

local SHOWN_NS = 4e9
-- As in painted zones: green keeps, red drops.
local GREEN, RED = ffi.new("vb_vec4", 0, 0.9, 0.2, 1), ffi.new("vb_vec4", 1, 0.2, 0.2, 1)
local COLORS = { keep = GREEN, keep_thing = GREEN, drop = RED, drop_thing = RED }
local OF_LAYERS = ffi.new("vb_vec4", 1, 0.8, 0.1, 1)

local function line(effect, left, top, width, height)
	C.gs_matrix_push()
	C.gs_matrix_translate3f(left, top, 0)
	graphics.draw(effect, "Fill", nil, math.max(width, 1), math.max(height, 1))
	C.gs_matrix_pop()
end

-- Draws the rectangle from (left, top) to (right, bottom), in pixels, that lies inside the picture.
local function frame(effect, color, left, top, right, bottom, thick)
	local function edge(x, y, wide, high)
		C.gs_effect_set_vec4(effect.parameters.color, color)
		line(effect, x, y, wide, high)
	end
	edge(left, top, right - left, thick)
	edge(left, bottom - thick, right - left, thick)
	edge(left, top, thick, bottom - top)
	edge(right - thick, top, thick, bottom - top)
end

local function each_zone(s, width, height, visit)
	for number = 1, 4 do
		local key = "zone" .. number
		if COLORS[s[key]] then
			visit(key, COLORS[s[key]], s[key .. "_left"] * width, s[key .. "_top"] * height,
				s[key .. "_right"] * width, s[key .. "_bottom"] * height)
		end
	end
end

local function each_layer(s, width, height, visit, drawn)
	for _, key in ipairs({ "behind", "front" }) do
		local asset = drawn[key]
		if asset.wish ~= "" and asset.width then
			local wide, high = looks.layer_shares(asset, s[key .. "_scale"], width, height)
			local x, y = s[key .. "_x"], s[key .. "_y"]
			visit(key, OF_LAYERS, (x - wide / 2) * width, (y - high / 2) * height,
				(x + wide / 2) * width, (y + high / 2) * height)
		end
	end
end

local EACH = { zones = each_zone, layers = each_layer }

-- Draws the outlines over the picture (width x height) of the camera of `self` on the source `parent`;
-- what is being edited has a thicker one.
function M.draw(self, parent, now, width, height)
	if C.gs_get_render_target() ~= nil then return end
	local effect
	for part, each in pairs(EACH) do
		local owner = scenes.owner(self, part, parent)
		local edited = owner.edited
		if edited and owner.edited_part == part and now - owner.edited_ns < SHOWN_NS then
			effect = effect or graphics.effect(self.state, "plain", "")
			each(owner.settings, width, height, function(key, color, left, top, right, bottom)
				local thick = math.ceil(height / 240) * (edited:find(key, 1, true) == 1 and 2 or 1)
				frame(effect, color, math.max(left, 0), math.max(top, 0),
					math.min(right, width), math.min(bottom, height), thick)
			end, owner.assets)
		end
	end
end

return M
