-- Which effect draws what: composite.effect with some words defined, compiled when first asked for.
-- A set of words is a number, the sum of the words' bits. What a set is follows from facts alone, so
-- that a test can go through all of them and compile every effect that can ever be asked for.
local obs, graphics = ...
local C = obs.C

local M = {}

-- The words that composite.effect knows.
local WORDS = {
	"ALPHA_OUT", "BACKGROUND_OUT", "PERSON_OUT", "PLAIN_TRANSPARENT", "COMPOSED", "MADE",
	"COLOR", "PICTURE", "FITTED", "BLUR", "ROOM", "TRANSPARENT", "CAMERA_ALPHA",
	"ZONES", "CLEAN", "MATCH", "WRAP", "SHADOW", "BEHIND", "DEPTH", "FRONT",
}
local BIT = {}
for index, word in ipairs(WORDS) do BIT[word] = 2 ^ (index - 1) end

function M.has(set, word) return bit.band(set, BIT[word]) ~= 0 end
local has = M.has

-- All that decides what is drawn, and the values it can have. A background is `fitted` where a still
-- picture lies ready in the camera's size; `translucent` is a camera with an alpha of its own.
M.OUTPUTS = { "cutout", "background", "alpha", "inverted" }
M.BACKGROUNDS = { "transparent", "color", "picture", "fitted", "blur", "room" }
M.LOOKS = { "zones", "clean", "match", "wrap", "shadow", "behind", "depth", "front", "translucent" }

local OF_BACKGROUND = {
	transparent = BIT.TRANSPARENT,
	color = BIT.COLOR,
	picture = BIT.PICTURE,
	fitted = BIT.FITTED,
	blur = BIT.BLUR + BIT.CAMERA_ALPHA,
	room = BIT.ROOM + BIT.CAMERA_ALPHA,
}

-- Whether the background's light falls on the person.
function M.gives_light(background) return background ~= "transparent" and background ~= "room" end

-- The set of a background that gives light, with nothing before it.
function M.backdrop(background) return OF_BACKGROUND[background] + BIT.BACKGROUND_OUT end

-- The set that draws nothing, and that of the person alone as the camera shows it.
M.NOTHING, M.PLAIN_TRANSPARENT = 0, BIT.PLAIN_TRANSPARENT

-- Returns the set that draws `facts`, {output, background, and for each look whether it is there}.
function M.set_of(facts)
	local output, background = facts.output, facts.background
	local zones = facts.zones and BIT.ZONES or 0
	if output == "alpha" then return BIT.ALPHA_OUT + zones end
	local behind = (facts.shadow and BIT.SHADOW or 0) + (facts.behind and BIT.BEHIND or 0)
		+ (facts.behind and facts.depth and BIT.DEPTH or 0)
	local scene = OF_BACKGROUND[background] + behind + (facts.front and BIT.FRONT or 0)
	-- The person as the camera shows it, before the room as the camera shows it, is the camera.
	if output == "background" or background == "room" and behind == 0 and not facts.clean then
		return scene == BIT.TRANSPARENT and M.NOTHING or scene + BIT.BACKGROUND_OUT
	end
	if scene == BIT.TRANSPARENT and not facts.clean then return BIT.PLAIN_TRANSPARENT + zones end
	local lit = M.gives_light(background)
	if facts.translucent and lit then scene = bit.bor(scene, BIT.CAMERA_ALPHA) end
	return BIT.COMPOSED + scene + zones + (facts.clean and BIT.CLEAN or 0)
		+ (lit and facts.match and BIT.MATCH or 0) + (lit and facts.wrap and BIT.WRAP or 0)
end

local OF_BACKGROUNDS = BIT.COLOR + BIT.PICTURE + BIT.FITTED + BIT.BLUR + BIT.ROOM + BIT.TRANSPARENT
local OF_LAYERS = BIT.SHADOW + BIT.BEHIND + BIT.DEPTH + BIT.FRONT
local OPAQUE = BIT.COLOR + BIT.PICTURE + BIT.FITTED

-- The set of what has to lie under a picture with the camera's own alpha: the background that would
-- be there without the camera. Nil where nothing has to.
function M.under(set)
	if not has(set, "COMPOSED") or not has(set, "CAMERA_ALPHA") or bit.band(set, OPAQUE) == 0 then
		return nil
	end
	return bit.band(set, OF_BACKGROUNDS + OF_LAYERS) + BIT.BACKGROUND_OUT
end

-- With these words alone there is nothing but background outside the box of the alpha.
local BOXED = BIT.COMPOSED + BIT.COLOR + BIT.PICTURE + BIT.FITTED + BIT.BLUR + BIT.CAMERA_ALPHA
	+ BIT.WRAP + BIT.CLEAN + BIT.MATCH

function M.boxed(set)
	return has(set, "COMPOSED") and bit.band(set, BOXED) == set
end

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

local OF_PERSON = BIT.COMPOSED
for _, word in ipairs(OF_STEP.PERSON_OUT) do OF_PERSON = OF_PERSON + BIT[word] end

-- The two sets that draw `set` in two steps, the person alone and the rest; nil where one is enough.
-- `crowded`: no further set gets an effect of its own.
function M.steps(set, crowded)
	if not has(set, "COMPOSED") or (textures_of(set) <= MOST_TEXTURES and not crowded) then
		return nil
	end
	local of_person = bit.band(set, OF_PERSON)
	return of_person - BIT.COMPOSED + BIT.PERSON_OUT, set - of_person + BIT.MADE
end

-- Returns the name and the words, as lines of text, of the effect that draws `set`; and those of them
-- that are not in `set`, which have to be set to do nothing.
function M.recipe(set, crowded)
	local step = has(set, "PERSON_OUT") and "PERSON_OUT"
		or (has(set, "MADE") or has(set, "BACKGROUND_OUT") and crowded) and "MADE" or nil
	local added = {}
	for _, word in ipairs(step and OF_STEP[step] or {}) do
		if not has(set, word) then
			set = set + BIT[word]
			added[#added + 1] = word
		end
	end
	local lines = {}
	for _, word in ipairs(WORDS) do
		if has(set, word) then lines[#lines + 1] = "#define " .. word .. "\n" end
	end
	return "composite" .. set, table.concat(lines), added, step ~= nil
end

local variants, own_effects = {}, 0

local function new_recipe(set)
	local name, defines, added, shared = M.recipe(set, own_effects >= OWN_EFFECTS)
	if not shared then own_effects = own_effects + 1 end
	variants[set] = { name = name, defines = defines, added = added }
	return variants[set]
end

-- Returns the effect that draws what the words of `set` say; the parameters of these words are to
-- be set after that.
function M.effect(state, set)
	local recipe = variants[set] or new_recipe(set)
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

local steps = {}

-- The two sets that `set` is to be drawn with now, or nil. What was drawn in one step still is.
function M.steps_now(set)
	local made = steps[set]
	if made == nil then
		local person, rest = M.steps(set, own_effects >= OWN_EFFECTS)
		made = person and { person, rest } or false
		steps[set] = made
	end
	if made then return made[1], made[2] end
	return nil
end

return M
