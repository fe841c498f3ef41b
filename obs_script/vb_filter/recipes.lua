-- Which effect draws what a set of words says: composite.effect with these words defined, compiled
-- when first asked for. A set is a number, the sum of the words' bits.
local obs, graphics = ...
local C = obs.C

local M = {}

-- The words that composite.effect knows.
local WORDS = {
	"MATTE", "ZONES", "INVERTED", "ALPHA_OUT", "BACKGROUND_OUT", "PLAIN_TRANSPARENT", "TRANSPARENT",
	"COLOR", "PICTURE", "BARS", "BLUR", "ROOM", "CAMERA_ALPHA", "BEHIND", "DEPTH", "FRONT", "WRAP",
	"SHADOW", "CLEAN", "MATCH", "FITTED", "PERSON_OUT", "MADE",
}
local BIT = {}
for index, word in ipairs(WORDS) do BIT[word] = 2 ^ (index - 1) end
M.BIT = BIT

-- OBS binds no more textures than these in one draw: it does not check, and writes over its own.
local MOST_TEXTURES = 8
-- Drivers keep about a megabyte of each effect that was ever compiled: so many sets of words have
-- an effect of their own.
local OWN_EFFECTS = 32
-- What needs more of either is drawn in two steps, first the person alone, then all that is put
-- together with it. These have all looks in them; a look is set to do nothing by a value, and its
-- textures to a black pixel.
local OF_STEP = {
	PERSON_OUT = { "ZONES", "CLEAN", "MATCH", "WRAP" },
	MADE = { "SHADOW", "BEHIND", "DEPTH", "FRONT" },
}
local NOTHING = {
	ZONES = { textures = { "zones" } },
	CLEAN = { textures = { "person_color", "room_color" }, values = { decontaminate = 0 } },
	MATCH = { textures = { "levels" }, values = { match = 0 } },
	WRAP = { textures = { "halo", "spill" }, values = { light_wrap = 0 } },
	SHADOW = { textures = { "halo" }, places = { "shadow_offset" }, values = { shadow = 0 } },
	BEHIND = {
		textures = { "behind" }, places = { "behind_scale", "behind_offset" },
		values = { behind_opacity = 0 },
	},
	DEPTH = { textures = { "depth" }, values = { behind_depth = 1, behind_depth_edge = 0 } },
	FRONT = {
		textures = { "front" }, places = { "front_scale", "front_offset" },
		values = { front_opacity = 0 },
	},
}

function M.has(set, word) return bit.band(set, BIT[word]) ~= 0 end
local has = M.has

-- Returns `set` with all looks of `step` in it, and those that it lacked.
local function with_all_looks(set, step)
	local added = {}
	for _, word in ipairs(OF_STEP[step]) do
		if not has(set, word) then
			set = set + BIT[word]
			added[#added + 1] = word
		end
	end
	if has(set, "PICTURE") and not has(set, "BARS") then set = set + BIT.BARS end
	return set, added
end

local function words_of(set)
	local lines = {}
	for _, word in ipairs(WORDS) do
		if has(set, word) then lines[#lines + 1] = "#define " .. word .. "\n" end
	end
	return table.concat(lines)
end

local effects_by_set, own_effects = {}, 0

local function recipe_of(set)
	local made, added = set, {}
	if has(set, "PERSON_OUT") then
		made, added = with_all_looks(set, "PERSON_OUT")
	elseif has(set, "MADE") or (has(set, "BACKGROUND_OUT") and own_effects >= OWN_EFFECTS) then
		made, added = with_all_looks(set, "MADE")
	else
		own_effects = own_effects + 1
	end
	local recipe = { name = "composite" .. made, defines = words_of(made), added = added }
	effects_by_set[set] = recipe
	return recipe
end

-- Returns the effect that draws what the words of `set` say; the parameters of these words are to
-- be set after that.
function M.effect(state, set)
	local recipe = effects_by_set[set] or recipe_of(set)
	local effect = graphics.effect(state, "composite", recipe.defines, recipe.name)
	local p = effect.parameters
	for _, word in ipairs(recipe.added) do
		local nothing = NOTHING[word]
		for _, name in ipairs(nothing.textures) do
			C.gs_effect_set_texture(p[name], graphics.black(state))
		end
		for _, name in ipairs(nothing.places or {}) do graphics.set_vec2(p[name], 0, 0) end
		for name, value in pairs(nothing.values or {}) do C.gs_effect_set_float(p[name], value) end
	end
	return effect
end

local IN_ONE_STEP = BIT.ALPHA_OUT + BIT.BACKGROUND_OUT + BIT.PLAIN_TRANSPARENT

local function textures_of(set)
	local count = 2
	for _, word in ipairs({ "ZONES", "PICTURE", "FITTED", "BLUR", "BEHIND", "DEPTH", "FRONT",
		"WRAP", "MATCH" }) do
		if has(set, word) then count = count + 1 end
	end
	if has(set, "CLEAN") then count = count + 2 end
	if has(set, "WRAP") or has(set, "SHADOW") then count = count + 1 end
	return count
end

local steps_by_set = {}

-- Whether what `set` says must be drawn in two steps: the person alone, then the rest.
function M.in_steps(set)
	local steps = steps_by_set[set]
	if steps == nil then
		steps = bit.band(set, IN_ONE_STEP) == 0
			and (textures_of(set) > MOST_TEXTURES or own_effects >= OWN_EFFECTS)
		steps_by_set[set] = steps
	end
	return steps
end

return M
