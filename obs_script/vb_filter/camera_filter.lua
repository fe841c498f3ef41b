-- The camera's filter: OBS's callbacks and what they draw. frame.lua takes a picture to the worker
-- and its alpha back.
local obslua = obslua
local obs, link, graphics, frame, assets, strokes, lock_order, filter_base, composite, cover, nobody,
	warm_up, scene_filter, scenes, panels, requests, outlines = ...
local C = obs.C
local text = panels.text

local M = {}

local EVERY_PART = { background = true, layers = true, zones = true }

-- How often a texture size that the driver refused is tried again.
local REFUSED_NS = 5e9

local half, segment

-- Takes the script's table and the segment.
function M.use(new_half, new_segment)
	half, segment = new_half, new_segment
	M.info.id = half.id
end

-- Settings

-- Requests a clean plate: a picture of the empty room, taken as soon as nobody is in it.
local function take_plate(self)
	self.plates = (self.plates or 0) + 1
	self.plate = self.plates
end

-- Writes everything the worker needs to know about this filter.
local function tell(self)
	strokes.forget(self)
	link.write_settings(self.lane.told, half.settings, self.settings)
	self.plate_told = self.plate or 0
	self.lane.told.plate_request = self.plate_told
	link.settings_changed(self.lane)
	link.wake(segment)
end

local function update(self, settings)
	filter_base.read(self, half.settings, settings)
	filter_base.want(self, segment, half.assets, EVERY_PART)
	self.state.lock = self.settings.lock and half.lock or nil
	if not self.state.lock then self.state.locked = nil end
	if not self.channel then return end
	if not self.settings.clean_plate then
		self.plate = nil
	elseif not self.plate then
		take_plate(self)
	end
	-- A setting that only the filter reads must not make the worker process the picture again.
	link.set_text(self.channel.settings_error, self.wrong_values)
	local changed = link.write_settings(self.lane.told, half.settings, self.settings)
	if changed or self.plate_told ~= (self.plate or 0) then
		tell(self)
	else
		link.seal(self.lane)
	end
end

-- For a new worker, and after another process wrote into the shared memory.
local function tell_anew(self)
	local channel = self.channel
	self.epoch = segment.worker_epoch
	link.claim(self.lane)
	channel.generation = self.generation
	channel.source_width, channel.source_height = self.width or 0, self.height or 0
	link.set_text(channel.settings_error, self.wrong_values)
	tell(self)
end

local function get_defaults(settings)
	filter_base.set_defaults(half.settings, settings)
end

-- Returns the status lines, and the figures.
local function status(self)
	if segment.alive == 0 then return text("Status.NoScript") end
	if self.problem then return self.problem end
	if self.refused_ns then return text("Status.TooLarge") end
	local lines, figures = (link.text(self.channel.status) .. "\n\n"):match("^(.-)\n\n(.-)\n*$")
	if lines == "" then lines = text("Status.Starting") end
	local wrong = panels.sentence_or_place(filter_base.problem(self))
	if wrong ~= "" then return wrong, figures end
	if self.hdr and self.settings.active then lines = lines .. "\n" .. text("Status.Hdr") end
	local plate = half.plate_states[self.channel.plate_state]
	return plate and lines .. "\n" .. text("Plate." .. plate) or lines, figures
end

-- What the governor has reduced, or nil.
local function eased(self)
	local channel = self.channel
	local what, quality = {}, channel and link.text(channel.eased_quality) or ""
	if quality ~= "" then
		what[1] = text("Eased.Quality"):gsub("{quality}", text("Quality." .. quality))
	end
	if channel and channel.every > 1 then
		what[#what + 1] = text("Eased.Every"):gsub("{every}", tostring(channel.every))
	end
	if #what == 0 then return nil end
	return (text("Eased.Now"):gsub("{what}", table.concat(what, text("Eased.And"))))
end

local FIRST = { main = true, place = true, person = true, look = true, layers = true, zones = true,
	cover = true, time = true }
local LAST = { advanced = true }

local function get_properties(self)
	local properties = obslua.obs_properties_create()
	local panel = panels.new(self, half.settings, function() return status(self) end,
		function(key)
			return key == "governor" and eased(self) or filter_base.wrong_file(self, key)
		end)
	panels.add(panel, properties, FIRST, {
		clean_plate = { { "clean_plate_button", "Plate.Take", function()
			if self.channel and self.settings.clean_plate then
				take_plate(self)
				tell(self)
			end
		end, { key = "clean_plate", values = { "true" } } } },
	}, { sync_source = requests.sync_buttons(self) })
	requests.watch_lock(self, properties)
	requests.add_starts(panel, properties)
	requests.add_scenes(panel, properties, scene_filter.backgrounds)
	requests.add_tools(panel, properties)
	panels.add(panel, properties, LAST, {}, {})
	return panels.finish(panel, properties)
end

-- Life cycle

local function create(settings, source)
	local self = {
		filter = obs.pointer(source),
		settings = {},
		state = graphics.new(), warm_up = warm_up.new(), nobody = { away = false },
	}
	frame.set_up(self)
	lock_order.know("camera", self.filter)
	filter_base.leave_to_libobs(self)
	self.lane = link.take_channel()
	if self.lane then
		self.channel, self.epoch = self.lane.channel, segment.worker_epoch
		self.generation = (self.channel.generation + 1) % 2 ^ 32
		self.channel.generation = self.generation
	else
		self.problem = text("Error.TooManyFilters")
	end
	update(self, settings)
	if self.lane then
		link.publish(self.lane)
		link.wake(segment)
	end
	return self
end

local function destroy(self)
	if self.settings.lock then link.request(segment, half.requests, "tidy_locks") end
	if self.lane then
		link.give_channel(self.lane)
		link.wake(segment)
	end
	filter_base.destroy(self)
	self.channel, self.lane = nil, nil
end

local function video_tick(self)
	local now = tonumber(C.os_gettime_ns())
	frame.tick(self)
	warm_up.tick(self)
	filter_base.tick(self, now)
	requests.keep_lock(self, now)
	if not self.channel then return end
	if self.epoch ~= segment.worker_epoch or link.damaged(self.lane) then tell_anew(self) end
end

-- Draws the chosen picture and alpha in place of a picture of width x height. They may date from when
-- the source had another size: a scene or group keeps its items where they are as it grows, any other
-- source is scaled.
local function draw_pair(self, parent, time, now, width, height)
	local w, h = self.pair_width, self.pair_height
	if w == width and h == height then return composite.draw(self, time, now, w, h) end
	C.gs_matrix_push()
	if C.obs_source_get_type(parent) ~= obs.TYPE_SCENE then
		C.gs_matrix_scale3f(width / w, height / h, 1)
	end
	local good, drawn = pcall(composite.draw, self, time, now, w, h)
	C.gs_matrix_pop()
	if not good then obs.raise(drawn) end
	return drawn
end

-- A size too large for a texture is not tried again in each frame: OBS logs every refusal.
local function is_refused(self, width, height)
	return self.refused_ns and self.refused_width == width and self.refused_height == height
		and tonumber(C.os_gettime_ns()) - self.refused_ns < REFUSED_NS
end

-- Draws the camera from `below`, which is directly below the filter on `parent`.
local function render(self, below, parent)
	local off = not self.settings.active and segment.panic == 0
	self.hdr = obs.is_hdr(below)
	obs.keep_space(self.callbacks, off and self.hdr)
	if off then
		if self.channel then self.channel.state = half.states.off end
		obs.way_to_draw(below, parent)(below)
		return
	end
	local width, height = C.obs_source_get_base_width(below), C.obs_source_get_base_height(below)
	if width < 1 or height < 1 or self.problem then return end

	if is_refused(self, width, height) then return cover.fill(self, width, height) end
	local time = tonumber(C.obs_get_video_frame_time())
	local measured = segment.measure ~= 0
	local start = measured and frame.thread_ns() or 0
	-- What a screenshot draws between two frames may have had its filters reordered since the last.
	if time ~= self.time or width ~= self.width or height ~= self.height
		or self.chain ~= self.chain_before then
		scenes.begin(self)
		frame.begin(self, below, parent, time, width, height, measured)
		nobody.follow(self, self.now, frame.trusted(self))
		requests.tell_nobody(self)
		if measured then
			local source_ns = self.state.source_ns or 0
			self.channel.source_ns = self.channel.source_ns + source_ns
			start = start + source_ns
		end
	end
	local channel = self.channel
	if not self.full then
		channel.state = half.states.cover
		self.refused_ns, self.refused_width, self.refused_height = self.now, width, height
		return cover.fill(self, width, height)
	end
	self.refused_ns = nil
	local middle = measured and frame.thread_ns() or 0
	local now, panic = tonumber(C.os_gettime_ns()), segment.panic ~= 0
	if not panic and nobody.draw(self, time, now, width, height) then
		channel.state = half.states.mask
	elseif not panic and frame.trusted(self) and draw_pair(self, parent, time, now, width, height) then
		channel.state = half.states.mask
		frame.masked(self)
		outlines.draw(self, parent, now, self.pair_width, self.pair_height)
		warm_up.next(self, scene_filter.all, time, now, self.pair_width, self.pair_height)
	else
		channel.state = half.states.cover
		cover.draw(self, time, now, width, height, panic)
	end
	if measured then
		channel.capture_ns = channel.capture_ns + (middle - start)
		channel.draw_ns = channel.draw_ns + (frame.thread_ns() - middle)
	end
end

-- A Lua error ends a draw half-way: OBS resets the graphics state, nothing is drawn, and the reason
-- is logged once.
local function video_render(self)
	local parent = C.obs_filter_get_parent(self.filter)
	local below = parent ~= nil and obs.take_below(self.filter, parent)
	if not below then return end
	self.chain, self.order = obs.chain, obs.order
	local key = obs.key(parent)
	local outer = assets.drawing[key]
	assets.drawing[key] = true
	local good, problem = pcall(render, self, below, parent)
	assets.drawing[key] = outer
	obs.release(below)
	if not good and not self.problem then
		self.problem = tostring(problem)
		obs.warn(self.problem)
	end
end

M.info = {
	id = nil,
	type = obslua.OBS_SOURCE_TYPE_FILTER,
	output_flags = bit.bor(obslua.OBS_SOURCE_VIDEO, obslua.OBS_SOURCE_SRGB),
	get_name = function() return text("FilterName") end,
	create = create,
	destroy = destroy,
	get_width = filter_base.get_width,
	get_height = filter_base.get_height,
	get_defaults = get_defaults,
	get_properties = get_properties,
	update = update,
	video_tick = video_tick,
	video_render = function(self) lock_order.draw_with("scene", video_render, self) end,
}

return M
