-- What happens in a frame: the picture goes to the worker, an alpha comes back, and a pair is chosen
-- to draw.
local ffi = require("ffi")
local obs, link, graphics, capture, passes, delay_ring, pace, intermediates, strokes = ...
local C = obs.C

local M = {}

-- How long an answer may be missing before the cover is drawn: both this many frames and this long
-- beyond three times the worker's time per picture. While OBS stands still no answer can be taken.
local PATIENCE_FRAMES, PATIENCE_NS = 3, 0.25e9
-- After a pause this long the picture counts as a new one.
local PAUSE_NS = 0.2e9
-- For how many frames the last pair is held while the next is made: half a second at the usual 30 fps,
-- as a worker that slept is slow to wake on a busy computer.
local HELD_FRAMES = 15
local HISTORY = 256
-- Where starting a read-back blocks this long this many times in a row, it is started a frame later.
-- After ever longer pauses it is tested whether it still blocks.
local SLOW_STAGE_NS, SLOW_STAGES = 0.3e6, 10
local FIRST_PAUSE_NS, LONGEST_PAUSE_NS = 10e9, 320e9

local half, segment
local alpha_bytes, depth_bytes

-- Takes the script's table and the segment.
function M.use(new_half, new_segment)
	half, segment = new_half, new_segment
	alpha_bytes = alpha_bytes or ffi.new("uint8_t[?]", half.alpha_bytes + link.SPARE)
	depth_bytes = depth_bytes or ffi.new("uint8_t[?]", half.alpha_bytes)
end

-- Sets up what a camera's filter remembers about its frames.
function M.set_up(self)
	self.frame, self.id, self.generation, self.first_id = 0, 0, 0, 1
	self.captured_frame, self.captured_ns = {}, {}
	self.slow_stages, self.quick_stages, self.stage_pause_ns = 0, 0, FIRST_PAUSE_NS
	self.slot, self.spare, self.held = delay_ring.slot(""), delay_ring.slot("spare_"), {}
	self.pace, self.oldest, self.masked_frame = pace.new(), 0, -1
	self.person, self.ahead = {}, {}
end

-- Called once in each OBS frame, drawn or not.
function M.tick(self) pace.tick(self.pace) end

-- The CPU time of this thread.
local clock = not obs.windows and ffi.new("struct vb_timespec") or nil
local THREAD_CPU_CLOCK = ffi.os == "OSX" and 16 or 3
function M.thread_ns()
	if obs.windows then return tonumber(C.os_gettime_ns()) end
	ffi.C.clock_gettime(THREAD_CPU_CLOCK, clock)
	return tonumber(clock.seconds) * 1e9 + tonumber(clock.nanoseconds)
end

-- Tells the worker that what comes now has nothing to do with what came before.
local function begin_generation(self)
	self.generation = (self.generation + 1) % 2 ^ 32
	self.channel.generation = self.generation
end

-- Rejects all alphas made so far.
local function forget_alpha(self)
	begin_generation(self)
	self.oldest = self.generation
	self.has_alpha, self.staged_id, self.waiting_ns = false, nil, nil
	self.first_id = self.id + 1
	if self.ring then delay_ring.clear(self.ring) end
end

-- Stops drawing the held pair.
local function let_go(self)
	local held = self.held
	held.full = nil
	if held.prefix then
		graphics.drop(self.state, held.prefix)
		held.prefix = nil
	end
end

-- Holds the pair drawn in the last frame, a picture with its alpha, until there is another: it was cut
-- out already, so it shows no room.
local function hold(self)
	local held = self.held
	if held.full or self.masked_frame < self.frame - 1 then return end
	held.full, held.small, held.alpha, held.depth = self.full, self.small, self.alpha, self.depth
	held.id, held.width, held.height = self.alpha_id, self.pair_width, self.pair_height
	held.last = self.frame + HELD_FRAMES - 1
	if not self.ring then self.slot, self.spare = self.spare, self.slot end
end

-- Starts or ends frame-locked timing as the settings say. Where OBS's frames are slow, and while the
-- source's size keeps changing, only a picture's own alpha fits it, whatever they say.
local function follow_timing(self)
	local wanted = self.settings.timing == "locked" or pace.wants_pairs(self.pace)
	if wanted == (self.ring ~= nil) then return end
	hold(self)
	if wanted then
		self.ring = delay_ring.new()
	else
		local held, prefix = self.held, self.ring.prefix
		if held.full and not held.prefix then
			held.prefix = prefix
		else
			graphics.drop(self.state, prefix)
		end
		self.ring = nil
		self.channel.delay_frames, self.channel.delay_ms = 0, 0
	end
	forget_alpha(self)
end

-- How old an alpha may be, and how late the next one may come, in ns.
local function patience(self)
	return PATIENCE_NS + 3e6 * math.min(self.channel.total_ms, 400)
end

local function is_overdue(self, now)
	return self.waiting_ns ~= nil and self.frame - self.waiting_frame >= PATIENCE_FRAMES
		and now - self.waiting_ns >= patience(self)
end

local function stage(self)
	local small = self.staged_small
	capture.stage(self.state, small.texture, small.width, small.height)
end

-- Notes that an answer is awaited from `now` on.
local function await(self, now)
	if not self.waiting_ns then self.waiting_ns, self.waiting_frame = now, self.frame end
end

-- Hands the staged picture `id` to the worker.
local function hand_over(self, id, now)
	local data, linesize, width, height = capture.map(self.state)
	if not data then return await(self, now) end
	local sent = link.send_frame(
		segment, self.lane, id, self.staged_generation, data, linesize, width, height)
	capture.unmap(self.state)
	if sent then
		self.sent_id = id
		await(self, now)
	else
		-- The picture is unchanged since the last one sent, so its alpha still fits.
		if self.alpha_id == self.sent_id then self.waiting_ns = nil end
		local same = self.sent_id % HISTORY
		self.captured_frame[same] = self.captured_frame[id % HISTORY]
		self.captured_ns[same] = self.captured_ns[id % HISTORY]
	end
	if self.ring then delay_ring.expect(self.ring, id, self.sent_id) end
end

-- A GPU reads back asynchronously. Software OpenGL blocks in this call until all drawing is done; a
-- frame later there is nothing to wait for, and mapping costs nothing then either.
local function stage_now(self, now)
	local before = C.os_gettime_ns()
	stage(self)
	self.staged = true
	local slow = tonumber(C.os_gettime_ns() - before) > SLOW_STAGE_NS
	self.slow_stages = slow and self.slow_stages + 1 or 0
	self.quick_stages = slow and 0 or self.quick_stages + 1
	if not self.stages_late then
		self.stages_late = self.slow_stages >= SLOW_STAGES
	elseif slow then
		self.stage_pause_ns = math.min(2 * self.stage_pause_ns, LONGEST_PAUSE_NS)
	else
		self.stages_late = self.quick_stages < SLOW_STAGES
	end
	self.staged_ns = now
end

-- Whether to start the read-back in this very frame.
local function stages_at_once(self, now)
	return not self.stages_late or self.quick_stages > 0
		or now - self.staged_ns > self.stage_pause_ns
end

-- Uploads the alpha that was copied last into the textures of `slot`.
local function put_alpha(self, slot, width, height, has_depth)
	slot.alpha = graphics.upload(self.state, slot.alpha_name, alpha_bytes, width, height)
	if not slot.alpha.boxes then slot.alpha.boxes = ffi.new("uint16_t[32]") end
	ffi.copy(slot.alpha.boxes, link.boxes, ffi.sizeof(link.boxes))
	slot.depth = has_depth
		and graphics.upload(self.state, slot.depth_name, depth_bytes, width, height) or nil
end

local function copy_alpha(self, index)
	local id, width, height, has_depth = link.take_alpha(
		self.lane, index, self.oldest, self.generation, alpha_bytes, depth_bytes, half.alpha_bytes)
	-- Only for a picture sent since forget_alpha.
	if not id or not self.sent_id or id > self.sent_id or id < self.first_id then return nil end
	return id, width, height, has_depth
end

local function take_newest_alpha(self)
	local id, width, height, has_depth = copy_alpha(self, self.channel.alpha_newest)
	if not id or (self.has_alpha and id < self.alpha_id) then return false end
	local newest = id == self.sent_id
	if not newest and (self.id - id >= HISTORY
		or self.now - self.captured_ns[id % HISTORY] >= patience(self)) then
		-- From a worker that hung for a while: this alpha no longer fits and is ignored.
		return true
	end
	put_alpha(self, self.slot, width, height, has_depth)
	-- An alpha of another size has replaced the texture, and the last pair may be held in this frame.
	self.alpha, self.depth = self.slot.alpha, self.slot.depth
	self.has_alpha, self.alpha_id, self.waiting_ns = true, id, nil
	if not newest then await(self, self.now) end
	return true
end

-- Takes all alphas that came since the last frame, oldest first. One with the id of the newest so far
-- is a recomputed alpha for the same picture.
local function take_all_alphas(self)
	local ring, newest = self.ring, self.channel.alpha_newest
	for step = 1, link.slots do
		local id, width, height, has_depth = copy_alpha(self, (newest + step) % link.slots)
		if id and id > ring.newest_alpha then
			local slot = delay_ring.alpha(ring)
			put_alpha(self, slot, width, height, has_depth)
			delay_ring.arrived(ring, slot, id, self.frame)
		elseif id and id == ring.newest_alpha and step == link.slots then
			put_alpha(self, delay_ring.alpha_of(ring, id), width, height, has_depth)
		end
		if step == link.slots then return id ~= nil end
	end
end

local function take_alphas(self)
	local count = self.channel.alpha_count
	if count == self.alpha_count then return end
	local whole
	if self.ring then whole = take_all_alphas(self) else whole = take_newest_alpha(self) end
	if whole then self.alpha_count = count end
end

-- Chooses among the pictures of frame-locked timing.
local function choose_in_ring(self)
	local ring, channel = self.ring, self.channel
	local before = ring.shown
	local picture, alpha = delay_ring.choose(ring, self.frame)
	self.has_alpha = picture ~= nil and alpha ~= nil
		and self.frame - picture.frame <= ring.delay + HELD_FRAMES
	local lasting = self.settings.timing == "locked" or self.pace.slow
	channel.delay_frames = lasting and ring.delay or 0
	channel.delay_ms = channel.delay_frames * tonumber(C.obs_get_frame_interval_ns()) / 1e6
	if not self.has_alpha then return end
	if picture == before then channel.repeated_frames = channel.repeated_frames + 1 end
	self.full, self.small = picture.full, picture.small
	self.alpha, self.depth, self.alpha_id = alpha.alpha, alpha.depth, picture.id
	self.pair_width, self.pair_height = picture.width, picture.height
end

-- Chooses the picture and the alpha that are drawn in this frame.
local function choose_pair(self)
	self.pair_width, self.pair_height = self.width, self.height
	if self.ring then
		choose_in_ring(self)
	else
		self.alpha, self.depth = self.slot.alpha, self.slot.depth
	end
	local held = self.held
	self.holds = false
	if not held.full then return end
	if self.has_alpha or self.frame > held.last then return let_go(self) end
	self.holds = true
	self.full, self.small, self.alpha, self.depth = held.full, held.small, held.alpha, held.depth
	self.alpha_id, self.pair_width, self.pair_height = held.id, held.width, held.height
end

local function count_age(self)
	local channel = self.channel
	-- In frame-locked timing the alpha is of the very picture it is drawn with.
	local age, age_ms = 0, 0
	if not self.ring then
		age = self.frame - (self.captured_frame[self.alpha_id % HISTORY] or 0)
		age_ms = (self.now - (self.captured_ns[self.alpha_id % HISTORY] or 0)) / 1e6
	end
	channel.age_frames, channel.age_ms = age, age_ms
	local bin = math.min(age, half.age_bins - 1)
	channel.age_histogram[bin] = channel.age_histogram[bin] + 1
end

-- Makes the small picture of the frame in `slot` and starts its read-back for the worker.
local function send_small(self, slot, now)
	local channel = self.channel
	local w, h = link.wanted_size(channel, half.frame_bytes)
	if not self.ring then
		slot.small, slot.small_before = slot.small_before, slot.small
		self.small = slot.small
	end
	local small = slot.small
	small.texture = passes.shrink(
		self.state, small.names, slot.full, self.width, self.height, w, h)
	if not small.texture then
		await(self, now)
	else
		small.width, small.height = w, h
		small.frame, small.generation = self.frame, self.generation
		self.staged_small, self.staged_generation = small, self.generation
		self.staged = false
		if stages_at_once(self, now) then stage_now(self, now) end
		self.id = self.id + 1
		self.staged_id, slot.id = self.id, self.id
		self.captured_frame[self.id % HISTORY] = self.frame
		self.captured_ns[self.id % HISTORY] = now
	end
end

-- Starts over where no answer comes, and where the picture may have changed or changed its size.
local function follow_source(self, width, height)
	local resized = self.width ~= width or self.height ~= height
	local changed, reordered = self.chain ~= self.chain_before, self.order ~= self.order_before
	self.chain_before, self.order_before = self.chain, self.order
	local back, passed = pace.begin(self.pace, self.now, resized and self.width ~= nil)
	self.passed_ns = passed
	follow_timing(self)
	if resized then
		self.width, self.height = width, height
		self.channel.source_width, self.channel.source_height = width, height
	end
	if reordered then
		-- Another filter may have hidden so far what was made of these pictures, as its blurred room.
		let_go(self)
		return forget_alpha(self)
	end
	if self.ring then
		-- The waiting pictures are still drawn, with the alphas made from them.
		if resized or back or changed then
			begin_generation(self)
			delay_ring.begin_anew(self.ring, self.id)
		end
		return
	end
	if self.has_alpha and is_overdue(self, self.now) then take_alphas(self) end
	local late = self.has_alpha and is_overdue(self, self.now)
	if resized or back or changed or passed > PAUSE_NS or late then
		hold(self)
		forget_alpha(self)
	end
end

-- Called once a frame, however often the source is drawn. `below` is what the filter draws, on the
-- source `parent`.
function M.begin(self, below, parent, time, width, height, measured)
	local now = tonumber(C.os_gettime_ns())
	local channel = self.channel
	self.frame, self.now = self.frame + 1, now
	follow_source(self, width, height)
	self.time = time
	if strokes.hand_over(self, parent, half.stroke_kinds) then
		link.settings_changed(self.lane)
		link.wake(segment)
	end
	intermediates.begin_frame(self)

	local id = self.staged_id
	self.staged_id = nil
	if id then
		if not self.staged then stage(self) end
		hand_over(self, id, now)
	end
	local slot = self.ring and delay_ring.picture(self.ring, self.frame) or self.slot
	slot.full = capture.full(
		self.state, slot.full_name, below, parent, width, height, measured and M.thread_ns or nil)
	self.full, self.small, self.newest = slot.full, slot.small, slot.full
	slot.width, slot.height = width, height
	if not self.full then return end
	self.lives = link.worker_lives(segment)
	if not self.lives then
		forget_alpha(self)
		let_go(self)
		return
	end
	-- In this order software OpenGL waits only once: for `full`, from which the small picture is made.
	take_alphas(self)
	if self.ring or self.frame % math.min(math.max(channel.every, 1), half.most_every) == 0 then
		send_small(self, slot, now)
	end
	choose_pair(self)
	if self.has_alpha then count_age(self) end
	channel.drawn_frames = channel.drawn_frames + 1
end

-- Whether the alpha may be drawn: it was made from this picture or a recent one, and the next is not
-- overdue.
function M.trusted(self)
	if not self.lives then return false end
	if self.holds then return true end
	if not self.has_alpha then return false end
	return self.ring ~= nil or not is_overdue(self, tonumber(C.os_gettime_ns()))
end

-- Notes that the chosen pair was drawn in this frame.
function M.masked(self) self.masked_frame = self.frame end

return M
