-- Outlines of the zones for a moment after they were edited, for their user alone. Whatever is sent,
-- recorded or kept is drawn into a texture; only where a window of OBS is drawn straight (the preview
-- of the filters' window, Studio Mode's, a projector of the source) is there none, and only there are
-- outlines drawn. Where a filter above this one takes the picture into a texture first, none are seen.
local ffi = require("ffi")
local obs, graphics, scenes = ...
local C = obs.C

local M = {}

local SHOWN_NS = 4e9
-- As in a painted picture of zones: green stays, red goes.
local GREEN, RED = ffi.new("vb_vec4", 0, 0.9, 0.2, 1), ffi.new("vb_vec4", 1, 0.2, 0.2, 1)
local COLORS = { keep = GREEN, keep_thing = GREEN, drop = RED, drop_thing = RED }

local function line(effect, left, top, width, height)
	C.gs_matrix_push()
	C.gs_matrix_translate3f(left, top, 0)
	graphics.draw(effect, "Fill", nil, math.max(width, 1), math.max(height, 1))
	C.gs_matrix_pop()
end

-- Draws them over the picture (width x height) of the camera of `self` on the source `parent`.
function M.draw(self, parent, now, width, height)
	local owner = scenes.owner(self, "zones", parent)
	if now - (owner.zones_edited_ns or -SHOWN_NS) >= SHOWN_NS or C.gs_get_render_target() ~= nil then
		return
	end
	local s, thick = owner.settings, math.ceil(height / 240)
	local effect = graphics.effect(self.state, "plain", "")
	for number = 1, 4 do
		local key = "zone" .. number
		local color = COLORS[s[key]]
		if color then
			local left, right = s[key .. "_left"] * width, s[key .. "_right"] * width
			local top, bottom = s[key .. "_top"] * height, s[key .. "_bottom"] * height
			local function edge(x, y, wide, high)
				C.gs_effect_set_vec4(effect.parameters.color, color)
				line(effect, x, y, wide, high)
			end
			edge(left, top, right - left, thick)
			edge(left, bottom - thick, right - left, thick)
			edge(left, top, thick, bottom - top)
			edge(right - thick, top, thick, bottom - top)
		end
	end
end

return M
