-- What is drawn: the person over the background, with its layers and looks.
local obs, graphics, passes, assets, scenes, recipes, derived = ...
local C = obs.C
local BIT, has, effect_of = recipes.BIT, recipes.has, recipes.effect

local M = {}

-- Names of texrenders, one a step of shrinking.
local SPILL = { "spill1", "spill2", "spill3" }
-- The background is drawn this wide for its light and its brightness.
local SPILL_WIDTH = 320
-- How far the shadow falls, as shares of the height.
local SHADOW_X, SHADOW_Y = 0.012, 0.018

-- With these words alone there is nothing but background outside the box of the alpha.
local BOXED = BIT.COLOR + BIT.PICTURE + BIT.BARS + BIT.FITTED + BIT.BLUR + BIT.CAMERA_ALPHA
	+ BIT.WRAP + BIT.CLEAN + BIT.MATCH
local OF_PERSON = BIT.WRAP + BIT.CLEAN + BIT.MATCH

local PERSON_WORDS = BIT.MATTE + BIT.ZONES + BIT.INVERTED + BIT.CLEAN + BIT.MATCH + BIT.WRAP

-- Sets `scale` and `offset` so that uv * scale + offset is the place in a picture of w x h that is
-- fitted into W x H; x and y say which part is shown, or where bars go.
local function set_fit(p, scale, offset, fit, w, h, W, H, x, y)
	local ratio = (W / H) / (w / h)
	local sx, sy = 1, 1
	if fit == "cover" then
		if ratio < 1 then sx = ratio else sy = 1 / ratio end
	elseif fit == "contain" then
		if ratio < 1 then sy = 1 / ratio else sx = ratio end
	end
	graphics.set_vec2(p[scale], sx, sy)
	graphics.set_vec2(p[offset], x * (1 - sx), y * (1 - sy))
end

local function set_layer(p, name, asset, texture, s, W, H)
	local ratio = (W / H) / (asset.width / asset.height)
	local size = s[name .. "_scale"]
	local sx, sy = size, size
	if ratio < 1 then sy = size * ratio else sx = size / ratio end
	C.gs_effect_set_texture(p[name], texture)
	graphics.set_vec2(p[name .. "_scale"], 1 / sx, 1 / sy)
	graphics.set_vec2(p[name .. "_offset"], 0.5 - s[name .. "_x"] / sx, 0.5 - s[name .. "_y"] / sy)
	C.gs_effect_set_float(p[name .. "_opacity"], s[name .. "_opacity"])
end

local PICTURED = { image = true, video = true, source = true }

local part = {}

-- The part of the picture that has any alpha, by the boxes that come with it: of those that the
-- threshold leaves nothing outside of the smallest.
local function part_of(self, s, width, height)
	local alpha = self.alpha
	local nothing_below = s.threshold - s.softness / 2
	local level = math.min(math.floor(nothing_below * 16), 7)
	local left, top, right, bottom = 0, 0, alpha.width, alpha.height
	if level >= 0 then
		local boxes = alpha.boxes
		-- Enlarging reaches two pixels of the alpha far.
		left, top = boxes[4 * level] - 2, boxes[4 * level + 1] - 2
		right, bottom = boxes[4 * level + 2] + 2, boxes[4 * level + 3] + 2
		if boxes[4 * level + 2] <= boxes[4 * level] then right, left = 0, 0 end
	end
	local x, y = width / alpha.width, height / alpha.height
	part.left = math.max(0, math.floor(left * x))
	part.top = math.max(0, math.floor(top * y))
	part.width = math.min(width, math.ceil(right * x)) - part.left
	part.height = math.min(height, math.ceil(bottom * y)) - part.top
	return part
end

local function set_background(p, set, owner, picture, blurred, width, height)
	local s = owner.settings
	if bit.band(set, BIT.BLUR) ~= 0 then C.gs_effect_set_texture(p.blurred, blurred) end
	if bit.band(set, BIT.FITTED) ~= 0 then C.gs_effect_set_texture(p.background, picture) end
	if bit.band(set, BIT.COLOR + BIT.PICTURE) ~= 0 then
		C.gs_effect_set_vec4(p.color, s.background_color)
	end
	if bit.band(set, BIT.PICTURE) ~= 0 then
		local asset = owner.assets.background
		C.gs_effect_set_texture(p.background, picture)
		set_fit(p, "background_scale", "background_offset", s.background_fit,
			asset.width, asset.height, width, height, s.background_x, s.background_y)
	end
end

-- A still picture as it lies in the camera's picture, made once for all frames.
local function fitted(owner, set, picture, width, height)
	local made = owner.fitted
	if not made then
		made = {}
		owner.fitted = made
	end
	local asset = owner.assets.background
	if made.texture and made.of_ns == asset.made_ns and made.revision == owner.revision
		and made.width == width and made.height == height then
		return made.texture
	end
	local effect = effect_of(owner.state, set + BIT.BACKGROUND_OUT)
	local texrender = graphics.target(owner.state, "fitted", obs.RGBA)
	if not graphics.begin(texrender, width, height) then return nil end
	set_background(effect.parameters, set, owner, picture, nil, width, height)
	C.gs_enable_blending(false)
	graphics.draw(effect, "Draw", picture, width, height)
	C.gs_enable_blending(true)
	made.texture = graphics.finish(texrender)
	made.of_ns, made.revision = asset.made_ns, owner.revision
	made.width, made.height = width, height
	return made.texture
end

-- The background alone, small: what its light and its brightness are taken from.
local function spill(self, set, owner, picture, blurred, width, height)
	local w = math.min(SPILL_WIDTH, width)
	local h = math.max(1, math.floor(height * w / width + 0.5))
	local effect = effect_of(self.state, set + BIT.BACKGROUND_OUT)
	local p = effect.parameters
	local texrender = graphics.target(self.state, "spill", obs.RGBA)
	if not graphics.begin(texrender, w, h) then return nil end
	set_background(p, set, owner, picture, blurred, width, height)
	C.gs_effect_set_texture(p.alpha, self.person.alpha)
	C.gs_enable_blending(false)
	graphics.draw(effect, "Draw", self.full, w, h)
	C.gs_enable_blending(true)
	local made = graphics.finish(texrender)
	local small_w, small_h = math.ceil(w / 16), math.ceil(h / 16)
	return passes.shrink(self.state, SPILL, made, w, h, small_w, small_h), small_w, small_h
end

local function zones(self, owner, time, now, width, height)
	local asset = owner.assets.zones
	local painted = asset.wish ~= "" and assets.draw(asset, owner.state, time, now, width, height)
		or nil
	-- A painted picture that is wanted and not there yet could be hiding a door.
	if asset.wish ~= "" and not painted then return nil end
	if self.zones_owner ~= owner or self.zones_revision ~= owner.revision
		or self.zones_painted ~= painted or self.zones_of_ns ~= asset.made_ns
		or self.zones_width ~= width or self.zones_height ~= height then
		self.zones_owner, self.zones_revision = owner, owner.revision
		self.zones_painted, self.zones_of_ns = painted, asset.made_ns
		self.zones_width, self.zones_height = width, height
		self.zones_made = passes.zones(
			self.state, owner.settings, painted, self.full, width, height)
	end
	return self.zones_made
end

local function layer(owner, name, time, now, width, height)
	local asset = owner.assets[name]
	if asset.wish == "" or owner.settings[name .. "_opacity"] == 0 then return nil end
	return assets.draw(asset, owner.state, time, now, width, height) or nil
end

-- What the parts of a draw are made of; one table for all, as it is filled after the last source
-- has been drawn.
local drawn = {}

-- Sets what the words of `set` want to know of the person.
local function set_person(p, set, self, d)
	if has(set, "BACKGROUND_OUT") then return end
	local s = self.settings
	if has(set, "MATTE") then
		C.gs_effect_set_texture(p.matte, d.matte)
	else
		C.gs_effect_set_texture(p.alpha, self.person.alpha)
		C.gs_effect_set_float(p.threshold, s.threshold)
		C.gs_effect_set_float(p.softness, s.softness)
	end
	if has(set, "ZONES") then C.gs_effect_set_texture(p.zones, d.zones) end
	if has(set, "CLEAN") then
		C.gs_effect_set_texture(p.person_color, self.near_person)
		C.gs_effect_set_texture(p.room_color, self.near_room)
		C.gs_effect_set_float(p.decontaminate, s.decontaminate)
	end
	if has(set, "MATCH") then
		C.gs_effect_set_texture(p.levels, d.levels)
		C.gs_effect_set_float(p.match, s.match)
	end
	if has(set, "WRAP") then
		C.gs_effect_set_texture(p.halo, d.halo)
		C.gs_effect_set_texture(p.spill, d.spill)
		C.gs_effect_set_float(p.light_wrap, s.light_wrap)
	end
end

-- Sets what the words of `set` want to know of what is around the person.
local function set_scene(p, set, self, d)
	if has(set, "ALPHA_OUT") then return end
	local width, height = d.width, d.height
	set_background(p, set, d.owner, d.picture, d.blurred, width, height)
	if has(set, "SHADOW") then
		C.gs_effect_set_texture(p.halo, d.halo)
		C.gs_effect_set_float(p.shadow, self.settings.shadow)
		graphics.set_vec2(p.shadow_offset, SHADOW_X * height / width, SHADOW_Y)
	end
	local layers = d.layers
	if has(set, "BEHIND") then
		set_layer(p, "behind", layers.assets.behind, d.behind, layers.settings, width, height)
		if has(set, "DEPTH") then
			C.gs_effect_set_texture(p.depth, self.depth.pointer)
			C.gs_effect_set_float(p.behind_depth, layers.settings.behind_depth)
			C.gs_effect_set_float(p.behind_depth_edge, layers.settings.behind_depth_edge)
		end
	end
	if has(set, "FRONT") then
		set_layer(p, "front", layers.assets.front, d.front, layers.settings, width, height)
	end
end

-- The person's straight colour and alpha, in sRGB bytes.
local function person_alone(self, set, d)
	local effect = effect_of(self.state, set)
	local texrender = graphics.target(self.state, "person_alone", obs.RGBA)
	if not graphics.begin(texrender, d.width, d.height) then return nil end
	set_person(effect.parameters, set, self, d)
	C.gs_enable_blending(false)
	graphics.draw(effect, "Draw", self.full, d.width, d.height)
	C.gs_enable_blending(true)
	return graphics.finish(texrender)
end

local function show(self, set, effect, width, height, inner, around)
	local image = self.full
	if has(set, "PLAIN_TRANSPARENT") then
		graphics.draw_linear(effect, "Draw", image, width, height, inner)
	elseif has(set, "TRANSPARENT") then
		graphics.show_mixed(self.state, effect, "Draw", image, width, height)
	else
		graphics.show_opaque(self.state, effect, "Draw", image, width, height, inner, around)
	end
end

-- Draws the camera of `self` with its alpha. Returns false, with nothing drawn, when something that
-- hides the room is not there: then the cover is to be drawn.
function M.draw(self, time, now, width, height)
	local state, s = self.state, self.settings
	local parent = C.obs_filter_get_parent(self.filter)
	if parent == nil then return true end
	local owner = scenes.owner(self, "background", parent)
	local layers = scenes.owner(self, "layers", parent)
	local zoned = scenes.owner(self, "zones", parent)
	local kind = owner.settings.background
	local output = s.output

	-- First whatever other sources draw: they may hold this very filter.
	local picture, zone_picture, behind, front
	local set = 0
	if PICTURED[kind] then
		picture = assets.draw(
			owner.assets.background, owner.state, time, now, width, height)
		if not picture then return false end
	end
	if output ~= "alpha" then
		behind = layer(layers, "behind", time, now, width, height)
		front = layer(layers, "front", time, now, width, height)
	end
	if zoned.has_zones then
		zone_picture = zones(self, zoned, time, now, width, height)
		if not zone_picture then return false end
		set = set + BIT.ZONES
	end

	-- Then what is made of this camera's picture.
	self.person.alpha = derived.alpha(self, width, height)
	self.person.threshold, self.person.softness = s.threshold, s.softness
	local made_matte
	if s.grow ~= 0 or s.feather ~= 0 then
		made_matte = derived.matte(self, width, height)
		if not made_matte then return false end
		set = set + BIT.MATTE
	end
	if output == "inverted" then set = set + BIT.INVERTED end

	local blurred, still
	local pictured = 0
	if output == "alpha" then
		set = set + BIT.ALPHA_OUT
	elseif kind == "color" then
		pictured = BIT.COLOR
	elseif kind == "blur" then
		blurred = derived.room_blur(self, width, height, owner.settings.blur_strength)
		if not blurred then return false end
		pictured = BIT.BLUR + BIT.CAMERA_ALPHA
	elseif picture then
		pictured = BIT.PICTURE
		if owner.settings.background_fit == "contain" then pictured = pictured + BIT.BARS end
		if owner.assets.background.still then
			still = fitted(owner, pictured, picture, width, height)
		end
	elseif kind == "room" then
		pictured = BIT.ROOM + BIT.CAMERA_ALPHA
	end
	local made_halo, made_spill, levels
	if output ~= "alpha" then
		set = set + (still and BIT.FITTED or pictured)
		if output == "background" then
			set = bit.band(set, bit.bnot(PERSON_WORDS)) + BIT.BACKGROUND_OUT
		end
		local known = kind ~= "transparent" and kind ~= "room"
		if (s.light_wrap > 0 and known) or s.shadow > 0 then
			made_halo = derived.halo(self, made_matte)
		end
		if made_halo and s.shadow > 0 then set = set + BIT.SHADOW end
		if output ~= "background" then
			if s.decontaminate > 0 and derived.clean_colors(self) then set = set + BIT.CLEAN end
			if known and (s.light_wrap > 0 or s.match > 0) then
				local w, h
				made_spill, w, h = spill(
					self, pictured, owner, picture, blurred, width, height)
				if made_spill and made_halo and s.light_wrap > 0 then set = set + BIT.WRAP end
				if made_spill and s.match > 0 then
					levels = derived.levels(self, owner, made_spill, w, h)
					if levels then set = set + BIT.MATCH end
				end
			end
		end
		if behind then
			set = set + BIT.BEHIND
			if self.depth and s.depth_model ~= "" then set = set + BIT.DEPTH end
		end
		if front then set = set + BIT.FRONT end
		if kind == "transparent" then
			local plain = not behind and not front and bit.band(set, BIT.SHADOW + BIT.CLEAN) == 0
			set = set + (plain and BIT.PLAIN_TRANSPARENT or BIT.TRANSPARENT)
		end
	end

	-- Last the drawing itself.
	local d = drawn
	d.matte, d.zones, d.levels = made_matte, zone_picture, levels
	d.halo, d.spill = made_halo, made_spill
	d.picture, d.blurred, d.behind, d.front = still or picture, blurred, behind, front
	d.owner, d.layers, d.width, d.height = owner, layers, width, height
	if recipes.in_steps(set) then
		local made = person_alone(self, bit.band(set, PERSON_WORDS) + BIT.PERSON_OUT, d)
		if not made then return false end
		set = bit.band(set, bit.bnot(PERSON_WORDS)) + BIT.MADE
		local effect = effect_of(state, set)
		C.gs_effect_set_texture(effect.parameters.person_made, made)
		set_scene(effect.parameters, set, self, d)
		show(self, set, effect, width, height)
		return true
	end
	local effect = effect_of(state, set)
	set_person(effect.parameters, set, self, d)
	set_scene(effect.parameters, set, self, d)
	local inner, around
	if set == BIT.PLAIN_TRANSPARENT then
		inner = part_of(self, s, width, height)
	elseif bit.band(set, BOXED) == set then
		inner = part_of(self, s, width, height)
		local rest = bit.band(set, bit.bnot(OF_PERSON)) + BIT.BACKGROUND_OUT
		around = effect_of(state, rest)
		set_background(around.parameters, rest, owner, d.picture, blurred, width, height)
	end
	show(self, set, effect, width, height, inner, around)
	return true
end

return M
