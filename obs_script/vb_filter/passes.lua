-- Drawing passes on the graphics thread. Everything here is made lazily inside video_render and
-- handed back by `objects` for freeing.
local ffi = require("ffi")
local obs, folder = ...
local C = obs.C

local M = {}

local vec2, vec4 = ffi.new("vb_vec2"), ffi.new("vb_vec4")
local clear = ffi.new("vb_vec4", 0, 0, 0, 0)

local function read_file(name)
	local file = assert(io.open(folder .. name, "rb"))
	local text = file:read("*a")
	file:close()
	return text
end

local texts = {}
for _, name in ipairs({ "shrink", "blur", "composite" }) do
	texts[name] = read_file(name .. ".effect")
end

local function compile(name)
	local problem = ffi.new("char *[1]")
	local effect = C.gs_effect_create(texts[name], name .. ".effect", problem)
	if effect == nil then
		local why = problem[0] ~= nil and ffi.string(problem[0]) or "no reason given"
		C.bfree(problem[0])
		return nil, "The effect " .. name .. " does not compile on this graphics driver: " .. why
	end
	local parameters = setmetatable({}, {
		__index = function(self, key)
			local found = C.gs_effect_get_param_by_name(effect, key)
			rawset(self, key, found)
			return found
		end,
	})
	return { effect = effect, parameters = parameters }
end

-- Compiles the three effects. Returns nil and a sentence when the driver refuses one.
function M.new()
	local passes = { effects = {}, targets = {} }
	for name in pairs(texts) do
		local effect, problem = compile(name)
		if not effect then
			obs.free_graphics(M.objects(passes))
			return nil, problem
		end
		passes.effects[name] = effect
	end
	return passes
end

-- What must be freed: {destroy function, pointer} pairs.
function M.objects(passes)
	local objects = {}
	for _, effect in pairs(passes.effects) do
		objects[#objects + 1] = { C.gs_effect_destroy, effect.effect }
	end
	for _, target in pairs(passes.targets) do
		objects[#objects + 1] = { C.gs_texrender_destroy, target }
	end
	if passes.stage then objects[#objects + 1] = { C.gs_stagesurface_destroy, passes.stage } end
	for _, name in ipairs({ "alpha", "picture" }) do
		if passes[name] then objects[#objects + 1] = { C.gs_texture_destroy, passes[name] } end
	end
	return objects
end

local function target(passes, name, format)
	local made = passes.targets[name]
	if not made then
		made = C.gs_texrender_create(format, 0)
		passes.targets[name] = made
	end
	C.gs_texrender_reset(made)
	return made
end

-- Sets the parameters of one effect; `values` holds textures by name, numbers and vectors.
local function draw(effect, technique, image, textures, numbers, width, height)
	local p = effect.parameters
	C.gs_effect_set_texture_srgb(p.image, image)
	for name, texture in pairs(textures) do C.gs_effect_set_texture(p[name], texture) end
	for name, value in pairs(numbers) do
		if type(value) == "number" then
			C.gs_effect_set_float(p[name], value)
		elseif #value == 2 then
			vec2.x, vec2.y = value[1], value[2]
			C.gs_effect_set_vec2(p[name], vec2)
		else
			vec4.x, vec4.y, vec4.z, vec4.w = value[1], value[2], value[3], value[4]
			C.gs_effect_set_vec4(p[name], vec4)
		end
	end
	while C.gs_effect_loop(effect.effect, technique) do
		C.gs_draw_sprite(image, 0, width, height)
	end
end

-- Runs `paint` with a texrender as its target and returns the texture, or nil.
local function paint_into(passes, name, format, width, height, srgb, paint)
	local made = target(passes, name, format)
	if not C.gs_texrender_begin(made, width, height) then return nil end
	local previous = C.gs_framebuffer_srgb_enabled()
	C.gs_enable_framebuffer_srgb(srgb)
	C.gs_clear(obs.CLEAR_COLOR, clear, 0, 0)
	C.gs_ortho(0, width, 0, height, -100, 100)
	C.gs_blend_state_push()
	paint()
	C.gs_blend_state_pop()
	C.gs_enable_framebuffer_srgb(previous)
	C.gs_texrender_end(made)
	return C.gs_texrender_get_texture(made)
end

-- Renders the chain below the filter, once, into a full-size texture (premultiplied, sRGB).
function M.capture(passes, filter, width, height)
	local source, parent = C.obs_filter_get_target(filter), C.obs_filter_get_parent(filter)
	local flags = C.obs_source_get_output_flags(parent)
	local plain = source == parent
		and bit.band(flags, bit.bor(obs.FLAG_CUSTOM_DRAW, obs.FLAG_ASYNC)) == 0
	return paint_into(passes, "full", obs.RGBA, width, height, false, function()
		C.gs_blend_function_separate(
			obs.BLEND_SRCALPHA, obs.BLEND_INVSRCALPHA, obs.BLEND_ONE, obs.BLEND_INVSRCALPHA)
		if plain then C.obs_source_default_render(source) else C.obs_source_video_render(source) end
	end)
end

-- Shrinks `image` (from_width x from_height) in steps of at most 8 times. `room` nil: a plain
-- picture for the worker, sRGB bytes; else {alpha texture, weight, threshold, softness}.
function M.shrink(passes, name, image, from_width, from_height, width, height, room)
	local step = 0
	while true do
		local w = math.max(width, math.ceil(from_width / 8))
		local h = math.max(height, math.ceil(from_height / 8))
		local format = room and obs.RGBA16F or obs.RGBA
		local first = step == 0
		local source = image
		image = paint_into(passes, name .. step, format, w, h, not room, function()
			C.gs_enable_blending(false)
			local numbers = { footprint = { 1 / w, 1 / h } }
			if room and first then
				numbers.room, numbers.threshold, numbers.softness = room[2], room[3], room[4]
				draw(passes.effects.shrink, "Room", source, { alpha = room[1] }, numbers, w, h)
			else
				draw(passes.effects.shrink, "Shrink", source, {}, numbers, w, h)
			end
			C.gs_enable_blending(true)
		end)
		if not image or (w == width and h == height) then return image end
		from_width, from_height, step = w, h, step + 1
	end
end

-- Blurs the room of `image` with a Gaussian of `sigma` pixels: shrunk by a power of two so that
-- few taps are needed. Returns premultiplied linear colour.
function M.blur(passes, name, image, width, height, sigma, room)
	local factor = 2
	while sigma / factor >= 4 do factor = factor * 2 end
	local w, h = math.ceil(width / factor), math.ceil(height / factor)
	local small = M.shrink(passes, name, image, width, height, w, h, room)
	if not small then return nil end
	local deviation = sigma / factor
	local p = passes.effects.blur.parameters
	for step, direction in ipairs({ { 1 / w, 0 }, { 0, 1 / h } }) do
		local source = small
		small = paint_into(passes, name .. "_blur" .. step, obs.RGBA16F, w, h, false, function()
			C.gs_enable_blending(false)
			C.gs_effect_set_int(p.radius, math.ceil(2.5 * deviation))
			draw(passes.effects.blur, "Blur", source, {},
				{ direction = direction, sigma = deviation }, w, h)
			C.gs_enable_blending(true)
		end)
		if not small then return nil end
	end
	return small
end

-- Starts the read-back of the small picture; M.staged gives it one frame later without a stall.
function M.stage(passes, texture, width, height)
	if passes.stage and (passes.stage_width ~= width or passes.stage_height ~= height) then
		C.gs_stagesurface_destroy(passes.stage)
		passes.stage = nil
	end
	if not passes.stage then
		passes.stage = C.gs_stagesurface_create(width, height, obs.RGBA)
		passes.stage_width, passes.stage_height = width, height
	end
	C.gs_stage_texture(passes.stage, texture)
end

local mapped_data, mapped_linesize = ffi.new("uint8_t *[1]"), ffi.new("uint32_t[1]")

-- Calls `take(data, linesize, width, height)` with the picture staged last.
function M.staged(passes, take)
	if not C.gs_stagesurface_map(passes.stage, mapped_data, mapped_linesize) then return end
	take(mapped_data[0], mapped_linesize[0], passes.stage_width, passes.stage_height)
	C.gs_stagesurface_unmap(passes.stage)
end

-- Puts an alpha of width x height bytes into the alpha texture.
function M.upload_alpha(passes, bytes, width, height)
	if passes.alpha and (passes.alpha_width ~= width or passes.alpha_height ~= height) then
		C.gs_texture_destroy(passes.alpha)
		passes.alpha = nil
	end
	if not passes.alpha then
		passes.alpha = C.gs_texture_create(width, height, obs.R8, 1, nil, obs.DYNAMIC)
		passes.alpha_width, passes.alpha_height = width, height
	end
	C.gs_texture_set_image(passes.alpha, bytes, width, false)
end

-- Loads the cover's picture when its path has changed. Returns the texture or nil.
function M.picture(passes, path)
	if passes.picture_path ~= path then
		passes.picture_path = path
		if passes.picture then C.gs_texture_destroy(passes.picture) end
		local made = path ~= "" and C.gs_texture_create_from_file(path) or nil
		passes.picture = made ~= nil and made or nil
	end
	return passes.picture
end

-- Draws the filter's result over the caller's target with the caller's blending.
function M.composite(passes, technique, image, textures, numbers, width, height)
	local linear = C.gs_set_linear_srgb(true)
	local previous = C.gs_framebuffer_srgb_enabled()
	C.gs_enable_framebuffer_srgb(true)
	draw(passes.effects.composite, technique, image, textures, numbers, width, height)
	C.gs_enable_framebuffer_srgb(previous)
	C.gs_set_linear_srgb(linear)
end

return M
