-- Images, videos and OBS sources that a filter draws. The filter asks for one by kind and name; the
-- script finds or creates it off the graphics thread and offers it (see vb_link/layout.py).
local ffi = require("ffi")
local obs, link, graphics, passes, scenes = ...
local C = obs.C

local M = {}

-- How often a failed offer and a refused source are checked again; within what time OBS reloads a
-- still image whose file has changed; and after what time, and how many OBS frames, without being
-- drawn a video is paused.
local AGAIN_NS, RENEW_NS, REREAD_NS, PAUSE_NS, PAUSE_FRAMES = 0.5e9, 1e9, 3e9, 2e9, 3

local STEPS = { "1", "2", "3" }

-- Creates an asset; `name` keeps its textures apart from those of others.
function M.new(name)
	local names = {}
	for index, step in ipairs(STEPS) do names[index] = "asset_" .. name .. step end
	return {
		name = "asset_" .. name, steps = names,
		kind = "", wish = "", problem = "", polled_ns = 0, drawn_ns = 0,
	}
end

local function ask(asset)
	asset.problem, asset.answered = "", false
	link.wish(asset.segment, asset.slot, asset.kind, asset.wish)
end

-- Sets what is wanted, "" for nothing. The former asset stays until the new one arrives.
function M.want(asset, segment, count, kind, name)
	if name == "" then kind = "" end
	if asset.kind == kind and asset.wish == name then return end
	asset.kind, asset.wish = kind, name
	if kind == "" then
		M.drop(asset)
		return
	end
	if not asset.slot then
		asset.slot = link.take_asset(segment, count)
		if not asset.slot then
			asset.problem = "TooMany"
			return
		end
		asset.segment = segment
	end
	ask(asset)
end

local function let_go(asset)
	if asset.source then
		obs.release(asset.source)
	elseif asset.weak then
		local source = C.obs_weak_source_get_source(asset.weak)
		if source ~= nil then
			obs.later(C.obs_source_dec_showing, source)
			obs.release(source)
		end
		C.obs_weak_source_release(asset.weak)
	end
	asset.source, asset.weak, asset.texture = nil, nil, nil
end

-- Releases everything.
function M.drop(asset)
	let_go(asset)
	if asset.slot then
		link.give_asset(asset.slot)
		asset.slot = nil
	end
	asset.kind, asset.wish, asset.problem = "", "", ""
end

-- Takes what the script offers. Called once a frame.
function M.poll(asset, now)
	local slot = asset.slot
	if not slot or asset.answered then return end
	if asset.problem ~= "" and now - asset.polled_ns < AGAIN_NS then return end
	asset.polled_ns = now
	local offer = link.take_offer(slot)
	if not offer then return end
	if offer == 0 then
		asset.problem = ffi.string(slot.offer_error)
		-- A background keeps its former picture while the new file cannot be used. Painted zones do
		-- not: a new painting that cannot be read might hide a door.
		local stays = asset.stays and asset.kind ~= "source"
		if not stays and (asset.source or asset.weak) then let_go(asset) end
		return
	end
	let_go(asset)
	asset.answered, asset.problem = true, ""
	local pointer = ffi.cast("void *", ffi.cast("uintptr_t", offer))
	asset.still, asset.video = false, false
	if asset.kind == "source" then
		asset.weak = pointer
		local source = C.obs_weak_source_get_source(pointer)
		if source ~= nil then
			C.obs_source_inc_showing(source)
			obs.release(source)
		end
	else
		asset.source = pointer
		asset.video, asset.playing = asset.kind == "video", true
		asset.still = asset.kind == "image" and not asset.wish:lower():match("%.gif$")
		asset.file_changes, asset.changing_ns = slot.file_changes, 0
	end
	asset.drawn_ns = now
end

-- Whether the texture still matches the image file.
local function holds(asset, now, wide, high)
	if not asset.still or not asset.texture or asset.wide ~= wide or asset.high ~= high then
		return false
	end
	if asset.slot.file_changes ~= asset.file_changes then
		asset.file_changes, asset.changing_ns = asset.slot.file_changes, now + REREAD_NS
	end
	return asset.made_ns >= asset.changing_ns or now - asset.made_ns < RENEW_NS
end

-- Pauses a video that is not drawn.
function M.rest(asset, now)
	asset.unseen = (asset.unseen or 0) + 1
	if asset.video and asset.playing and now - asset.drawn_ns > PAUSE_NS
		and asset.unseen > PAUSE_FRAMES then
		asset.playing = false
		C.obs_source_media_play_pause(asset.source, true)
	end
end

local function draw(asset, state, source, wide, high)
	local width, height = C.obs_source_get_width(source), C.obs_source_get_height(source)
	if width < 1 or height < 1 then return nil end
	-- At most twice the size shown; shrinking does the rest without aliasing.
	local scale = math.min(1, 2 * math.max(wide / width, high / height))
	local w, h = math.ceil(width * scale), math.ceil(height * scale)
	local alone = obs.drawing_flags(source) == obs.FLAG_ASYNC
		and C.obs_source_filter_count(source) == 0
	local texture = graphics.draw_source(
		state, asset.name, obs.render, source, w, h, width, height, alone)
	if texture and w > wide and h > high then
		local ratio = math.max(wide / w, high / h)
		if ratio < 0.75 then
			texture = passes.shrink(state, asset.steps, texture, w, h,
				math.ceil(w * ratio), math.ceil(h * ratio))
		end
	end
	asset.width, asset.height = width, height
	return texture
end

-- The sources whose filter of this script is drawing now, by key. Drawn again from inside it, OBS
-- shows such a source without its filters: nothing that shows one may be drawn meanwhile.
M.drawing = {}

-- Draws the asset, once a frame, for about wide x high pixels, with the textures of `state`. Returns
-- a premultiplied texture, or nil while there is none. A source that shows the camera it is drawn
-- for, or anything that draws this very asset, is refused.
function M.draw(asset, state, time, now, wide, high)
	if asset.busy then
		asset.circle = true
		return nil
	end
	if asset.time == time then return asset.texture end
	if asset.refused_ns and now - asset.refused_ns < RENEW_NS then return nil end
	local source = asset.source
	if asset.weak then
		source = C.obs_weak_source_get_source(asset.weak)
		if source == nil then
			-- It was removed: ask again, it may come back under its name.
			let_go(asset)
			ask(asset)
			return nil
		end
	end
	if not source then return nil end
	asset.drawn_ns, asset.unseen = now, 0
	if holds(asset, now, wide, high) then return asset.texture end
	if asset.video and not asset.playing then
		asset.playing = true
		C.obs_source_media_play_pause(source, false)
	end
	asset.busy, asset.circle = true, false
	local texture
	if asset.weak and obs.shows(source, M.drawing) then
		asset.circle = true
	else
		-- A camera inside belongs to the asset's own scenes, not to those that show the asset.
		texture = scenes.within(scenes.NONE, draw, asset, state, source, wide, high)
	end
	asset.busy = false
	if asset.weak then obs.release(source) end
	if asset.circle then
		texture, asset.refused_ns, asset.problem = nil, now, "Circle"
	elseif asset.refused_ns then
		asset.refused_ns, asset.problem = nil, ""
	end
	asset.time, asset.made_ns, asset.texture = time, now, texture
	asset.wide, asset.high = wide, high
	return texture
end

return M
