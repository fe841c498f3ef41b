-- The render passes between the camera's picture and what is shown: shrinking, blurring, the matte, the
-- zones, statistics. Each returns a texture, or nil when the driver refuses.
local obs, graphics = ...
local C = obs.C

local M = {}

-- The weights of a weighed pass: `base` + `by_alpha` x the person's alpha. ROOM keeps so little of the
-- person that it shows only where nothing else is near: with zero weight there would be no colour, that
-- is, black (vb_worker/offline/backgrounds.py does the same).
M.EVERYTHING = { base = 1, by_alpha = 0 }
M.ROOM = { base = 1 + 1 / 512, by_alpha = -1 }
M.PERSON = { base = 0, by_alpha = 1 }

local function set_weigh(p, weigh, person)
	C.gs_effect_set_texture(p.alpha, person.alpha)
	graphics.set_vec2(p.weigh, weigh.base, weigh.by_alpha)
	C.gs_effect_set_float(p.threshold, person.threshold)
	C.gs_effect_set_float(p.softness, person.softness)
end

-- The largest factor of one shrinking step.
local MOST_TIMES = 8
-- How many bilinear taps average `from` pixels into `to`: each covers two.
local function taps(from, to) return math.max(1, math.ceil(from / to / 2)) end
M.MOST_TAPS = taps(MOST_TIMES, 1)

-- The name and the defines of the effect with `across` x `down` taps: a loop of constant length is
-- unrolled.
function M.shrink_recipe(across, down)
	return "shrink" .. across .. "x" .. down,
		"#define ACROSS " .. across .. "\n#define DOWN " .. down .. "\n"
end

local shrinks = {}
local function shrink_effect(state, across, down)
	local number = across * 64 + down
	local made = shrinks[number]
	if not made then
		local name, defines = M.shrink_recipe(across, down)
		made = { name = name, defines = defines }
		shrinks[number] = made
	end
	return graphics.effect(state, "shrink", made.defines, made.name)
end

-- Shrinks `image` in steps of at most MOST_TIMES, each the mean of all pixels under a new one (a box
-- filter). `names` are the texrenders of the first steps; more are added where a size needs them.
-- `weigh` nil: a plain picture; else premultiplied colour, weighed by `person` {alpha texture,
-- threshold, softness}. `wide`: half floats in between.
function M.shrink(state, names, image, from_width, from_height, width, height, weigh, person, wide)
	C.gs_enable_blending(false)
	local step = 0
	repeat
		step = step + 1
		if not names[step] then names[step] = names[1] .. "_" .. step end
		local w = math.max(width, math.ceil(from_width / MOST_TIMES))
		local h = math.max(height, math.ceil(from_height / MOST_TIMES))
		local format = (weigh or wide) and obs.RGBA16F or obs.RGBA
		local effect = shrink_effect(state, taps(from_width, w), taps(from_height, h))
		local p = effect.parameters
		local texrender = graphics.target(state, names[step], format)
		if not graphics.begin(texrender, w, h) then image = nil break end
		graphics.set_vec2(p.footprint, 1 / w, 1 / h)
		if weigh and step == 1 then
			set_weigh(p, weigh, person)
			graphics.draw(effect, "Weighed", image, w, h)
		else
			graphics.draw(effect, "Shrink", image, w, h)
		end
		image = graphics.finish(texrender)
		from_width, from_height = w, h
	until w == width and h == height
	C.gs_enable_blending(true)
	return image
end

local function blur_once(
	state, name, format, technique, image, width, height, x, y, sigma, weigh, person)
	local effect = graphics.effect(state, "blur", "")
	local p = effect.parameters
	local texrender = graphics.target(state, name, format)
	if not graphics.begin(texrender, width, height) then return nil end
	graphics.set_vec2(p.direction, x, y)
	C.gs_effect_set_float(p.sigma, sigma)
	C.gs_effect_set_int(p.radius, math.ceil(2.5 * sigma))
	if weigh then set_weigh(p, weigh, person) end
	graphics.draw(effect, technique, image, width, height)
	return graphics.finish(texrender)
end

-- The reduced size at which a blur of `sigma` pixels needs few taps, and its sigma there.
function M.blur_size(width, height, sigma)
	local factor = 2
	while sigma / factor >= 4 do factor = factor * 2 end
	return math.ceil(width / factor), math.ceil(height / factor), sigma / factor
end

-- The two directions of a separable weighed blur at width x height: half floats in between, straight
-- colour and the mean weight at the end. `weigh` nil: `image` is weighed already.
function M.blur_across(state, name, image, width, height, sigma, weigh, person)
	C.gs_enable_blending(false)
	local made = blur_once(state, name, obs.RGBA16F, weigh and "BlurWeighed" or "Blur", image,
		width, height, 1 / width, 0, sigma, weigh, person)
	C.gs_enable_blending(true)
	return made
end

function M.blur_down(state, name, image, width, height, sigma)
	C.gs_enable_blending(false)
	local made = blur_once(
		state, name, obs.RGBA, "BlurStraight", image, width, height, 0, 1 / height, sigma)
	C.gs_enable_blending(true)
	return made
end

-- Blurs `image` with a weighed Gaussian of `sigma` pixels, shrunk first by a power of two. Returns
-- straight colour and the mean weight. `small`, or nil, is {texture, width, height}, the same picture
-- already shrunk; it is used where it is large enough.
function M.blur(state, names, image, width, height, sigma, weigh, person, small)
	local w, h, sigma_there = M.blur_size(width, height, sigma)
	local made
	if small and small.texture and w <= small.width and h <= small.height then
		made = M.blur_across(
			state, names.across, small.texture, w, h, sigma_there, weigh, person)
	else
		made = M.shrink(state, names, image, width, height, w, h, weigh, person)
		made = made and M.blur_across(state, names.across, made, w, h, sigma_there)
	end
	return made and M.blur_down(state, names.down, made, w, h, sigma_there)
end

-- Blurs a one-channel picture of width x height with a Gaussian of `sigma` pixels.
function M.blur_matte(state, across, down, image, width, height, sigma)
	C.gs_enable_blending(false)
	local made = blur_once(
		state, across, obs.R8, "Blur", image, width, height, 1 / width, 0, sigma)
	made = made and blur_once(
		state, down, obs.R8, "Blur", made, width, height, 0, 1 / height, sigma)
	C.gs_enable_blending(true)
	return made
end

-- The alpha upsampled to width x height along the edges of `image`; `guide` is the picture at the
-- alpha's own size, guide_width x guide_height.
function M.upsample(state, image, alpha, guide, guide_width, guide_height, width, height)
	local effect = graphics.effect(state, "refine", "")
	local p = effect.parameters
	local texrender = graphics.target(state, "upsampled", obs.R8)
	if not graphics.begin(texrender, width, height) then return nil end
	C.gs_effect_set_texture(p.alpha, alpha)
	C.gs_effect_set_texture(p.guide, guide)
	graphics.set_vec2(p.size, guide_width, guide_height)
	C.gs_enable_blending(false)
	graphics.draw(effect, "Upsample", image, width, height)
	C.gs_enable_blending(true)
	return graphics.finish(texrender)
end

local function matte_pass(state, name, technique, image, width, height)
	local effect = graphics.effect(state, "matte", "")
	local texrender = graphics.target(state, name, obs.R8)
	if not graphics.begin(texrender, width, height) then return nil end
	graphics.draw(effect, technique, image, width, height)
	return graphics.finish(texrender)
end

-- The matte at width x height from `person`: its edge moved by `grow` and feathered by `feather`
-- (signed, in pixels of this matte).
function M.matte(state, person, width, height, grow, feather)
	local p = graphics.effect(state, "matte", "").parameters
	C.gs_enable_blending(false)
	C.gs_effect_set_float(p.threshold, person.threshold)
	C.gs_effect_set_float(p.softness, person.softness)
	local made = matte_pass(state, "matte", "Ramp", person.alpha, width, height)
	if made and grow ~= 0 then
		local reach = math.abs(grow)
		graphics.set_vec2(p.reach, reach / width, reach / height)
		made = matte_pass(
			state, "matte_grown", grow > 0 and "Grow" or "Shrink", made, width, height)
	end
	if made and feather ~= 0 then
		-- Two standard deviations of a blurred step reach as far as a ramp to nothing at `feather`.
		local soft = M.blur_matte(state, "matte_across", "matte_down", made, width, height,
			math.abs(feather) / 2)
		if not soft then return nil end
		C.gs_enable_blending(false)
		C.gs_effect_set_texture(p.softened, soft)
		made = matte_pass(state, "matte_feathered",
			feather > 0 and "FeatherOut" or "FeatherIn", made, width, height)
	end
	C.gs_enable_blending(true)
	return made
end

-- The person's alpha at width x height, to be blurred: from `matte` where there is one.
function M.small_matte(state, matte, person, width, height)
	local p = graphics.effect(state, "matte", "").parameters
	C.gs_enable_blending(false)
	C.gs_effect_set_float(p.threshold, matte and 0.5 or person.threshold)
	C.gs_effect_set_float(p.softness, matte and 1 or person.softness)
	local made = matte_pass(state, "halo", "Ramp", matte or person.alpha, width, height)
	C.gs_enable_blending(true)
	return made
end

-- The zones of `settings` at width x height; `painted` is nil or a texture, `any` any texture.
function M.zones(state, settings, painted, any, width, height)
	local effect = graphics.effect(state, "zones", "")
	local p = effect.parameters
	local texrender = graphics.target(state, "zones", obs.RGBA)
	if not graphics.begin(texrender, width, height) then return nil end
	local kinds = {}
	for number = 1, 4 do
		local key = "zone" .. number
		local kind = settings[key]
		kinds[number] = kind == "keep" and 1 or kind == "drop" and -1 or 0
		graphics.set_vec4(p[key], settings[key .. "_left"], settings[key .. "_top"],
			settings[key .. "_right"], settings[key .. "_bottom"])
	end
	graphics.set_vec4(p.kinds, kinds[1], kinds[2], kinds[3], kinds[4])
	C.gs_effect_set_float(p.painted, painted and 1 or 0)
	C.gs_enable_blending(false)
	graphics.draw(effect, "Zones", painted or any, width, height)
	C.gs_enable_blending(true)
	return graphics.finish(texrender)
end

-- The weighed mean and mean square of the brightness of `image`, in a 1x1 texture that moves at `rate`
-- (1: at once) towards what is measured.
function M.stats(state, names, image, width, height, weigh, person, rate)
	local effect = graphics.effect(state, "stats", "")
	local p = effect.parameters
	local texrender = graphics.target(state, names.measure, obs.RGBA16F)
	if not graphics.begin(texrender, width, height) then return nil end
	set_weigh(p, weigh, person)
	C.gs_enable_blending(false)
	graphics.draw(effect, "Measure", image, width, height)
	C.gs_enable_blending(true)
	local made = M.shrink(
		state, names, graphics.finish(texrender), width, height, 1, 1, nil, nil, true)
	if not made then return nil end
	texrender = graphics.target(state, names.settled, obs.RGBA16F)
	if not graphics.begin(texrender, 1, 1) then return nil end
	if rate == 1 then C.gs_clear(obs.CLEAR_COLOR, graphics.CLEAR, 0, 0) end
	C.gs_effect_set_float(p.rate, rate)
	graphics.draw(effect, "Settle", made, 1, 1)
	return graphics.finish(texrender)
end

-- A 1x1 texture with the levels that match a brightness with statistics `here` to that of `there`.
function M.levels(state, here, there)
	local effect = graphics.effect(state, "stats", "")
	local texrender = graphics.target(state, "levels", obs.RGBA16F)
	if not graphics.begin(texrender, 1, 1) then return nil end
	C.gs_effect_set_texture(effect.parameters.target, there)
	C.gs_enable_blending(false)
	graphics.draw(effect, "Levels", here, 1, 1)
	C.gs_enable_blending(true)
	return graphics.finish(texrender)
end

return M
