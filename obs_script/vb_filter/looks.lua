-- The looks that a draw can have on top of person and background, one row each. To add one, add a row
-- here and its lines in composite.effect (docs/recipes.md, "Add a look").
--
--   name      its key in the facts of effect_variants.set_of
--   word      the macro that switches it on in composite.effect
--   changes   "alpha", the person's "color", what is "under" the person, or what is "over" all
--   textures  the textures it declares there; composite.lua makes each and binds it
--   values    its floats, each from the setting of that name, with the value that does nothing
--   vectors   its float2 parameters, which `bind` sets; 0 does nothing
--   layer     its settings are those of the scene's layers, where a scene has its own
--   lit       it takes its light from the background: off where that gives none
--   needs     the name of an earlier look that it is a part of
--   wanted    (settings, lit) whether it is on, lit: the background gives light; nil: wherever its
--             textures are there
--   bind      (parameters, camera, d) sets `vectors`; d is the draw's inputs (composite.lua)
local obs, graphics = ...
local C = obs.C

-- How far the shadow falls, as shares of the height.
local SHADOW_X, SHADOW_Y = 0.012, 0.018

local function bind_shadow(p, _, d)
	graphics.set_vec2(p.shadow_offset, SHADOW_X * d.height / d.width, SHADOW_Y)
end

-- The worker's gains of red, green and blue; what it cannot have meant is no gain. Other processes can
-- write there.
local function bind_tone(p, camera, d)
	local gains = camera.channel.light_gains
	local function gain(index)
		local value = gains[index]
		return value >= 0.25 and value <= 8 and value or 1
	end
	graphics.set_vec2(p.brighten_rg, gain(0), gain(1))
	graphics.set_vec2(p.brighten_b, gain(2), 0)
	if not d.matches then C.gs_effect_set_float(p.match, 0) end
end

local M = {}

-- A layer's width and height as shares of a W x H picture; at `size` 1 it just fits inside.
function M.layer_shares(asset, size, W, H)
	local ratio = (W / H) / (asset.width / asset.height)
	if ratio < 1 then return size, size * ratio end
	return size / ratio, size
end

-- Places a layer by its settings, which all begin with `name`.
local function bind_layer(name)
	return function(p, _, d)
		local s, asset = d.layers.settings, d.layers.assets[name]
		local sx, sy = M.layer_shares(asset, s[name .. "_scale"], d.width, d.height)
		graphics.set_vec2(p[name .. "_scale"], 1 / sx, 1 / sy)
		graphics.set_vec2(
			p[name .. "_offset"], 0.5 - s[name .. "_x"] / sx, 0.5 - s[name .. "_y"] / sy)
	end
end

M.ROWS = {
	{ name = "zones", word = "ZONES", changes = "alpha", textures = { "zones" }, values = {} },
	{
		name = "clean", word = "CLEAN", changes = "color",
		textures = { "person_color", "room_color" }, values = { decontaminate = 0 },
		wanted = function(s) return s.decontaminate > 0 end,
	},
	-- Brighten me, then the match: one word, as each doubles the number of effects. `levels` is black
	-- without a match.
	{
		name = "tone", word = "TONE", changes = "color",
		textures = { "levels" }, values = { match = 0, brighten = 0 },
		vectors = { "brighten_rg", "brighten_b" },
		wanted = function(s, lit) return s.brighten > 0 or s.match > 0 and lit end,
		bind = bind_tone,
	},
	{
		name = "wrap", word = "WRAP", changes = "color", lit = true,
		textures = { "halo", "spill" }, values = { light_wrap = 0 },
		wanted = function(s) return s.light_wrap > 0 end,
	},
	{
		name = "shadow", word = "SHADOW", changes = "under",
		textures = { "halo" }, values = { shadow = 0 }, vectors = { "shadow_offset" },
		wanted = function(s) return s.shadow > 0 end,
		bind = bind_shadow,
	},
	{
		name = "behind", word = "BEHIND", changes = "under", layer = true,
		textures = { "behind" }, values = { behind_opacity = 0 },
		vectors = { "behind_scale", "behind_offset" }, bind = bind_layer("behind"),
	},
	{
		name = "depth", word = "DEPTH", changes = "under", layer = true, needs = "behind",
		textures = { "depth" }, values = { behind_depth = 1, behind_depth_edge = 0 },
		wanted = function(s) return s.depth_model ~= "" end,
	},
	{
		name = "front", word = "FRONT", changes = "over", layer = true,
		textures = { "front" }, values = { front_opacity = 0 },
		vectors = { "front_scale", "front_offset" }, bind = bind_layer("front"),
	},
}

-- Sets all parameters of `look`.
function M.bind(look, p, camera, d)
	local s = look.layer and d.layers.settings or camera.settings
	for _, name in ipairs(look.textures) do C.gs_effect_set_texture(p[name], d[name]) end
	for name in pairs(look.values) do C.gs_effect_set_float(p[name], s[name]) end
	if look.bind then look.bind(p, camera, d) end
end

-- Sets `look` to do nothing where its word is defined all the same.
function M.bind_nothing(look, p, state)
	for _, name in ipairs(look.textures) do C.gs_effect_set_texture(p[name], graphics.black(state)) end
	for name, value in pairs(look.values) do C.gs_effect_set_float(p[name], value) end
	for _, name in ipairs(look.vectors or {}) do graphics.set_vec2(p[name], 0, 0) end
end

return M
