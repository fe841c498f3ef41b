-- Effects, texrenders (OBS's render targets) and drawing into them. Everything is created lazily inside
-- video_render, and `objects` returns it for freeing. Each filter has its own state.
local ffi = require("ffi")
local obs, files = ...
local C = obs.C

local M = {}

M.CLEAR = ffi.new("vb_vec4", 0, 0, 0, 0)
local vec2 = ffi.new("vb_vec2")
local vec4 = ffi.new("vb_vec4")

-- All filters share the effects, which stay when the last filter goes with its scene collection:
-- drivers keep much of each effect ever compiled, even after it is destroyed.
local effects, users, ending = {}, 0, false

function M.new()
	users = users + 1
	return { targets = {}, textures = {} }
end

-- Returns the effect `name` with the words of `defines` (a string of "#define" lines, or "")
-- defined, compiled when first asked for. Raises an error when the driver refuses it.
function M.effect(state, name, defines, key)
	key = key or name
	local made = effects[key]
	if made then return made end
	local problem = ffi.new("char *[1]")
	local effect = C.gs_effect_create(defines .. files[name .. ".effect"], key .. ".effect", problem)
	if effect == nil then
		local why = problem[0] ~= nil and ffi.string(problem[0]) or "no reason given"
		C.bfree(problem[0])
		obs.raise("The effect " .. name .. " does not compile on this graphics driver: " .. why)
	end
	made = {
		effect = effect,
		parameters = setmetatable({}, {
			__index = function(self, parameter)
				local found = C.gs_effect_get_param_by_name(effect, parameter)
				rawset(self, parameter, found)
				return found
			end,
		}),
	}
	effects[key] = made
	return made
end

-- A point sampler, and the parameter of OBS's default effect that it is for.
local point_sampler, sources_image

-- Makes OBS's default effect point-sample the next source, or no longer.
local function take_pixels(wanted)
	if not point_sampler then
		local clamp = obs.ADDRESS_CLAMP
		point_sampler = C.gs_samplerstate_create(
			ffi.new("vb_sampler_info", { obs.FILTER_POINT, clamp, clamp, clamp, 1, 0 }))
		sources_image = C.gs_effect_get_param_by_name(
			C.obs_get_base_effect(obs.EFFECT_DEFAULT), "image")
	end
	C.gs_effect_set_next_sampler(sources_image, wanted and point_sampler or nil)
end

local function unused_effects()
	local objects = {}
	if users > 0 or not ending then return objects end
	for _, effect in pairs(effects) do
		objects[#objects + 1] = { C.gs_effect_destroy, effect.effect }
	end
	if point_sampler then
		objects[#objects + 1] = { C.gs_samplerstate_destroy, point_sampler }
	end
	effects, point_sampler = {}, nil
	return objects
end

-- OBS is closing: returns what can be freed already, {destroy function, pointer} pairs.
function M.begin_end()
	ending = true
	return unused_effects()
end

-- Returns what must be freed with the filter, which may use nothing after this: pairs as above.
function M.objects(state)
	users = users - 1
	local objects = unused_effects()
	for _, target in pairs(state.targets) do
		objects[#objects + 1] = { C.gs_texrender_destroy, target }
	end
	for _, texture in pairs(state.textures) do
		objects[#objects + 1] = { C.gs_texture_destroy, texture.pointer }
	end
	if state.stage ~= nil then objects[#objects + 1] = { C.gs_stagesurface_destroy, state.stage } end
	return objects
end

-- Frees the texrenders and textures whose names begin with `prefix`, on the graphics thread.
function M.drop(state, prefix)
	for name, target in pairs(state.targets) do
		if name:sub(1, #prefix) == prefix then
			C.gs_texrender_destroy(target)
			state.targets[name] = nil
		end
	end
	for name, texture in pairs(state.textures) do
		if name:sub(1, #prefix) == prefix then
			C.gs_texture_destroy(texture.pointer)
			state.textures[name] = nil
		end
	end
end

-- The texrender called `name`, made when first asked for.
function M.target(state, name, format)
	local made = state.targets[name]
	if not made then
		made = C.gs_texrender_create(format, 0)
		state.targets[name] = made
	end
	return made
end

-- Between `begin` and `finish` draws go into `texrender`. No frame makes closures or tables, which
-- would be garbage to collect. Whoever draws sources in between must save and restore
-- `framebuffer_was_srgb`: they may contain another filter of this script.
M.framebuffer_was_srgb = false

-- `units_x` x `units_y` is the size in the drawing's coordinates: the texture's own where nil.
function M.begin(texrender, width, height, units_x, units_y)
	C.gs_texrender_reset(texrender)
	if not C.gs_texrender_begin(texrender, width, height) then return false end
	M.framebuffer_was_srgb = C.gs_framebuffer_srgb_enabled()
	C.gs_enable_framebuffer_srgb(false)
	C.gs_ortho(0, units_x or width, 0, units_y or height, -100, 100)
	return true
end

function M.finish(texrender)
	C.gs_enable_framebuffer_srgb(M.framebuffer_was_srgb)
	C.gs_texrender_end(texrender)
	return C.gs_texrender_get_texture(texrender)
end

-- Draws a source into a width x height texture: premultiplied, 8-bit sRGB. `units` is its size in its
-- own coordinates; `render` is one of the two draw functions in libobs.lua.
-- `alone`: the source draws one 8-bit sRGB sprite, copied unchanged. There is nothing to blend with,
-- and decoding each pixel only to encode it again is half of a frame's cost in software.
function M.draw_source(state, name, render, source, width, height, units_x, units_y, alone)
	local texrender = M.target(state, name, obs.RGBA)
	if not M.begin(texrender, width, height, units_x, units_y) then return nil end
	C.gs_clear(obs.CLEAR_COLOR, M.CLEAR, 0, 0)
	C.gs_blend_state_push()
	local under = alone and obs.BLEND_ZERO or obs.BLEND_INVSRCALPHA
	C.gs_blend_function_separate(obs.BLEND_SRCALPHA, under, obs.BLEND_ONE, under)
	local was_srgb = M.framebuffer_was_srgb
	local was_linear = alone and C.gs_set_linear_srgb(false)
	local in_place = alone and not units_x
	if in_place then take_pixels(true) end
	render(source)
	if in_place then take_pixels(false) end  -- a source without a picture has drawn nothing
	if alone then C.gs_set_linear_srgb(was_linear) end
	M.framebuffer_was_srgb = was_srgb
	C.gs_blend_state_pop()
	return M.finish(texrender)
end

-- Draws the part left, top, width, height (in pixels) of a sprite where it belongs.
local function draw_part(image, left, top, width, height)
	if width < 1 or height < 1 then return end
	C.gs_matrix_push()
	C.gs_matrix_translate3f(left, top, 0)
	C.gs_draw_sprite_subregion(image, 0, left, top, width, height)
	C.gs_matrix_pop()
end

-- Draws a sprite: all of it, or only `inner` {left, top, width, height}; the rest then with the effect
-- `around`, if there is one.
local function draw_sprites(effect, technique, image, width, height, inner, around)
	while C.gs_effect_loop(effect.effect, technique) do
		if inner then
			draw_part(image, inner.left, inner.top, inner.width, inner.height)
		else
			C.gs_draw_sprite(image, 0, width, height)
		end
	end
	if not around then return end
	local left, top = inner.left, inner.top
	local right, bottom = left + inner.width, top + inner.height
	while C.gs_effect_loop(around.effect, technique) do
		draw_part(image, 0, 0, width, top)
		draw_part(image, 0, top, left, inner.height)
		draw_part(image, right, top, width - right, inner.height)
		draw_part(image, 0, bottom, width, height - bottom)
	end
end

-- Sets an effect's `image`, which not every variant samples.
local function set_image(effect, image, set)
	local parameter = effect.parameters.image
	if parameter ~= nil then set(parameter, image) end
end

-- Draws a sprite without sRGB conversion: colours as they are stored.
function M.draw(effect, technique, image, width, height, inner, around)
	set_image(effect, image, C.gs_effect_set_texture)
	if around then set_image(around, image, C.gs_effect_set_texture) end
	draw_sprites(effect, technique, image, width, height, inner, around)
end

-- Draws with sRGB colours decoded, so that the caller's render target blends in linear light.
function M.draw_linear(effect, technique, image, width, height, inner, around)
	local previous = C.gs_framebuffer_srgb_enabled()
	C.gs_enable_framebuffer_srgb(true)
	set_image(effect, image, C.gs_effect_set_texture_srgb)
	if around then set_image(around, image, C.gs_effect_set_texture_srgb) end
	draw_sprites(effect, technique, image, width, height, inner, around)
	C.gs_enable_framebuffer_srgb(previous)
end

-- Draws `image`, its texels decoded, with a technique of plain.effect into the texture `name`.
function M.draw_over(state, name, format, technique, image, width, height)
	local texrender = M.target(state, name, format)
	if not M.begin(texrender, width, height) then return nil end
	C.gs_enable_blending(false)
	local plain = M.effect(state, "plain", "")
	C.gs_effect_set_texture_srgb(plain.parameters.image, image)
	draw_sprites(plain, technique, image, width, height)
	C.gs_enable_blending(true)
	return M.finish(texrender)
end

-- Uploads width x height bytes to the one-channel texture `name`; returns {pointer, width, height}.
function M.upload(state, name, bytes, width, height)
	local made = state.textures[name]
	if made and (made.width ~= width or made.height ~= height) then
		C.gs_texture_destroy(made.pointer)
		made = nil
	end
	if not made then
		made = {
			pointer = C.gs_texture_create(width, height, obs.R8, 1, nil, obs.DYNAMIC),
			width = width, height = height,
		}
		state.textures[name] = made
	end
	C.gs_texture_set_image(made.pointer, bytes, width, false)
	return made
end

local BLACK = ffi.new("uint8_t [1]")

-- A black 1x1 texture.
function M.black(state)
	return (state.textures.black or M.upload(state, "black", BLACK, 1, 1)).pointer
end

function M.set_vec2(parameter, x, y)
	vec2.x, vec2.y = x, y
	C.gs_effect_set_vec2(parameter, vec2)
end

function M.set_vec4(parameter, x, y, z, w)
	vec4.x, vec4.y, vec4.z, vec4.w = x, y, z, w
	C.gs_effect_set_vec4(parameter, vec4)
end

return M
