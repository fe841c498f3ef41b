-- Drawing passes on the graphics thread. Everything here is made lazily inside video_render and
-- handed back by `objects` for freeing.
local ffi = require("ffi")
local obs, folder = ...
local C = obs.C

local M = {}

local vec2 = ffi.new("vb_vec2")
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

-- The texrender called `name`, made when first asked for.
local function target(passes, name, format)
	local made = passes.targets[name]
	if not made then
		made = C.gs_texrender_create(format, 0)
		passes.targets[name] = made
	end
	return made
end

-- Between `begin` and `finish` draws go into `texrender`. No closures and no tables are made on
-- the way of a frame: LuaJIT compiles no function that makes them.
local framebuffer_was_srgb
local function begin(texrender, width, height)
	C.gs_texrender_reset(texrender)
	if not C.gs_texrender_begin(texrender, width, height) then return false end
	framebuffer_was_srgb = C.gs_framebuffer_srgb_enabled()
	C.gs_enable_framebuffer_srgb(false)
	C.gs_ortho(0, width, 0, height, -100, 100)
	return true
end

local function finish(texrender)
	C.gs_enable_framebuffer_srgb(framebuffer_was_srgb)
	C.gs_texrender_end(texrender)
	return C.gs_texrender_get_texture(texrender)
end

-- Draws a sprite with colours as they are stored (sRGB bytes).
local function draw(effect, technique, image, width, height)
	C.gs_effect_set_texture(effect.parameters.image, image)
	while C.gs_effect_loop(effect.effect, technique) do
		C.gs_draw_sprite(image, 0, width, height)
	end
end

local function set_vec2(parameter, x, y)
	vec2.x, vec2.y = x, y
	C.gs_effect_set_vec2(parameter, vec2)
end

local function set_room(p, room)
	C.gs_effect_set_texture(p.alpha, room.alpha)
	C.gs_effect_set_float(p.room, room.weight)
	C.gs_effect_set_float(p.threshold, room.threshold)
	C.gs_effect_set_float(p.softness, room.softness)
end

-- Renders the chain below the filter, once, into a full-size texture (premultiplied, sRGB).
-- `clock` is nil or the clock to measure the source's own drawing with, into `source_ns`.
function M.capture(passes, filter, width, height, clock)
	-- Another thread may be removing the filter: from here on these two are what counts, as what
	-- was asked a moment ago may be gone.
	local source, parent = C.obs_filter_get_target(filter), C.obs_filter_get_parent(filter)
	if source == nil or parent == nil then return nil end
	local texrender = target(passes, "full", obs.RGBA)
	if not begin(texrender, width, height) then return nil end
	local flags = C.obs_source_get_output_flags(parent)
	local plain = source == parent
		and bit.band(flags, obs.FLAG_CUSTOM_DRAW + obs.FLAG_ASYNC) == 0
	C.gs_clear(obs.CLEAR_COLOR, clear, 0, 0)
	C.gs_blend_state_push()
	C.gs_blend_function_separate(
		obs.BLEND_SRCALPHA, obs.BLEND_INVSRCALPHA, obs.BLEND_ONE, obs.BLEND_INVSRCALPHA)
	-- The chain below may hold another filter of ours, which comes through `begin` as well.
	local was_srgb = framebuffer_was_srgb
	local start = clock and clock()
	if plain then obs.render_plainly(source) else obs.render(source) end
	if clock then passes.source_ns = clock() - start end
	framebuffer_was_srgb = was_srgb
	C.gs_blend_state_pop()
	return finish(texrender)
end

-- Shrinks `image` in steps of at most 8 times, each the mean of all pixels under a new one.
-- `room` nil: a plain picture for the worker; else premultiplied colour weighted by what
-- `room.alpha` (texture), `room.weight`, `room.threshold` and `room.softness` say is not person.
function M.shrink(passes, names, image, from_width, from_height, width, height, room)
	local effect = passes.effects.shrink
	local p = effect.parameters
	C.gs_enable_blending(false)
	for step = 1, #names do
		local w = math.max(width, math.ceil(from_width / 8))
		local h = math.max(height, math.ceil(from_height / 8))
		local texrender = target(passes, names[step], room and obs.RGBA16F or obs.RGBA)
		if not begin(texrender, w, h) then image = nil break end
		set_vec2(p.footprint, 1 / w, 1 / h)
		-- A bilinear tap covers two pixels each way.
		local taps = math.ceil(math.max(from_width / w, from_height / h) / 2)
		C.gs_effect_set_int(p.taps, math.max(taps, 1))
		if room and step == 1 then
			set_room(p, room)
			draw(effect, "Room", image, w, h)
		else
			draw(effect, "Shrink", image, w, h)
		end
		image = finish(texrender)
		if w == width and h == height then break end
		from_width, from_height = w, h
	end
	C.gs_enable_blending(true)
	return image
end

local function blur_once(passes, name, format, technique, image, width, height, x, y, sigma, room)
	local effect = passes.effects.blur
	local p = effect.parameters
	local texrender = target(passes, name, format)
	if not begin(texrender, width, height) then return nil end
	set_vec2(p.direction, x, y)
	C.gs_effect_set_float(p.sigma, sigma)
	C.gs_effect_set_int(p.radius, math.ceil(2.5 * sigma))
	if room then set_room(p, room) end
	draw(effect, technique, image, width, height)
	return finish(texrender)
end

-- Blurs the room of `image` with a Gaussian of `sigma` pixels: shrunk by a power of two so that
-- few taps are needed. Returns straight colour. `small` (small_width x small_height) is nil or the
-- same picture shrunk already, and used where it is large enough.
function M.blur(passes, names, image, width, height, sigma, room, small, small_width, small_height)
	local factor = 2
	while sigma / factor >= 4 do factor = factor * 2 end
	local w, h = math.ceil(width / factor), math.ceil(height / factor)
	sigma = sigma / factor
	C.gs_enable_blending(false)
	if small and w <= small_width and h <= small_height then
		small = blur_once(
			passes, names.across, obs.RGBA16F, "BlurRoom", small, w, h, 1 / w, 0, sigma, room)
	else
		small = M.shrink(passes, names, image, width, height, w, h, room)
		C.gs_enable_blending(false)
		small = small and blur_once(
			passes, names.across, obs.RGBA16F, "Blur", small, w, h, 1 / w, 0, sigma)
	end
	if small then
		small = blur_once(passes, names.down, obs.RGBA, "BlurStraight", small, w, h, 0, 1 / h, sigma)
	end
	C.gs_enable_blending(true)
	return small
end

-- Starts the read-back of the small picture; M.map_staged gives it one frame later without a stall.
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

-- Maps the picture staged last: data, linesize, width, height, or nil. Unmap it after.
function M.map_staged(passes)
	if not C.gs_stagesurface_map(passes.stage, mapped_data, mapped_linesize) then return nil end
	return mapped_data[0], mapped_linesize[0], passes.stage_width, passes.stage_height
end

function M.unmap_staged(passes)
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

-- Draws with sRGB colours decoded, so that the caller's target blends linearly.
local function draw_linear(effect, technique, image, width, height)
	local previous = C.gs_framebuffer_srgb_enabled()
	C.gs_enable_framebuffer_srgb(true)
	C.gs_effect_set_texture_srgb(effect.parameters.image, image)
	while C.gs_effect_loop(effect.effect, technique) do
		C.gs_draw_sprite(image, 0, width, height)
	end
	C.gs_enable_framebuffer_srgb(previous)
end

-- Draws the filter's result over the caller's target with the caller's blending. The parameters
-- of `technique` have been set with M.set_* just before: OBS forgets them after each draw.
-- `opaque` results need no blending, so their bytes go straight into an 8-bit target; a float
-- target (an HDR canvas) wants linear colour and gets it by way of a texture.
function M.composite(passes, technique, image, width, height, opaque)
	local effect = passes.effects.composite
	if not opaque then
		draw_linear(effect, technique, image, width, height)
	elseif C.gs_get_color_space() == obs.SPACE_SRGB then
		local previous = C.gs_framebuffer_srgb_enabled()
		C.gs_enable_framebuffer_srgb(false)
		draw(effect, technique, image, width, height)
		C.gs_enable_framebuffer_srgb(previous)
	else
		local texrender = target(passes, "flat", obs.RGBA)
		if not begin(texrender, width, height) then return end
		C.gs_enable_blending(false)
		draw(effect, technique, image, width, height)
		C.gs_enable_blending(true)
		draw_linear(effect, "Straight", finish(texrender), width, height)
	end
end

function M.set_person(passes, threshold, softness)
	local p = passes.effects.composite.parameters
	C.gs_effect_set_texture(p.alpha, passes.alpha)
	C.gs_effect_set_float(p.threshold, threshold)
	C.gs_effect_set_float(p.softness, softness)
end

function M.set_blurred(passes, texture)
	C.gs_effect_set_texture(passes.effects.composite.parameters.blurred, texture)
end

function M.set_color(passes, color)
	C.gs_effect_set_vec4(passes.effects.composite.parameters.color, color)
end

function M.set_crop(passes, x, y)
	set_vec2(passes.effects.composite.parameters.crop, x, y)
end

return M
