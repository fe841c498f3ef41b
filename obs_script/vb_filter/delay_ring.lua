-- Frame-locked timing. Each picture waits in a short ring buffer of textures for the alpha made from
-- that very picture and is drawn with it a constant number of frames later. This delay follows how
-- late alphas come, changes seldom and is bounded. A picture whose alpha is too late is skipped: the
-- last pair stays, for as long as the caller allows.
local M = {}

-- The longest delay, in frames.
M.LONGEST = 8
local FIRST_DELAY = 2
-- Alphas are counted in windows of WINDOW, of which MAY_BE_LATE may come late; a delay that was longer
-- than needed for CALM_WINDOWS windows becomes shorter.
local WINDOW, MAY_BE_LATE, CALM_WINDOWS = 60, 2, 5

local function small(prefix)
	return { names = { prefix .. "1", prefix .. "2", prefix .. "3" } }
end

-- A slot: the names of the textures for a picture, its small copy and the one before, an alpha and a
-- depth map.
function M.slot(prefix)
	return {
		full_name = prefix .. "full", alpha_name = prefix .. "alpha", depth_name = prefix .. "depth",
		small = small(prefix .. "small"), small_before = small(prefix .. "before"),
	}
end

-- The slots are made once: tables made in every frame would be garbage to collect. The names of a
-- ring's textures begin with its own `prefix`.
local rings = 0
function M.new()
	rings = rings + 1
	local ring = {
		prefix = "ring" .. rings .. "_",
		pictures = {}, alphas = {}, newest_alpha = 0,
		delay = FIRST_DELAY, lateness = {}, count = 0, calm = 0,
	}
	-- Besides the waiting pictures, the one shown and the one being captured.
	for number = 1, M.LONGEST + 2 do
		local prefix = ring.prefix .. number .. "_"
		ring.pictures[number], ring.alphas[number] = M.slot(prefix), M.slot(prefix)
	end
	for late = 0, M.LONGEST + 1 do ring.lateness[late] = 0 end
	return ring
end

-- Forgets all pictures and alphas; the delay stays.
function M.clear(ring)
	for number = 1, #ring.pictures do
		ring.pictures[number].id, ring.alphas[number].id = nil, nil
	end
	ring.shown, ring.newest_alpha, ring.anew = nil, 0, nil
end

-- The picture changes after `id`: the first later one with an alpha is shown at once.
function M.begin_anew(ring, id) ring.anew = id end

-- Returns the slot for the picture of `frame`: a free one, else the oldest that is not shown. It
-- stays free until the caller gives it an `id`.
function M.picture(ring, frame)
	local found
	for number = 1, #ring.pictures do
		local entry = ring.pictures[number]
		if entry ~= ring.shown then
			if not entry.id then
				found = entry
				break
			end
			if not found or entry.id < found.id then found = entry end
		end
	end
	found.id, found.frame, found.alpha_id = nil, frame, nil
	return found
end

-- Notes that picture `id` is drawn with the alpha `alpha_id`: its own, or that of an identical picture
-- sent before. Frees the pictures older than the one shown.
function M.expect(ring, id, alpha_id)
	local shown = ring.shown
	for number = 1, #ring.pictures do
		local entry = ring.pictures[number]
		if entry.id == id then entry.alpha_id = alpha_id end
		if shown and entry.id and entry.id < shown.id then entry.id = nil end
	end
end

-- The slot of the alpha `id`, or nil.
function M.alpha_of(ring, id)
	for number = 1, #ring.alphas do
		if ring.alphas[number].id == id then return ring.alphas[number] end
	end
end

-- Returns the slot for one more alpha: a free one, else the oldest, which no picture can still need,
-- but never the one that the picture shown, which may stand still, is drawn with.
function M.alpha(ring)
	local kept = ring.shown and ring.shown.alpha_id
	local found
	for number = 1, #ring.alphas do
		local entry = ring.alphas[number]
		if not entry.id then return entry end
		if entry.id ~= kept and (not found or entry.id < found.id) then found = entry end
	end
	return found
end

-- Adapts the delay to how late alphas come.
local function settle(ring, late)
	ring.lateness[late] = ring.lateness[late] + 1
	ring.count = ring.count + 1
	local beyond, needed = 0, M.LONGEST + 1
	while needed > 0 and beyond + ring.lateness[needed] <= MAY_BE_LATE do
		beyond = beyond + ring.lateness[needed]
		needed = needed - 1
	end
	if needed > ring.delay then
		ring.delay, ring.calm = math.min(needed, M.LONGEST), 0
	elseif ring.count < WINDOW then
		return
	elseif needed == ring.delay then
		ring.calm = 0
	else
		ring.calm = ring.calm + 1
		if ring.calm == CALM_WINDOWS then
			ring.delay, ring.calm = math.max(ring.delay - 1, 1), 0
		end
	end
	ring.count = 0
	for number = 0, M.LONGEST + 1 do ring.lateness[number] = 0 end
end

-- Notes that the alpha of picture `id` arrived in `slot` in `frame`.
function M.arrived(ring, slot, id, frame)
	slot.id, ring.newest_alpha = id, id
	for number = 1, #ring.pictures do
		local entry = ring.pictures[number]
		if entry.id == id then
			settle(ring, math.min(frame - entry.frame, M.LONGEST + 1))
			return
		end
	end
end

-- Chooses what is drawn in `frame`: the newest picture that has waited out the delay and has its
-- alpha; the first need not wait. Returns the slots of picture and alpha, maybe an older pair, or nil.
function M.choose(ring, frame)
	local found, its_alpha = ring.shown, nil
	for number = 1, #ring.pictures do
		local entry = ring.pictures[number]
		if entry.alpha_id and entry.id and (not found or entry.id > found.id) then
			local at_once = not ring.shown or (ring.anew and entry.id > ring.anew)
			local alpha = (at_once or entry.frame <= frame - ring.delay)
				and M.alpha_of(ring, entry.alpha_id)
			if alpha then found, its_alpha = entry, alpha end
		end
	end
	ring.shown = found
	if not found then return nil end
	if ring.anew and found.id > ring.anew then ring.anew = nil end
	return found, its_alpha or M.alpha_of(ring, found.alpha_id)
end

return M
