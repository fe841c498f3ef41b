-- Shader variants: composite.effect with some words (preprocessor macros) defined, compiled on first
-- use. A set of words is a number, one bit per word. Facts alone decide which set is drawn, so a test
-- can go through all of them and compile every effect that can ever be needed.
local graphics, looks = ...

local M = {}

-- The words that composite.effect knows, without those of the looks.
local WORDS = {
	"ALPHA_OUT", "BACKGROUND_OUT", "PERSON_OUT", "PLAIN_TRANSPARENT", "COMPOSED", "MADE",
	"COLOR", "PICTURE", "FITTED", "BLUR", "ROOM", "TRANSPARENT", "CAMERA_ALPHA",
}
for _, look in ipairs(looks.ROWS) do WORDS[#WORDS + 1] = look.word end
local BIT = {}
for index, word in ipairs(WORDS) do BIT[word] = 2 ^ (index - 1) end

function M.has(set, word) return bit.band(set, BIT[word]) ~= 0 end
local has = M.has

-- The facts that decide what is drawn, with their values, besides the looks and whether the camera is
-- `translucent` (has its own alpha). A background is `fitted` where it is a still image rendered in
-- the camera's size.
M.OUTPUTS = { "cutout", "background", "alpha", "inverted" }
M.BACKGROUNDS = { "transparent", "color", "picture", "fitted", "blur", "room" }

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

-- The set of a background that gives light, with nothing in front of it.
function M.backdrop(background) return OF_BACKGROUND[background] + BIT.BACKGROUND_OUT end

-- The set that draws nothing, and that of the person alone as the camera shows it.
M.NOTHING, M.PLAIN_TRANSPARENT = 0, BIT.PLAIN_TRANSPARENT

-- The set of the person's colour after *Brighten me*, alone.
M.BRIGHTENED = BIT.PERSON_OUT + BIT.TONE

-- What a look can change in each output.
local CHANGED = {
	cutout = { alpha = true, color = true, under = true, over = true },
	background = { under = true, over = true },
	alpha = { alpha = true },
}
CHANGED.inverted = CHANGED.cutout

-- Whether `look` can be seen under `facts` (see M.set_of); of the other looks only those before it
-- count.
function M.is_seen(look, facts)
	return CHANGED[facts.output][look.changes]
		and (not look.lit or M.gives_light(facts.background))
		and (not look.needs or facts[look.needs])
end

-- The words of those looks of `facts` that change `what`.
local function words_of(facts, what)
	local words = 0
	for _, look in ipairs(looks.ROWS) do
		if look.changes == what and facts[look.name] and M.is_seen(look, facts) then
			words = words + BIT[look.word]
		end
	end
	return words
end

-- Returns the set that draws `facts`: {output, background, translucent, and a boolean per look}.
function M.set_of(facts)
	local output, background = facts.output, facts.background
	local alpha = words_of(facts, "alpha")
	if output == "alpha" then return BIT.ALPHA_OUT + alpha end
	local color, under = words_of(facts, "color"), words_of(facts, "under")
	local scene = OF_BACKGROUND[background] + under + words_of(facts, "over")
	-- The unchanged person in front of the unchanged room is just the camera's picture.
	if output == "background" or background == "room" and under == 0 and color == 0 then
		return scene == BIT.TRANSPARENT and M.NOTHING or scene + BIT.BACKGROUND_OUT
	end
	if scene == BIT.TRANSPARENT and color == 0 then return BIT.PLAIN_TRANSPARENT + alpha end
	if facts.translucent and M.gives_light(background) then
		scene = bit.bor(scene, BIT.CAMERA_ALPHA)
	end
	return BIT.COMPOSED + scene + alpha + color
end

-- OBS binds at most this many textures per draw call. It does not check: more overwrite its memory.
local MOST_TEXTURES = 8
-- How many sets of words get their own effect: drivers keep about a megabyte of each effect that was
-- ever compiled.
local OWN_EFFECTS = 32
-- Beyond either limit a set is drawn in two steps, first the person alone, then everything composited
-- with it. Each step's effect has all looks that change something there; those that are not wanted are
-- set to do nothing.
local STEP = { alpha = "PERSON_OUT", color = "PERSON_OUT", under = "MADE", over = "MADE" }
local OF_STEP = { PERSON_OUT = {}, MADE = {} }

-- With no other words there is nothing but background outside the alpha's bounding box.
local BOXED = BIT.COMPOSED + BIT.COLOR + BIT.PICTURE + BIT.FITTED + BIT.BLUR + BIT.CAMERA_ALPHA
local OF_PERSON, OF_LAYERS = BIT.COMPOSED, 0
for _, look in ipairs(looks.ROWS) do
	local step = STEP[look.changes]
	table.insert(OF_STEP[step], look)
	if step == "PERSON_OUT" then
		OF_PERSON = OF_PERSON + BIT[look.word]
	else
		OF_LAYERS = OF_LAYERS + BIT[look.word]
	end
	if look.changes == "color" then BOXED = BOXED + BIT[look.word] end
end

function M.boxed(set)
	return has(set, "COMPOSED") and bit.band(set, BOXED) == set
end

local OPAQUE = BIT.COLOR + BIT.PICTURE + BIT.FITTED

-- The set to draw under a picture with the camera's own alpha: the background as it would be without
-- the camera. Nil where none is needed.
function M.under(set)
	if not has(set, "COMPOSED") or not has(set, "CAMERA_ALPHA") or bit.band(set, OPAQUE) == 0 then
		return nil
	end
	return bit.band(set, OPAQUE + OF_LAYERS) + BIT.BACKGROUND_OUT
end

-- How many textures a set binds in one step; looks may share them.
local function textures_of(set)
	local count, counted = 2, {}
	for _, word in ipairs({ "PICTURE", "FITTED", "BLUR" }) do
		if has(set, word) then count = count + 1 end
	end
	for _, look in ipairs(looks.ROWS) do
		for _, name in ipairs(has(set, look.word) and look.textures or {}) do
			if not counted[name] then count, counted[name] = count + 1, true end
		end
	end
	return count
end

-- The two sets that draw `set` in two steps, the person alone and the rest; nil where one is enough.
-- `crowded`: no further set gets an effect of its own.
function M.steps(set, crowded)
	if not has(set, "COMPOSED") or (textures_of(set) <= MOST_TEXTURES and not crowded) then
		return nil
	end
	local of_person = bit.band(set, OF_PERSON)
	return of_person - BIT.COMPOSED + BIT.PERSON_OUT, set - of_person + BIT.MADE
end

-- Returns the name and the #define lines of the effect that draws `set`, and the looks whose words
-- were added to it, which must be set to do nothing.
function M.recipe(set, crowded)
	local step = has(set, "PERSON_OUT") and "PERSON_OUT"
		or (has(set, "MADE") or has(set, "BACKGROUND_OUT") and crowded) and "MADE" or nil
	local added = {}
	for _, look in ipairs(step and OF_STEP[step] or {}) do
		if not has(set, look.word) then
			set = set + BIT[look.word]
			added[#added + 1] = look
		end
	end
	local lines = {}
	for _, word in ipairs(WORDS) do
		if has(set, word) then lines[#lines + 1] = "#define " .. word .. "\n" end
	end
	return "composite" .. set, table.concat(lines), added, step ~= nil
end

local variants, own_effects = {}, 0

-- Whether a set that is only drawn ahead (warm_up.lua) may still get its own effect.
function M.has_spare() return own_effects < OWN_EFFECTS / 2 end

local function new_recipe(set)
	local name, defines, added, shared = M.recipe(set, own_effects >= OWN_EFFECTS)
	if not shared then own_effects = own_effects + 1 end
	variants[set] = { name = name, defines = defines, added = added }
	return variants[set]
end

-- Returns the effect that draws `set`; the parameters of its words must be set after this call.
function M.effect(state, set)
	local recipe = variants[set] or new_recipe(set)
	local effect = graphics.effect(state, "composite", recipe.defines, recipe.name)
	for _, look in ipairs(recipe.added) do looks.bind_nothing(look, effect.parameters, state) end
	return effect
end

local steps = {}

-- The two sets to draw `set` with now, or nil. A set that was once drawn in one step always is.
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
