-- The filter "Virtual Background": what has to run on OBS's graphics thread and nothing else.
-- The script loads this file and hands it one table (see vb_script/lua_half.py): the shared
-- memory, the settings and all texts.
local ffi = require("ffi")
local obslua = obslua
local folder = script_path()
local obs = dofile(folder .. "libobs.lua")
local function module(name, ...) return loadfile(folder .. name .. ".lua")(...) end
local link = module("link", obs)
local graphics = module("graphics", obs, folder)
local capture = module("capture", obs, graphics)
local locked = module("locked")
local passes = module("passes", obs, graphics)
local scenes = module("scenes", obs)
local assets = module("assets", obs, link, graphics, passes, scenes)
local marks = module("marks", scenes)
local order = module("order", obs)
local looks = module("looks", obs, link, assets, graphics)
local composite = module("composite", obs, graphics, passes, assets, scenes)
local rehearsal = module("rehearsal", obs, graphics, composite, scenes)
local panels = module("properties", obs, link)
local C = obs.C
local text = panels.text

local half, segment

-- How long a missing answer may take before the cover is drawn, beyond three times what the
-- worker's pictures take.
local PATIENCE_NS = 0.25e9
-- A source not drawn for this long may show anything when it comes back.
local ABSENCE_NS = 0.3e9
-- A panel is not rebuilt sooner than this after the user changed something in it.
local QUIET_NS = 2e9
local HISTORY = 256
-- Where beginning a read-back waits this long so many times running, it is begun a frame later.
local SLOW_STAGE_NS, SLOW_STAGES = 0.3e6, 10
local EVERY_PART = { background = true, layers = true, zones = true }

local alpha_capacity
local alpha_bytes, depth_bytes

-- Settings

-- Asks for a picture of the empty room, as soon as nobody is in it.
local function take_plate(self)
	self.plates = (self.plates or 0) + 1
	self.plate = self.plates
	self.channel.plate_request = self.plate
	link.wake(segment)
end

-- Writes all that the worker is to know of this filter.
local function tell(self)
	marks.forget(self)
	for _, setting in ipairs(half.settings) do
		if setting.reader ~= "filter" then
			link.set_field(self.channel, setting.key, self.settings[setting.key])
		end
	end
	self.channel.plate_request = self.plate or 0
	link.settings_changed(self.lane)
	link.wake(segment)
end

local function update(self, settings)
	looks.read(self, half.settings, settings)
	looks.want(self, segment, half.assets, EVERY_PART)
	self.state.lock = self.settings.lock and half.lock or nil
	if not self.channel then return end
	if not self.settings.clean_plate then
		self.plate = nil
	elseif not self.plate then
		take_plate(self)
	end
	tell(self)
end

-- For a new worker, and after a stranger wrote into the memory.
local function tell_anew(self)
	local channel = self.channel
	self.epoch = segment.worker_epoch
	link.claim(self.lane)
	channel.generation = self.generation
	channel.source_width, channel.source_height = self.width or 0, self.height or 0
	tell(self)
end

local function get_defaults(settings)
	looks.set_defaults(half.settings, settings)
end

-- Properties

-- What is wrong with what the settings name, in words; "" if nothing is.
local function notice(self)
	local problem = looks.problem(self)
	return half.texts["Error." .. problem] or problem
end

local function status_text(self)
	if segment.alive == 0 then return text("Status.NoScript") end
	if self.problem then return self.problem end
	local wrong = notice(self)
	if wrong ~= "" then return wrong end
	local status = link.text(self.channel.status)
	if status == "" then status = text("Status.Starting") end
	local plate = half.plate_states[self.channel.plate_state]
	return plate and status .. "\n" .. text("Plate." .. plate) or status
end

local scene_filters = {}

local function background_of_scenes()
	local found = {}
	for self in pairs(scene_filters) do
		local parent = C.obs_filter_get_parent(self.filter)
		if parent ~= nil then
			found[ffi.string(C.obs_source_get_name(parent))] = self.settings.background
		end
	end
	return found
end

local function get_properties(self)
	local properties = obslua.obs_properties_create()
	panels.add(properties, half.settings, status_text(self), {
		clean_plate = { { "clean_plate_button", "Plate.Take", function()
			if self.channel and self.settings.clean_plate then take_plate(self) end
		end } },
		sync_source = panels.sync_buttons(self),
	})
	panels.add_scenes(properties, self, background_of_scenes())
	panels.add_tools(properties, self)
	return properties
end

-- Life

local function create(settings, source)
	local self = {
		filter = obs.pointer(source),
		settings = {},
		frame = 0, id = 0, generation = 0, first_id = 1,
		captured_frame = {}, captured_ns = {},
		status_seen = 0, refreshed_ns = 0, slow_stages = 0, notice_seen = "",
		plate_seen = 0,
		state = graphics.new(), person = {}, place = locked.room(""), rehearsal = rehearsal.new(),
		ahead = {},
	}
	order.know("camera", self.filter)
	if not obs.leave_to_libobs(self.filter) then
		self.problem = text("Error.UnknownObs")
		obs.warn(self.problem)
	end
	self.lane = link.take_channel()
	if self.lane then
		self.channel, self.epoch = self.lane.channel, segment.worker_epoch
		self.generation = (self.channel.generation + 1) % 2 ^ 32
		self.channel.generation = self.generation
	else
		self.problem = text("Error.TooManyFilters")
	end
	update(self, settings)
	return self
end

local function destroy(self)
	if self.settings.lock then link.request(segment, half.requests, "tidy_locks") end
	if self.lane then
		link.give_channel(self.lane)
		link.wake(segment)
	end
	looks.destroy(self)
	self.channel, self.lane = nil, nil
end

local function get_width(self)
	local target = C.obs_filter_get_target(self.filter)
	return target ~= nil and obs.width(target) or 0
end

local function get_height(self)
	local target = C.obs_filter_get_target(self.filter)
	return target ~= nil and obs.height(target) or 0
end

local function video_tick(self)
	local channel = self.channel
	local now = tonumber(C.os_gettime_ns())
	looks.tick(self, now)
	panels.keep_lock(self, now)
	if not channel then return end
	if self.epoch ~= segment.worker_epoch or link.damaged(self.lane) then tell_anew(self) end
	local wrong = looks.problem(self)
	if channel.status_sequence == self.status_seen and wrong == self.notice_seen
		and channel.plate_state == self.plate_seen then
		return
	end
	if now - self.updated_ns < QUIET_NS or now - self.refreshed_ns < QUIET_NS / 2 then return end
	self.status_seen, self.refreshed_ns = channel.status_sequence, now
	self.notice_seen, self.plate_seen = wrong, channel.plate_state
	obs.renew_panel(self.filter)
end

-- A frame's way

local clock = not obs.windows and ffi.new("struct vb_timespec") or nil
local THREAD_CPU_CLOCK = ffi.os == "OSX" and 16 or 3
local function thread_ns()
	if obs.windows then return tonumber(C.os_gettime_ns()) end
	ffi.C.clock_gettime(THREAD_CPU_CLOCK, clock)
	return tonumber(clock.seconds) * 1e9 + tonumber(clock.nanoseconds)
end

-- From now on no alpha made before fits.
local function forget_alpha(self)
	self.has_alpha, self.staged_id, self.waiting_ns = false, nil, nil
	self.generation, self.first_id = (self.generation + 1) % 2 ^ 32, self.id + 1
	if self.channel then self.channel.generation = self.generation end
	if self.ring then locked.clear(self.ring) end
end

-- Begins or ends frame-locked timing as the settings say.
local function follow_timing(self)
	local wanted = self.settings.timing == "locked"
	if wanted == (self.ring ~= nil) then return end
	if wanted then
		self.ring = locked.new()
	else
		self.ring = nil
		graphics.drop(self.state, locked.PREFIX)
		self.channel.delay_frames, self.channel.delay_ms = 0, 0
	end
	forget_alpha(self)
end

local function stage(self)
	local small = self.staged_small
	capture.stage(self.state, small.texture, small.width, small.height)
end

-- Hands the staged picture `id` to the worker.
local function hand_over(self, id, now)
	local data, linesize, width, height = capture.map(self.state)
	if not data then return end
	local sent = link.send_frame(
		segment, self.lane, id, self.generation, data, linesize, width, height)
	capture.unmap(self.state)
	if sent then
		self.sent_id = id
		if not self.waiting_ns then self.waiting_ns = now end
	else
		-- The picture sent before is still what is seen.
		local same = self.sent_id % HISTORY
		self.captured_frame[same] = self.captured_frame[id % HISTORY]
		self.captured_ns[same] = self.captured_ns[id % HISTORY]
	end
	if self.ring then locked.expect(self.ring, id, self.sent_id) end
end

-- A graphics card reads back on the side. Software OpenGL waits in this call until all drawing
-- is done; a frame later there is nothing to wait for, and mapping costs nothing there either.
local function stage_now(self)
	local before = C.os_gettime_ns()
	stage(self)
	local slow = tonumber(C.os_gettime_ns() - before) > SLOW_STAGE_NS
	self.slow_stages = slow and self.slow_stages + 1 or 0
	self.stages_late = self.slow_stages >= SLOW_STAGES
end

-- How old an alpha may be, and how late the next one.
local function patience(self)
	return PATIENCE_NS + 3e6 * math.min(self.channel.total_ms, 400)
end

-- Puts the alpha that was copied last into the textures of `place`.
local function put_alpha(self, place, id, width, height, has_depth)
	place.alpha = graphics.upload(self.state, place.alpha_name, alpha_bytes, width, height)
	if not place.alpha.boxes then place.alpha.boxes = ffi.new("uint16_t[32]") end
	ffi.copy(place.alpha.boxes, link.boxes, ffi.sizeof(link.boxes))
	place.depth = has_depth
		and graphics.upload(self.state, place.depth_name, depth_bytes, width, height) or nil
	self.waiting_ns = nil
	if id < self.sent_id then
		-- A worker that stood still comes back with what no longer fits: as if nothing had come.
		local fits = self.id - id < HISTORY
			and self.now - self.captured_ns[id % HISTORY] < patience(self)
		self.waiting_ns = fits and self.now or 0
	end
end

local function copy_alpha(self, index)
	local id, width, height, has_depth = link.take_alpha(
		self.lane, index, self.generation, alpha_bytes, depth_bytes, alpha_capacity)
	-- Only of a picture that was sent since alphas were forgotten.
	if not id or not self.sent_id or id > self.sent_id or id < self.first_id then return nil end
	return id, width, height, has_depth
end

local function take_newest_alpha(self)
	local id, width, height, has_depth = copy_alpha(self, self.channel.alpha_newest)
	if not id or (self.has_alpha and id < self.alpha_id) then return false end
	put_alpha(self, self.place, id, width, height, has_depth)
	self.has_alpha, self.alpha_id = true, id
	return true
end

-- All that have come since the last frame, oldest first. One named as the newest so far is that
-- picture's, made anew.
local function take_all_alphas(self)
	local ring, newest = self.ring, self.channel.alpha_newest
	for step = 1, link.slots do
		local id, width, height, has_depth = copy_alpha(self, (newest + step) % link.slots)
		if id and id > ring.newest_alpha then
			local place = locked.alpha(ring)
			put_alpha(self, place, id, width, height, has_depth)
			locked.arrived(ring, place, id, self.frame)
		elseif id and id == ring.newest_alpha and step == link.slots then
			put_alpha(self, locked.alpha_of(ring, id), id, width, height, has_depth)
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

-- Chooses the picture and the alpha that are drawn in this frame.
local function choose_pair(self)
	local ring, channel = self.ring, self.channel
	if not ring then
		self.alpha, self.depth = self.place.alpha, self.place.depth
		return
	end
	local before = ring.shown
	local picture, alpha = locked.choose(ring, self.frame)
	self.has_alpha = picture ~= nil and alpha ~= nil
		and self.frame - picture.frame <= ring.delay + locked.LONGEST
	channel.delay_frames = ring.delay
	channel.delay_ms = ring.delay * tonumber(C.obs_get_frame_interval_ns()) / 1e6
	if not self.has_alpha then return end
	if picture == before then channel.repeated_frames = channel.repeated_frames + 1 end
	self.full, self.small = picture.full, picture.small
	self.alpha, self.depth, self.alpha_id = alpha.alpha, alpha.depth, picture.id
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

-- Makes the small picture of the frame in `place` and begins its way to the worker.
local function send_small(self, place, now)
	local channel = self.channel
	local w, h = link.wanted_size(channel, half.frame_bytes)
	if not self.ring then
		place.small, place.small_before = place.small_before, place.small
		self.small = place.small
	end
	local small = place.small
	small.texture = passes.shrink(
		self.state, small.names, place.full, self.width, self.height, w, h)
	if small.texture then
		small.width, small.height = w, h
		small.frame, small.generation = self.frame, self.generation
		self.staged_small = small
		if not self.stages_late then stage_now(self) end
		self.id = self.id + 1
		self.staged_id, place.id = self.id, self.id
		self.captured_frame[self.id % HISTORY] = self.frame
		self.captured_ns[self.id % HISTORY] = now
	end
end

-- Once a frame, however often the source is drawn.
local function begin_frame(self, time, width, height, measured)
	local now = tonumber(C.os_gettime_ns())
	local channel = self.channel
	self.frame, self.now = self.frame + 1, now
	follow_timing(self)
	if self.width ~= width or self.height ~= height
		or time - (self.time or 0) > ABSENCE_NS then
		self.width, self.height = width, height
		forget_alpha(self)
		channel.source_width, channel.source_height = width, height
	end
	self.time = time
	local parent = C.obs_filter_get_parent(self.filter)
	if parent ~= nil and marks.hand_over(self, parent, half.mark_kinds) then
		link.settings_changed(self.lane)
		link.wake(segment)
	end
	composite.begin_frame(self)

	local id = self.staged_id
	self.staged_id = nil
	if id then
		if self.stages_late then stage(self) end
		hand_over(self, id, now)
	end
	local place = self.ring and locked.picture(self.ring, self.frame) or self.place
	place.full = capture.full(
		self.state, place.full_name, self.filter, width, height, measured and thread_ns or nil)
	self.full, self.small = place.full, place.small
	if not self.full then return end
	self.lives = link.worker_lives(segment)
	if not self.lives then
		forget_alpha(self)
		return
	end
	-- In this order software OpenGL waits once: for `full`, which the small picture is made of, too.
	take_alphas(self)
	if self.ring or self.frame % math.min(math.max(channel.every, 1), half.most_every) == 0 then
		send_small(self, place, now)
	end
	choose_pair(self)
	if self.has_alpha then count_age(self) end
	channel.drawn_frames = channel.drawn_frames + 1
end

local function trusted(self)
	if not self.has_alpha or not self.lives then return false end
	if self.ring or not self.waiting_ns then return true end
	return tonumber(C.os_gettime_ns()) - self.waiting_ns < patience(self)
end

local function render(self)
	if not self.settings.active and segment.panic == 0 then
		if self.channel then self.channel.state = half.states.off end
		obs.skip(self.filter)
		return
	end
	local target = C.obs_filter_get_target(self.filter)
	if target == nil or C.obs_filter_get_parent(self.filter) == nil then return end
	local width, height = get_width(self), get_height(self)
	if width < 1 or height < 1 or self.problem then return end

	local time = tonumber(C.obs_get_video_frame_time())
	local measured = segment.measure ~= 0
	local start = measured and thread_ns() or 0
	if time ~= self.time or width ~= self.width or height ~= self.height then
		begin_frame(self, time, width, height, measured)
		if measured then
			local source_ns = self.state.source_ns or 0
			self.channel.source_ns = self.channel.source_ns + source_ns
			start = start + source_ns
		end
	end
	if not self.full then return end
	local channel = self.channel
	local middle = measured and thread_ns() or 0
	local now, panic = tonumber(C.os_gettime_ns()), segment.panic ~= 0
	if not panic and trusted(self) and composite.person(self, time, now, width, height) then
		channel.state = half.states.mask
		rehearsal.next(self, scene_filters, time, now, width, height)
	else
		channel.state = half.states.cover
		composite.cover(self, time, now, width, height, panic)
	end
	if measured then
		channel.capture_ns = channel.capture_ns + (middle - start)
		channel.draw_ns = channel.draw_ns + (thread_ns() - middle)
	end
end

-- An error in Lua ends a draw half-way: whatever happens the graphics state is OBS's to reset,
-- nothing is drawn, and the reason is said once.
local function video_render(self)
	local parent = C.obs_filter_get_parent(self.filter)
	if parent == nil then return end
	local key = obs.key(parent)
	local outer = assets.drawing[key]
	assets.drawing[key] = true
	local good, problem = pcall(render, self)
	assets.drawing[key] = outer
	if not good and not self.problem then
		self.problem = tostring(problem)
		obs.warn(self.problem)
	end
end

local info = {
	id = nil,
	type = obslua.OBS_SOURCE_TYPE_FILTER,
	output_flags = bit.bor(obslua.OBS_SOURCE_VIDEO, obslua.OBS_SOURCE_SRGB),
	get_name = function() return text("FilterName") end,
	create = create,
	destroy = destroy,
	get_width = get_width,
	get_height = get_height,
	get_defaults = get_defaults,
	get_properties = get_properties,
	update = update,
	video_tick = video_tick,
	video_render = function(self) order.draw_with("scene", video_render, self) end,
}

-- The filter of a scene: its own background, layers and zones for every camera in it.

local function update_scene(self, settings)
	looks.read(self, half.scene_settings, settings)
	local s = self.settings
	looks.want(self, segment, half.assets,
		{ background = s.background ~= "default", layers = s.own_layers, zones = s.own_zones })
end

local function create_scene(settings, source)
	local self = {
		filter = obs.pointer(source), settings = {}, state = graphics.new(),
		notice_seen = "", refreshed_ns = 0,
	}
	order.know("scene", self.filter)
	-- Cameras with filters of ours are drawn inside: without this two threads could wait in a circle.
	if not obs.leave_to_libobs(self.filter) then
		self.problem = text("Error.UnknownObs")
		obs.warn(self.problem)
	end
	update_scene(self, settings)
	scene_filters[self] = true
	return self
end

local function destroy_scene(self)
	scene_filters[self] = nil
	scenes.forget(self)
	looks.destroy(self)
end

local function tick_scene(self)
	local now = tonumber(C.os_gettime_ns())
	looks.tick(self, now)
	local wrong = looks.problem(self)
	if wrong == self.notice_seen then return end
	if now - self.updated_ns < QUIET_NS or now - self.refreshed_ns < QUIET_NS / 2 then return end
	self.notice_seen, self.refreshed_ns = wrong, now
	obs.renew_panel(self.filter)
end

local function render_scene(self)
	if self.problem then obs.skip(self.filter) else scenes.draw(self) end
end

local function render_scene_in_order(self) order.draw_with("camera", render_scene, self) end

local scene_info = {
	id = nil,
	type = obslua.OBS_SOURCE_TYPE_FILTER,
	output_flags = bit.bor(obslua.OBS_SOURCE_VIDEO, obslua.OBS_SOURCE_SRGB),
	get_name = function() return text("SceneFilterName") end,
	create = create_scene,
	destroy = destroy_scene,
	get_width = get_width,
	get_height = get_height,
	get_defaults = function(settings) looks.set_defaults(half.scene_settings, settings) end,
	get_properties = function(self)
		local properties = obslua.obs_properties_create()
		panels.add(properties, half.scene_settings, self.problem or notice(self))
		return properties
	end,
	update = update_scene,
	video_tick = tick_scene,
	video_render = render_scene_in_order,
}

local function take_half(settings)
	half = assert(loadstring("return " .. obslua.obs_data_get_string(settings, "half")))()
	panels.use(half, segment)
end

-- Registers nothing and leaves the reason where the script reads it: a key of the texts and what
-- fills it in.
local function refuse(settings, key, detail)
	obslua.obs_data_set_string(settings, "problem", key .. "\n" .. detail)
end

function script_load(settings)
	take_half(settings)
	local missing, differs = obs.missing(), nil
	if #missing > 0 then return refuse(settings, "Error.OldObs", table.concat(missing, ", ")) end
	segment, differs = link.open(half)
	if not segment then return refuse(settings, "Error.Layout", differs) end
	panels.use(half, segment)
	alpha_capacity = half.alpha_bytes
	alpha_bytes = ffi.new("uint8_t[?]", alpha_capacity + link.SPARE)
	depth_bytes = ffi.new("uint8_t[?]", alpha_capacity)
	info.id, scene_info.id = half.id, half.scene_id
	obslua.obs_register_source(info)
	obslua.obs_register_source(scene_info)
end

-- The script hands a new table after a reload: other texts, another list of models.
function script_update(settings)
	take_half(settings)
end

-- OBS is closing; the filters that are left are destroyed after this.
function script_unload()
	obs.free_graphics(graphics.begin_end())
end
