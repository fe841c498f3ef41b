-- The filter's end of the shared memory: frames out, alphas in, newest wins, nothing waits.
-- Loaded with the libobs module as its argument.
local ffi = require("ffi")
local obs = ...
local C = obs.C

local M = {}

local one_byte = ffi.new("uint8_t[1]", 0)

-- Maps the segment whose declarations and address the script handed over. Returns nil and a
-- sentence when this LuaJIT lays the structures out otherwise than Python does.
function M.open(half)
	if not pcall(ffi.typeof, "vb_segment") then ffi.cdef(half.cdef) end
	for name, offset in pairs(half.offsets) do
		local structure, field = name:match("(.*)%.(.*)")
		if ffi.offsetof(structure, field) ~= offset then
			return nil, "The shared memory's layout differs at " .. name .. ": please report this."
		end
	end
	M.slots = half.slots
	return ffi.cast("vb_segment *", ffi.cast("uintptr_t", half.address))
end

-- Takes a free channel for one filter, or nil when all are taken.
function M.take_channel(segment, count)
	M.last_use = (M.last_use or 0) + 1
	for index = 0, count - 1 do
		local channel = segment.channels[index]
		if channel.used == 0 then
			channel.generation = channel.generation + 1
			channel.drawn_frames, channel.state = 0, 0
			channel.delay_frames, channel.delay_ms, channel.repeated_frames = 0, 0, 0
			channel.mark_picture[0] = 0
			ffi.fill(channel.mark_kinds, ffi.sizeof(channel.mark_kinds))
			channel.source_ns, channel.capture_ns, channel.draw_ns = 0, 0, 0
			ffi.fill(channel.age_histogram, ffi.sizeof(channel.age_histogram))
			ffi.fill(channel.status, ffi.sizeof(channel.status))
			obs.fence()
			channel.used = M.last_use
			return channel
		end
	end
	return nil
end

-- Whether the worker process lives: its death hangs up its end of the life pipe.
local waiting = not obs.windows and ffi.new("struct vb_pollfd[1]") or nil
function M.worker_lives(segment)
	if segment.alive == 0 or segment.life < 0 then return false end
	if obs.windows then
		return C.WaitForSingleObject(ffi.cast("void *", segment.life), 0) ~= 0
	end
	waiting[0].fd, waiting[0].events, waiting[0].revents = tonumber(segment.life), 0, 0
	return ffi.C.poll(waiting, 1, 0) == 0
end

function M.wake(segment)
	if obs.windows then
		ffi.C.SetEvent(ffi.cast("void *", segment.wake))
	else
		ffi.C.write(tonumber(segment.wake), one_byte, 1)
	end
end

local function same(slot, data, linesize, width, height)
	if slot.sequence == 0 or slot.width ~= width or slot.height ~= height then return false end
	if linesize ~= width * 4 then return false end
	if obs.windows then return false end
	return ffi.C.memcmp(slot.pixels, data, linesize * height) == 0
end

-- Hands one small RGBA picture to the worker. Returns false when it is the picture handed over
-- last: nothing is sent then, and the last alpha still fits.
function M.send_frame(segment, channel, id, generation, data, linesize, width, height)
	local last = channel.frames[channel.frame_newest]
	if last.generation == generation and same(last, data, linesize, width, height) then
		return false
	end
	local index = (channel.frame_newest + 1) % M.slots
	local slot = channel.frames[index]
	slot.sequence = bit.bor(slot.sequence + 1, 1)
	obs.fence()
	slot.frame_id, slot.generation = id, generation
	slot.width, slot.height = width, height
	if linesize == width * 4 then
		ffi.copy(slot.pixels, data, linesize * height)
	else
		for row = 0, height - 1 do
			ffi.copy(slot.pixels + row * width * 4, data + row * linesize, width * 4)
		end
	end
	obs.fence()
	slot.sequence = slot.sequence + 1
	obs.fence()
	channel.frame_newest = index
	channel.frame_count = channel.frame_count + 1
	M.wake(segment)
	return true
end

-- The boxes of the alpha taken last.
M.boxes = ffi.new("uint16_t[32]")

-- Copies the alpha in slot `index` into `buffer`, and its depth into `depths`, if it is whole, of
-- this generation and of a sane size. Returns frame id, width, height, whether depth came; or nil.
function M.take_alpha(channel, index, generation, buffer, depths, capacity)
	if index >= M.slots or channel.alpha_used ~= channel.used then return nil end
	local slot = channel.alphas[index]
	local sequence = slot.sequence
	if sequence == 0 or sequence % 2 == 1 then return nil end
	obs.fence()
	local width, height, id = slot.width, slot.height, tonumber(slot.frame_id)
	if slot.generation ~= generation or width < 1 or height < 1 then return nil end
	if width * height > capacity then return nil end
	ffi.copy(buffer, slot.pixels, width * height)
	ffi.copy(M.boxes, slot.boxes, ffi.sizeof(M.boxes))
	local has_depth = slot.has_depth ~= 0
	if has_depth then ffi.copy(depths, slot.depth, width * height) end
	obs.fence()
	if slot.sequence ~= sequence then return nil end
	return id, width, height, has_depth
end

-- Takes a free asset slot, or nil when all are taken.
function M.take_asset(segment, count)
	M.last_use = (M.last_use or 0) + 1
	for index = 0, count - 1 do
		local slot = segment.assets[index]
		if slot.used == 0 then
			slot.wish_kind[0], slot.wish_name[0] = 0, 0
			obs.fence()
			slot.used = M.last_use
			return slot
		end
	end
	return nil
end

function M.give_asset(slot)
	slot.used = 0
end

local function wake_script(segment)
	if segment.script_wake == 0 then return end
	if obs.windows then
		ffi.C.SetEvent(ffi.cast("void *", segment.script_wake))
	else
		ffi.C.write(tonumber(segment.script_wake), one_byte, 1)
	end
end

-- Asks the script for something to draw.
function M.wish(segment, slot, kind, name)
	M.set_text(slot.wish_kind, kind)
	M.set_text(slot.wish_name, name)
	obs.fence()
	slot.wish_sequence = slot.wish_sequence + 1
	wake_script(segment)
end

-- Takes what is offered for the last wish: a pointer as a number, 0 for a refusal (its sentence is
-- in the slot), nil while there is no answer.
function M.take_offer(slot)
	if slot.offer_used ~= slot.used or slot.offer_sequence ~= slot.wish_sequence then return nil end
	obs.fence()
	local offer = slot.offer
	if offer ~= 0 then slot.taken = slot.wish_sequence end
	return tonumber(offer)
end

-- Asks the script to do something: words, one a line.
function M.request(segment, count, ...)
	M.set_text(segment.requests[tonumber(segment.request_count) % count].text,
		table.concat({ ... }, "\n"))
	obs.fence()
	segment.request_count = segment.request_count + 1
	wake_script(segment)
end

-- The names, one a line, that `field` of the segment holds; "" while they are being written.
function M.names(segment, field)
	local sequence = segment.names_sequence
	if sequence % 2 == 1 then return "" end
	obs.fence()
	local names = ffi.string(segment[field])
	obs.fence()
	return segment.names_sequence == sequence and names or ""
end

function M.set_text(field, text)
	ffi.copy(field, text:sub(1, ffi.sizeof(field) - 1))
end

function M.set_field(structure, key, value)
	if type(value) == "string" then
		M.set_text(structure[key], value)
	else
		structure[key] = value
	end
end

return M
