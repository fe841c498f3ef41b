-- The last step of a draw: the result goes into the caller's render target as OBS's own filters draw
-- theirs. They keep colour premultiplied in linear light, stored as sRGB; where an item is scaled or
-- rotated OBS samples it bilinearly in linear light, and it blends in linear light.
-- A texture of the source's own size comes in between, as in obs_source_process_filter_end. It is left
-- out where the picture's pixels map one to one to the canvas's: the bytes are the same then, and
-- without a GPU a second draw costs as much as the first.
local ffi = require("ffi")
local obs, graphics = ...
local C = obs.C

local M = {}

-- What counts as a whole pixel: this far off, neighbours mix by less than one level.
local PIXEL = 1 / 512

local matrix, viewport = ffi.new("vb_matrix4"), ffi.new("vb_rect")

-- Set while warm_up.lua draws unseen: such draws take the same path as the last visible one.
M.is_warming_up = false
local was_pixel_by_pixel = false

local function is_whole(x) return math.abs(x - math.floor(x + 0.5)) < PIXEL end

-- Whether the caller draws pixel by pixel into OBS's canvas. The coordinates of other render targets
-- are unknown.
local function is_on_canvas(width, height)
	if C.gs_get_color_space() ~= obs.SPACE_SRGB then return false end
	local target = C.gs_get_render_target()
	if target == nil or target ~= C.obs_get_main_texture() then return false end
	C.gs_get_viewport(viewport)
	if viewport.x ~= 0 or viewport.y ~= 0 or viewport.width ~= C.gs_texture_get_width(target)
		or viewport.height ~= C.gs_texture_get_height(target) then
		return false
	end
	C.gs_matrix_get(matrix)
	return math.abs(matrix.x.x - 1) * width < PIXEL and math.abs(matrix.y.y - 1) * height < PIXEL
		and math.abs(matrix.x.y) * width < PIXEL and math.abs(matrix.y.x) * height < PIXEL
		and is_whole(matrix.t.x) and is_whole(matrix.t.y)
end

local function pixel_by_pixel(width, height)
	if not M.is_warming_up then was_pixel_by_pixel = is_on_canvas(width, height) end
	return was_pixel_by_pixel
end

-- Draws with the blend mode of OBS's filters. `colour` is the source colour's blend factor: ONE for
-- premultiplied colour, SRCALPHA for straight.
local function blended(colour, effect, technique, image, width, height, inner)
	C.gs_blend_state_push()
	C.gs_enable_blending(true)
	C.gs_blend_function_separate(colour, obs.BLEND_INVSRCALPHA, obs.BLEND_ONE, obs.BLEND_INVSRCALPHA)
	graphics.draw_linear(effect, technique, image, width, height, inner)
	C.gs_blend_state_pop()
end

-- Draws a premultiplied texture of the source's size, with bilinear filtering where it is scaled.
local function present(state, texture, width, height)
	if not texture then return end
	blended(obs.BLEND_ONE, graphics.effect(state, "plain", ""), "Copy", texture, width, height)
end

-- Draws into the texture `name` without blending; returns it, or nil when the driver refuses.
local function made(state, name, format, draw, effect, technique, image, width, height, inner, around)
	local texrender = graphics.target(state, name, format)
	if not graphics.begin(texrender, width, height) then return nil end
	C.gs_blend_state_push()
	C.gs_enable_blending(false)
	draw(effect, technique, image, width, height, inner, around)
	C.gs_blend_state_pop()
	return graphics.finish(texrender)
end

-- Draws an opaque result directly into the caller's 8-bit render target, without sRGB conversion.
function M.bytes(effect, technique, image, width, height, inner, around)
	local previous = C.gs_framebuffer_srgb_enabled()
	C.gs_enable_framebuffer_srgb(false)
	graphics.draw(effect, technique, image, width, height, inner, around)
	C.gs_enable_framebuffer_srgb(previous)
end

-- Shows a result that is opaque everywhere, in sRGB. `inner` and `around`: see draw_sprites.
function M.opaque(state, effect, technique, image, width, height, inner, around)
	if pixel_by_pixel(width, height) then
		return M.bytes(effect, technique, image, width, height, inner, around)
	end
	present(state, made(state, "flat", obs.RGBA, graphics.draw, effect, technique, image,
		width, height, inner, around), width, height)
end

-- Shows a result with straight alpha, in sRGB. Eight bits would be too few for a colour that will be
-- multiplied by a small alpha; a colour beyond white (see PSEncode) needs floats, and half floats are
-- rounded too coarsely for it to come out as it came in.
function M.straight(state, effect, technique, image, width, height)
	local wide = made(state, "straight", obs.RGBA32F, graphics.draw, effect, technique, image,
		width, height)
	if not wide then return end
	local plain = graphics.effect(state, "plain", "")
	if pixel_by_pixel(width, height) then
		blended(obs.BLEND_ONE, plain, "Decode", wide, width, height)
		return
	end
	present(state, made(state, "flat", obs.RGBA, graphics.draw_linear, plain, "Decode", wide,
		width, height), width, height)
end

-- Shows a result with straight alpha from an effect that mixes no colours: it samples the image decoded
-- to linear light. Nothing is drawn outside `inner`.
function M.decoded(state, effect, technique, image, width, height, inner)
	if pixel_by_pixel(width, height) then
		blended(obs.BLEND_SRCALPHA, effect, technique, image, width, height, inner)
		return
	end
	local texrender = graphics.target(state, "flat", obs.RGBA)
	if not graphics.begin(texrender, width, height) then return end
	C.gs_clear(obs.CLEAR_COLOR, graphics.CLEAR, 0, 0)
	blended(obs.BLEND_SRCALPHA, effect, technique, image, width, height, inner)
	present(state, graphics.finish(texrender), width, height)
end

return M
