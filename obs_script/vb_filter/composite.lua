-- What is drawn: the person over the background, with its layers and looks.
local obs, graphics, result, passes, assets, scenes, looks, effect_variants, intermediates = ...
local C = obs.C
local has, effect_of = effect_variants.has, effect_variants.effect

local M = {}

-- Names of texrenders, one per shrinking step.
local SPILL = { "spill1", "spill2", "spill3" }
-- The width at which the background is drawn to take its light and brightness from.
local SPILL_WIDTH = 320

-- Sets `scale` and `offset` so that uv * scale + offset is the position in a w x h picture that is
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

-- A moving background goes from one end to the other and back in this time.
local MOVING_NS = 320e9

local PICTURED = { image = true, video = true, source = true }

local part = {}

-- The part of the picture that has any alpha, from the bounding boxes that come with the alpha: the
-- smallest that has nothing outside it above the threshold.
local function part_of(self, s, width, height)
	local alpha = self.alpha
	local nothing_below = s.threshold - s.softness / 2
	local level = math.min(math.floor(nothing_below * 16), 7)
	local left, top, right, bottom = 0, 0, alpha.width, alpha.height
	if level >= 0 then
		local boxes = alpha.boxes
		-- Upsampling reaches two of the alpha's pixels beyond the box.
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

local function set_background(p, set, d)
	local s = d.owner.settings
	if has(set, "BLUR") then
		C.gs_effect_set_texture(p.blurred, d.blurred)
	elseif has(set, "FITTED") then
		C.gs_effect_set_texture(p.background, d.fitted)
	elseif has(set, "COLOR") then
		C.gs_effect_set_vec4(p.color, s.background_color)
	elseif has(set, "PICTURE") then
		C.gs_effect_set_vec4(p.color, s.background_color)
		local asset = d.owner.assets.background
		C.gs_effect_set_texture(p.background, d.picture)
		local fit, x = s.background_fit, s.background_x
		if s.moving then
			fit, x = "cover", 0.5 - 0.5 * math.cos(2 * math.pi * (d.time % MOVING_NS) / MOVING_NS)
		end
		set_fit(p, "background_scale", "background_offset", fit,
			asset.width, asset.height, d.width, d.height, x, s.background_y)
	end
end

-- A still image fitted to the camera's size, rendered once for all frames.
local function fitted(d)
	local owner, width, height = d.owner, d.width, d.height
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
	local set = effect_variants.backdrop("picture")
	local effect = effect_of(owner.state, set)
	local texrender = graphics.target(owner.state, "fitted", obs.RGBA)
	if not graphics.begin(texrender, width, height) then return nil end
	set_background(effect.parameters, set, d)
	C.gs_enable_blending(false)
	graphics.draw(effect, "Draw", d.picture, width, height)
	C.gs_enable_blending(true)
	made.texture = graphics.finish(texrender)
	made.of_ns, made.revision = asset.made_ns, owner.revision
	made.width, made.height = width, height
	return made.texture
end

-- The background alone, small: its light and brightness are taken from this.
local function spill(self, d)
	local width, height = d.width, d.height
	local w = math.min(SPILL_WIDTH, width)
	local h = math.max(1, math.floor(height * w / width + 0.5))
	local set = effect_variants.backdrop(d.background == "fitted" and "picture" or d.background)
	local effect = effect_of(self.state, set)
	local texrender = graphics.target(self.state, "spill", obs.RGBA)
	if not graphics.begin(texrender, w, h) then return nil end
	set_background(effect.parameters, set, d)
	C.gs_enable_blending(false)
	graphics.draw(effect, "Draw", self.full, w, h)
	C.gs_enable_blending(true)
	local made = graphics.finish(texrender)
	d.spill_width, d.spill_height = math.ceil(w / 16), math.ceil(h / 16)
	return passes.shrink(self.state, SPILL, made, w, h, d.spill_width, d.spill_height)
end

local function zones(self, owner, time, now, width, height)
	local asset = owner.assets.zones
	local painted = asset.wish ~= "" and assets.draw(asset, owner.state, time, now, width, height)
		or nil
	-- A painting that is not loaded yet might hide a door.
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

-- A draw's inputs, and which parts there are (see effect_variants.set_of). All filters share these
-- tables: they are filled only after the last source has been drawn.
local drawn, facts = {}, {}

-- How the looks' textures are made, but for those that M.draw sets: nil or false where the driver
-- refuses.
local MAKE = {
	halo = function(self, d) return intermediates.halo(self, d.matte) end,
	person_color = function(self) return intermediates.clean_colors(self) and self.near_person end,
	room_color = function(self) return intermediates.clean_colors(self) and self.near_room end,
	depth = function(self) return self.depth and self.depth.pointer end,
	spill = spill,
}

local function texture(self, d, name)
	if d[name] == nil and MAKE[name] then d[name] = MAKE[name](self, d) or false end
	return d[name]
end

local function has_textures(self, d, look)
	for _, name in ipairs(look.textures) do
		if not texture(self, d, name) then return false end
	end
	return true
end

-- Makes the looks' textures, and notes in `f` which looks there are.
local function make_looks(self, d, f)
	local lit = effect_variants.gives_light(f.background)
	for _, look in ipairs(looks.ROWS) do
		f[look.name] = effect_variants.is_seen(look, f)
			and (not look.wanted or look.wanted(self.settings, lit)) and has_textures(self, d, look)
	end
end

-- Sets the person's parameters for the words of `set`.
local function set_person(p, set, self, d)
	if has(set, "BACKGROUND_OUT") then return end
	local s = self.settings
	-- The matte is the final alpha already: these values leave it unchanged.
	C.gs_effect_set_texture(p.alpha, d.matte or self.person.alpha)
	C.gs_effect_set_float(p.threshold, d.matte and 0.5 or s.threshold)
	C.gs_effect_set_float(p.softness, d.matte and 1 or s.softness)
	C.gs_effect_set_float(p.inverted, s.output == "inverted" and 1 or 0)
end

local function set_looks(p, set, self, d)
	for _, look in ipairs(looks.ROWS) do
		if has(set, look.word) then looks.bind(look, p, self, d) end
	end
end

-- The person's straight colour and alpha, in sRGB bytes, of `image` in the texture `name`.
local function draw_person(self, set, d, name, image, width, height)
	local effect = effect_of(self.state, set)
	local texrender = graphics.target(self.state, name, obs.RGBA)
	if not graphics.begin(texrender, width, height) then return nil end
	set_person(effect.parameters, set, self, d)
	set_looks(effect.parameters, set, self, d)
	C.gs_enable_blending(false)
	graphics.draw(effect, "Draw", image, width, height)
	C.gs_enable_blending(true)
	return graphics.finish(texrender)
end

-- The camera's small picture as *Brighten me* shows the person, for the match to measure: measured as
-- the camera sends it, a dark person would be brightened twice.
local function small_person(self)
	local small, d = self.small, drawn
	if self.settings.brighten == 0 then return small.texture end
	d.matches, d.levels = false, graphics.black(self.state)
	return draw_person(self, effect_variants.BRIGHTENED, d, "small_person", small.texture,
		small.width, small.height)
end

function MAKE.levels(self, d)
	d.matches = false
	local lit = self.settings.match > 0 and effect_variants.gives_light(d.background)
	if not lit then return graphics.black(self.state) end
	local light = texture(self, d, "spill")
	local made = light and intermediates.levels(
		self, d.owner, light, d.spill_width, d.spill_height, small_person)
	d.matches = made and true
	return made
end

local function show(self, set, effect, width, height, inner, around)
	local state, image = self.state, self.full
	local translucent = state.translucent
	if has(set, "PLAIN_TRANSPARENT") and not translucent then
		result.decoded(state, effect, "Draw", image, width, height, inner)
	elseif has(set, "PLAIN_TRANSPARENT") or has(set, "TRANSPARENT")
		or (translucent and has(set, "CAMERA_ALPHA")) then
		result.straight(state, effect, "Draw", image, width, height)
	else
		result.opaque(state, effect, "Draw", image, width, height, inner, around)
	end
end

-- Draws other sources, before anything else: they may contain this very filter. Returns whether
-- everything that hides the room is there, and the textures of background, zones and both layers.
local function draw_sources(self, owner, layers, zoned, time, now, width, height)
	local picture, zone_picture, behind, front
	local kind = owner.settings.background
	if PICTURED[kind] then
		picture = assets.draw(
			owner.assets.background, owner.state, time, now, width, height)
		-- Until a file can be used the former background stays.
		if not picture and (kind == "source" or not owner.flat_background) then return false end
	end
	if self.settings.output ~= "alpha" then
		behind = layer(layers, "behind", time, now, width, height)
		front = layer(layers, "front", time, now, width, height)
	end
	if zoned.has_zones then
		zone_picture = zones(self, zoned, time, now, width, height)
		if not zone_picture then return false end
	end
	return true, picture, zone_picture, behind, front
end

-- Makes the background; returns its name in effect_variants.BACKGROUNDS, nil where it cannot be made.
local function make_background(self, d)
	local owner, width, height = d.owner, d.width, d.height
	local kind = owner.settings.background
	if PICTURED[kind] and not d.picture then kind = owner.flat_background end
	if kind == "blur" then
		d.blurred = intermediates.room_blur(self, width, height, owner.settings.blur_strength)
		return d.blurred and kind or nil
	elseif PICTURED[kind] then
		local still = owner.assets.background.still and not owner.settings.moving and fitted(d)
		d.fitted = still or nil
		return still and "fitted" or "picture"
	end
	return kind
end

-- Draws `set`, in one step or in two. Returns false, with nothing drawn, where the driver refuses a
-- texture.
local function put_together(self, set, d)
	local state, width, height = self.state, d.width, d.height
	local of_person, rest = effect_variants.steps_now(set)
	if of_person then
		local made = draw_person(self, of_person, d, "person_alone", self.full, width, height)
		if not made then return false end
		local effect = effect_of(state, rest)
		C.gs_effect_set_texture(effect.parameters.person_made, made)
		set_background(effect.parameters, rest, d)
		set_looks(effect.parameters, rest, self, d)
		show(self, rest, effect, width, height)
		return true
	end
	local effect = effect_of(state, set)
	set_person(effect.parameters, set, self, d)
	set_background(effect.parameters, set, d)
	set_looks(effect.parameters, set, self, d)
	local inner, around
	-- A moved edge or an inverted alpha leaves the bounding box.
	if not d.matte and self.settings.output ~= "inverted" then
		if set == effect_variants.PLAIN_TRANSPARENT then
			inner = part_of(self, self.settings, width, height)
		elseif effect_variants.boxed(set) then
			inner = part_of(self, self.settings, width, height)
			local backdrop = effect_variants.backdrop(d.background)
			around = effect_of(state, backdrop)
			set_background(around.parameters, backdrop, d)
		end
	end
	show(self, set, effect, width, height, inner, around)
	return true
end

-- Draws the camera of `self` with its alpha. Returns false, with nothing drawn, when something that
-- hides the room is missing: then the cover must be drawn.
function M.draw(self, time, now, width, height)
	local s = self.settings
	local parent = C.obs_filter_get_parent(self.filter)
	if parent == nil then return true end
	local owner = scenes.owner(self, "background", parent)
	local layers = scenes.owner(self, "layers", parent)
	local zoned = scenes.owner(self, "zones", parent)
	local good, picture, zone_picture, behind, front = draw_sources(
		self, owner, layers, zoned, time, now, width, height)
	if not good then return false end

	local d, f = drawn, facts
	d.owner, d.layers, d.width, d.height, d.time = owner, layers, width, height, time
	d.picture, d.zones, d.behind, d.front = picture, zone_picture, behind, front
	d.matte, d.blurred, d.fitted, d.background = nil, nil, nil, nil
	for name in pairs(MAKE) do d[name] = nil end
	f.output = s.output

	-- What is made of this camera's picture.
	self.person.alpha = intermediates.alpha(self, width, height)
	self.person.threshold, self.person.softness = s.threshold, s.softness
	if s.grow ~= 0 or s.feather ~= 0 then
		d.matte = intermediates.matte(self, width, height)
		if not d.matte then return false end
	end
	if s.output ~= "alpha" then
		d.background = make_background(self, d)
		if not d.background then return false end
	end
	f.background, f.translucent = d.background, self.state.translucent
	make_looks(self, d, f)
	local set = effect_variants.set_of(f)
	self.drawn_set = set
	if set == effect_variants.NOTHING then return true end
	-- The camera's own alpha is blended by OBS, in linear light.
	local under = effect_variants.under(set)
	return (not under or put_together(self, under, d)) and put_together(self, set, d)
end

return M
