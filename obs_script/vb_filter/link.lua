-- The filter's end of the shared memory: frames out, alphas in, newest wins, nothing blocks.
-- Other processes can write into the channels: no index, size or text from them is used unchecked, and
-- what only the filter decides is kept in its lane, not read back.
-- Loaded with the libobs module as its argument.
local ffi = require("ffi")
local obs = ...
local C = obs.C

local M = {}

-- Where memcmp is: on Windows FFI's default libraries need not contain it.
local runtime = obs.windows and ffi.load("ucrtbase") or ffi.C

local one_byte = ffi.new("uint8_t[1]", 0)

-- What the filter tells the worker (vb_told in layout.py): its place in a channel, its bytes without
-- and with the checksum.
local told_offset, told_bytes, told_size

-- Casts the segment at the address, with the declarations, that the script handed over. Returns nil and
-- a field's name if LuaJIT's structure layout differs from Python's.
function M.open(half)
	if not pcall(ffi.typeof, "vb_segment") then ffi.cdef(half.cdef) end
	for name, offset in pairs(half.offsets) do
		local structure, field = name:match("(.*)%.(.*)")
		if ffi.offsetof(structure, field) ~= offset then
			return nil, name
		end
	end
	told_offset = ffi.offsetof("vb_channel", "frame_count") + ffi.sizeof("uint64_t")
	told_bytes, told_size = ffi.offsetof("vb_told", "settings_sum"), ffi.sizeof("vb_told")
	M.slots, M.longest_side, M.channel_count = half.slots, half.longest_side, half.channels
	local segment = ffi.cast("vb_segment *", ffi.cast("uintptr_t", half.address))
	M.channels = ffi.cast("vb_shared *", ffi.cast("uintptr_t", segment.shared)).channels
	return segment
end

local taken = {}

local function told_of(channel) return ffi.cast("uint8_t *", channel) + told_offset end

-- Copies what the filter tells into the channel, with the sum: the worker takes only what that fits.
-- Nothing is read back from there, so what another process writes gets no sum.
function M.seal(lane)
	local words = ffi.cast("const uint64_t *", lane.told)
	local sum = 0ULL + lane.settings_sequence
	for index = 0, told_bytes / 8 - 1 do sum = sum + words[index] end
	lane.told.settings_sum = sum
	ffi.copy(told_of(lane.channel), lane.told, told_size)
end

-- Takes a free channel for one filter. Returns its lane, a table with the channel and what the filter
-- remembers about it, or nil when all are taken. The worker sees it from M.publish on.
function M.take_channel()
	M.last_use = (M.last_use or 0) + 1
	for index = 0, M.channel_count - 1 do
		local channel = M.channels[index]
		if not taken[index] then
			taken[index] = true
			channel.drawn_frames, channel.state = 0, 0
			channel.delay_frames, channel.delay_ms, channel.repeated_frames = 0, 0, 0
			channel.source_ns, channel.capture_ns, channel.draw_ns = 0, 0, 0
			ffi.fill(channel.age_histogram, ffi.sizeof(channel.age_histogram))
			ffi.fill(channel.status, ffi.sizeof(channel.status))
			local lane = {
				channel = channel, index = index, used = M.last_use, newest = 0,
				settings_sequence = channel.settings_sequence,
				told = ffi.new("vb_told"),
			}
			return lane
		end
	end
	return nil
end

-- Shows the channel to the worker, which would take what an earlier filter left there for settings.
function M.publish(lane)
	obs.fence()
	lane.channel.used = lane.used
end

function M.give_channel(lane)
	lane.channel.used = 0
	taken[lane.index] = nil
end

-- Whether another process has overwritten the filter's own fields.
function M.damaged(lane)
	local channel = lane.channel
	return channel.used ~= lane.used or channel.settings_sequence ~= lane.settings_sequence
		or runtime.memcmp(told_of(channel), lane.told, told_size) ~= 0
end

-- Reclaims the channel whatever was written over it, and frees the unused ones.
function M.claim(lane)
	for index = 0, M.channel_count - 1 do
		if not taken[index] then M.channels[index].used = 0 end
	end
	M.seal(lane)
	lane.channel.frame_newest = lane.newest
	lane.channel.used = lane.used
end

-- Signals that the settings the worker reads from a channel have changed.
function M.settings_changed(lane)
	lane.settings_sequence = (lane.settings_sequence + 1) % 2 ^ 32
	M.seal(lane)
	obs.fence()
	lane.channel.settings_sequence = lane.settings_sequence
end

-- The size in which the worker wants pictures, or a default where what it asks for is invalid.
function M.wanted_size(channel, frame_bytes)
	local width, height = channel.want_width, channel.want_height
	local longest = M.longest_side
	if width < 1 or height < 1 or width > longest or height > longest
		or width * height * 4 > frame_bytes then
		return 256, 144
	end
	return width, height
end

-- The text in a field of a channel, which may lack its terminating zero.
function M.text(field)
	return (ffi.string(field, ffi.sizeof(field)):match("^[^%z]*"))
end

-- Whether the worker process lives: its death closes its end of the liveness pipe.
local waiting = not obs.windows and ffi.new("struct vb_pollfd[1]") or nil
function M.worker_lives(segment)
	if segment.alive == 0 or segment.life < 0 then return false end
	if obs.windows then
		return ffi.C.WaitForSingleObject(ffi.cast("void *", segment.life), 0) ~= 0
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
	return runtime.memcmp(slot.pixels, data, linesize * height) == 0
end

-- Sends one small RGBA picture to the worker. Returns false, with nothing sent, if it is identical to
-- the last one: the last alpha still fits.
function M.send_frame(segment, lane, id, generation, data, linesize, width, height)
	local channel = lane.channel
	local last = channel.frames[lane.newest]
	if last.generation == generation and same(last, data, linesize, width, height) then
		return false
	end
	local index = (lane.newest + 1) % M.slots
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
	lane.newest, channel.frame_newest = index, index
	channel.frame_count = channel.frame_count + 1
	M.wake(segment)
	return true
end

-- The bounding boxes of the alpha taken last.
M.boxes = ffi.new("uint16_t[32]")

-- The worker's checksum (see slots.py) of `size` bytes, which have space for zero padding after them.
local function sum_of(buffer, size, id, width, height)
	local words = ffi.cast("const uint64_t *", buffer)
	ffi.fill(buffer + size, M.SPARE)
	local sum, other = 0ULL, 0ULL
	for index = 0, math.ceil(size / 16) * 2 - 2, 2 do
		sum, other = sum + words[index], other + words[index + 1]
	end
	return sum + other + id + width * 0x100000000ULL + height * 0x1000000000000ULL
end
jit.on(sum_of)

-- How many bytes of padding a buffer for alphas needs.
M.SPARE = 16

-- Copies the alpha in slot `index` into `buffer`, and its depth into `depths`, if it is intact, of a
-- generation from `oldest` to `newest` and of a valid size. Returns frame id, width, height and whether
-- there is depth; or nil.
function M.take_alpha(lane, index, oldest, newest, buffer, depths, capacity)
	local channel = lane.channel
	if index >= M.slots or channel.alpha_used ~= lane.used then return nil end
	local slot = channel.alphas[index]
	local sequence = slot.sequence
	if sequence == 0 or sequence % 2 == 1 then return nil end
	obs.fence()
	local width, height, id = slot.width, slot.height, tonumber(slot.frame_id)
	if (newest - slot.generation) % 2 ^ 32 > (newest - oldest) % 2 ^ 32 then return nil end
	if width < 1 or height < 1 then return nil end
	if width * height > capacity then return nil end
	if width > M.longest_side or height > M.longest_side then return nil end
	local sum = slot.sum
	ffi.copy(buffer, slot.pixels, width * height)
	ffi.copy(M.boxes, slot.boxes, ffi.sizeof(M.boxes))
	local has_depth = slot.has_depth ~= 0
	if has_depth then ffi.copy(depths, slot.depth, width * height) end
	obs.fence()
	if slot.sequence ~= sequence then return nil end
	if sum_of(buffer, width * height, id, width, height) ~= sum then return nil end
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

-- Takes the offer for the last wish: a pointer as a number, 0 for a refusal (the reason is in the
-- slot), nil while there is no answer.
function M.take_offer(slot)
	if slot.offer_used ~= slot.used or slot.offer_sequence ~= slot.wish_sequence then return nil end
	obs.fence()
	local offer = slot.offer
	if offer ~= 0 then slot.taken = slot.wish_sequence end
	return tonumber(offer)
end

-- Asks the script to do something: words, one per line.
function M.request(segment, count, ...)
	M.set_text(segment.requests[tonumber(segment.request_count) % count].text,
		table.concat({ ... }, "\n"))
	obs.fence()
	segment.request_count = segment.request_count + 1
	wake_script(segment)
end

-- The names, one per line, in `field` of the segment; "" while they are being written.
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
	elseif type(value) == "boolean" then
		structure[key] = value and 1 or 0
	else
		structure[key] = value
	end
end

-- Writes the settings that not only the filter reads. Returns whether one that the worker reads has
-- changed.
function M.write_settings(told, rows, settings)
	local changed = false
	for _, row in ipairs(rows) do
		if row.reader ~= "filter" then
			local field, value = told[row.key], settings[row.key]
			local before = type(value) == "string" and M.text(field) or field
			M.set_field(told, row.key, value)
			if row.reader == "worker" then
				local after = type(value) == "string" and M.text(told[row.key]) or told[row.key]
				changed = changed or before ~= after
			end
		end
	end
	return changed
end

return M
