-- The filter "Virtual Background": what has to run on OBS's graphics thread and nothing else.
-- The script loads this file and hands it one table (see vb_script/lua_half.py): the shared
-- memory, the settings and all texts.
local ffi = require("ffi")
local obslua = obslua
local folder = script_path()
local obs = dofile(folder .. "libobs.lua")
local link = loadfile(folder .. "link.lua")(obs)
local passes = loadfile(folder .. "passes.lua")(obs, folder)
local C = obs.C

local half, segment

-- How long a missing answer may take before the cover is drawn, beyond three times what the
-- worker's pictures take.
local PATIENCE_NS = 0.25e9
-- A source not drawn for this long may show anything when it comes back.
local ABSENCE_NS = 0.3e9
-- A panel is not rebuilt sooner than this after the user changed something in it.
local QUIET_NS = 2e9
-- The cover's blur, as a share of the picture's height: no face or text survives it.
local COVER_SIGMA = 1 / 14
local HISTORY = 64
-- Where beginning a read-back waits this long so many times running, it is begun a frame later.
local SLOW_STAGE_NS, SLOW_STAGES = 0.3e6, 10

-- Names of texrenders: one a step of shrinking, two for the directions of a blur.
local SMALL = { "small1", "small2", "small3" }
local ROOM = { "room1", "room2", "room3", across = "room_across", down = "room_down" }
local COVER = { "cover1", "cover2", "cover3", across = "cover_across", down = "cover_down" }

local alpha_capacity
local alpha_bytes

-- Settings

local function color(value)
	return ffi.new("vb_vec4",
		bit.band(value, 0xff) / 255,
		bit.band(bit.rshift(value, 8), 0xff) / 255,
		bit.band(bit.rshift(value, 16), 0xff) / 255,
		1)
end

local getters = {
	bool = obslua.obs_data_get_bool,
	float = obslua.obs_data_get_double,
	color = function(data, key) return color(obslua.obs_data_get_int(data, key)) end,
	choice = obslua.obs_data_get_string,
	model = obslua.obs_data_get_string,
	depth_model = obslua.obs_data_get_string,
	image = obslua.obs_data_get_string,
	video = obslua.obs_data_get_string,
	source = obslua.obs_data_get_string,
}

local function update(self, settings)
	for _, setting in ipairs(half.settings) do
		local value = getters[setting.kind](settings, setting.key)
		if setting.kind == "float" then
			value = math.min(math.max(value, setting.minimum), setting.maximum)
		end
		self.settings[setting.key] = value
		if setting.reader == "worker" and self.channel then
			link.set_field(self.channel, setting.key, value)
		end
	end
	self.updated_ns = tonumber(C.os_gettime_ns())
	if self.channel then
		self.channel.settings_sequence = self.channel.settings_sequence + 1
		link.wake(segment)
	end
end

local function get_defaults(settings)
	for _, setting in ipairs(half.settings) do
		local set = {
			bool = obslua.obs_data_set_default_bool,
			float = obslua.obs_data_set_default_double,
			color = obslua.obs_data_set_default_int,
		}
		(set[setting.kind] or obslua.obs_data_set_default_string)(settings, setting.key, setting.default)
	end
end

-- Properties

local function text(key) return half.texts[key] or key end

local function show_fitting(properties, _, settings)
	for _, setting in ipairs(half.settings) do
		if setting.shown_for then
			local now = obslua.obs_data_get_string(settings, setting.shown_for.key)
			local visible = false
			for _, value in ipairs(setting.shown_for.values) do visible = visible or value == now end
			local property = obslua.obs_properties_get(properties, setting.key)
			obslua.obs_property_set_visible(property, visible)
		end
	end
	return true
end

local function add_list(properties, setting, choices)
	local list = obslua.obs_properties_add_list(
		properties, setting.key, text(setting.text),
		obslua.OBS_COMBO_TYPE_LIST, obslua.OBS_COMBO_FORMAT_STRING)
	for _, choice in ipairs(choices) do
		obslua.obs_property_list_add_string(list, choice.text, choice.value)
	end
	return list
end

local adders = {
	bool = function(properties, setting)
		return obslua.obs_properties_add_bool(properties, setting.key, text(setting.text))
	end,
	float = function(properties, setting)
		local slider = obslua.obs_properties_add_float_slider(
			properties, setting.key, text(setting.text),
			setting.minimum, setting.maximum, setting.step)
		if setting.unit ~= "" then obslua.obs_property_float_set_suffix(slider, setting.unit) end
		return slider
	end,
	color = function(properties, setting)
		return obslua.obs_properties_add_color(properties, setting.key, text(setting.text))
	end,
	image = function(properties, setting)
		return obslua.obs_properties_add_path(
			properties, setting.key, text(setting.text), obslua.OBS_PATH_FILE,
			text("ImageFiles") .. " (*.png *.jpg *.jpeg *.bmp *.tga *.gif *.webp)", nil)
	end,
	video = function(properties, setting)
		return obslua.obs_properties_add_path(
			properties, setting.key, text(setting.text), obslua.OBS_PATH_FILE,
			text("VideoFiles") .. " (*.mp4 *.m4v *.mov *.mkv *.webm *.avi *.gif *.ts *.flv)", nil)
	end,
	source = function(properties, setting)
		return obslua.obs_properties_add_text(
			properties, setting.key, text(setting.text), obslua.OBS_TEXT_DEFAULT)
	end,
	depth_model = function(properties, setting)
		return add_list(properties, setting, { { value = "", text = text("DepthModel.none") } })
	end,
	choice = function(properties, setting)
		local choices = {}
		for index, value in ipairs(setting.choices) do
			choices[index] = { value = value, text = text(setting.text .. "." .. value) }
		end
		return add_list(properties, setting, choices)
	end,
	model = function(properties, setting) return add_list(properties, setting, half.models) end,
}

local function status_text(self)
	if segment.alive == 0 then return text("Status.NoScript") end
	local status = self.problem or ffi.string(self.channel.status)
	return status ~= "" and status or text("Status.Starting")
end

local function get_properties(self)
	local properties = obslua.obs_properties_create()
	local group, group_name
	for _, setting in ipairs(half.settings) do
		local into = properties
		if setting.group ~= "main" then
			if group_name ~= setting.group then
				group, group_name = obslua.obs_properties_create(), setting.group
				obslua.obs_properties_add_group(
					properties, "group_" .. group_name, text("Group." .. group_name),
					obslua.OBS_GROUP_NORMAL, group)
			end
			into = group
		end
		local property = adders[setting.kind](into, setting)
		local hint = half.texts[setting.text .. ".Hint"]
		if hint then obslua.obs_property_set_long_description(property, hint) end
		if setting.kind == "choice" then
			obslua.obs_property_set_modified_callback(property, show_fitting)
		end
		if setting.key == "active" then
			obslua.obs_properties_add_text(
				properties, "status", status_text(self), obslua.OBS_TEXT_INFO)
		end
	end
	return properties
end

-- Life

local function create(settings, source)
	local self = {
		filter = obs.pointer(source),
		settings = {},
		frame = 0, id = 0, generation = 0,
		captured_frame = {}, captured_ns = {},
		status_seen = 0, refreshed_ns = 0, slow_stages = 0,
	}
	self.channel = link.take_channel(segment, half.channels)
	if self.channel then
		self.generation = self.channel.generation
	else
		self.problem = text("Error.TooManyFilters")
	end
	update(self, settings)
	return self
end

local function destroy(self)
	if self.channel then
		self.channel.used = 0
		link.wake(segment)
	end
	if self.passes then obs.free_graphics(passes.objects(self.passes)) end
	self.passes, self.channel = nil, nil
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
	if not channel or channel.status_sequence == self.status_seen then return end
	local now = tonumber(C.os_gettime_ns())
	if now - self.updated_ns < QUIET_NS or now - self.refreshed_ns < QUIET_NS / 2 then return end
	self.status_seen, self.refreshed_ns = channel.status_sequence, now
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
	self.generation = self.generation + 1
	if self.channel then self.channel.generation = self.generation end
end

-- Hands the picture staged a frame ago to the worker.
local function hand_over(self, now)
	if not self.staged_id then return end
	local id, channel = self.staged_id, self.channel
	self.staged_id = nil
	if self.stages_late then
		passes.stage(self.passes, self.small, self.small_width, self.small_height)
	end
	local data, linesize, width, height = passes.map_staged(self.passes)
	if not data then return end
	local sent = link.send_frame(
		segment, channel, id, self.generation, data, linesize, width, height)
	passes.unmap_staged(self.passes)
	if sent then
		self.sent_id = id
		if not self.waiting_ns then self.waiting_ns = now end
	else
		-- The picture sent before is still what is seen.
		local same = self.sent_id % HISTORY
		self.captured_frame[same] = self.captured_frame[id % HISTORY]
		self.captured_ns[same] = self.captured_ns[id % HISTORY]
	end
end

-- A graphics card reads back on the side. Software OpenGL waits in this call until all drawing
-- is done; a frame later there is nothing to wait for, and mapping costs nothing there either.
local function stage_now(self)
	local before = C.os_gettime_ns()
	passes.stage(self.passes, self.small, self.small_width, self.small_height)
	local slow = tonumber(C.os_gettime_ns() - before) > SLOW_STAGE_NS
	self.slow_stages = slow and self.slow_stages + 1 or 0
	self.stages_late = self.slow_stages >= SLOW_STAGES
end

local function take_alpha(self, now)
	local channel = self.channel
	local count = tonumber(channel.alpha_count)
	if count == self.alpha_count then return end
	local id, width, height = link.take_alpha(channel, self.generation, alpha_bytes, alpha_capacity)
	if not id then return end
	self.alpha_count = count
	passes.upload_alpha(self.passes, alpha_bytes, width, height)
	self.has_alpha, self.alpha_id = true, id
	self.waiting_ns = id < self.sent_id and now or nil
end

-- Once a frame, however often the source is drawn.
local function begin_frame(self, time, width, height, measured)
	local now = tonumber(C.os_gettime_ns())
	local channel = self.channel
	self.frame = self.frame + 1
	if self.width ~= width or self.height ~= height
		or time - (self.time or 0) > ABSENCE_NS then
		self.width, self.height = width, height
		forget_alpha(self)
		channel.source_width, channel.source_height = width, height
	end
	self.time, self.blurred, self.cover_blurred = time, nil, nil

	hand_over(self, now)
	self.full = passes.capture(
		self.passes, self.filter, width, height, measured and thread_ns or nil)
	if not self.full then return end
	self.lives = link.worker_lives(segment)
	if not self.lives then
		forget_alpha(self)
		return
	end
	local w, h = channel.want_width, channel.want_height
	if w < 1 or h < 1 or w * h * 4 > half.frame_bytes then w, h = 256, 144 end
	local small = passes.shrink(self.passes, SMALL, self.full, width, height, w, h)
	if small then
		self.small, self.small_width, self.small_height = small, w, h
		if not self.stages_late then stage_now(self) end
		self.id = self.id + 1
		self.staged_id = self.id
		self.captured_frame[self.id % HISTORY] = self.frame
		self.captured_ns[self.id % HISTORY] = now
	end
	take_alpha(self, now)
	if self.has_alpha then
		local age = self.frame - (self.captured_frame[self.alpha_id % HISTORY] or 0)
		channel.age_frames = age
		channel.age_ms = (now - (self.captured_ns[self.alpha_id % HISTORY] or 0)) / 1e6
		local bin = math.min(age, half.age_bins - 1)
		channel.age_histogram[bin] = channel.age_histogram[bin] + 1
	end
	channel.drawn_frames = channel.drawn_frames + 1
end

local function trusted(self)
	if not self.has_alpha or not self.lives then return false end
	if not self.waiting_ns then return true end
	local patience = PATIENCE_NS + 3e6 * math.min(self.channel.total_ms, 400)
	return tonumber(C.os_gettime_ns()) - self.waiting_ns < patience
end

local room = { weight = 0, threshold = 0, softness = 1 }

local function draw_cover(self, width, height)
	local made, settings = self.passes, self.settings
	local kind = settings.cover
	local picture = kind == "image" and passes.picture(made, settings.cover_image)
	if kind == "camera" then
		passes.composite(made, "Plain", self.full, width, height, false)
	elseif kind == "blur" then
		if not self.cover_blurred then
			room.alpha, room.weight = self.full, 0
			self.cover_blurred = passes.blur(
				made, COVER, self.full, width, height, height * COVER_SIGMA, room)
		end
		if self.cover_blurred then
			passes.composite(made, "Straight", self.cover_blurred, width, height, true)
		end
	elseif picture then
		local ratio = width / height * C.gs_texture_get_height(picture)
			/ C.gs_texture_get_width(picture)
		passes.set_crop(made, math.min(ratio, 1), math.min(1 / ratio, 1))
		passes.composite(made, "Picture", picture, width, height, true)
	elseif kind ~= "hidden" then
		passes.set_color(made, settings.cover_color)
		passes.composite(made, "Fill", self.full, width, height, true)
	end
end

local function draw_person(self, width, height)
	local made, settings = self.passes, self.settings
	local technique = "Transparent"
	if settings.background == "color" then
		technique = "Color"
	elseif settings.background == "blur" then
		technique = "Blur"
		if not self.blurred then
			room.alpha, room.weight = made.alpha, 1
			room.threshold, room.softness = settings.threshold, settings.softness
			self.blurred = passes.blur(
				made, ROOM, self.full, width, height, settings.blur_strength * height / 1080, room,
				self.small, self.small_width, self.small_height)
		end
		if not self.blurred then return end
		passes.set_blurred(made, self.blurred)
	end
	if technique == "Color" then passes.set_color(made, settings.background_color) end
	passes.set_person(made, settings.threshold, settings.softness)
	passes.composite(made, technique, self.full, width, height, technique ~= "Transparent")
end

-- Makes what drawing needs; false when the graphics driver refuses: then nothing is drawn.
local function ready(self)
	if self.problem then return false end
	if not self.passes then
		local made, problem = passes.new()
		if not made then
			self.problem = problem
			obs.warn(problem)
			return false
		end
		self.passes = made
	end
	return true
end

local function render(self)
	if not self.settings.active then
		if self.channel then self.channel.state = half.states.off end
		obs.skip(self.filter)
		return
	end
	local target = C.obs_filter_get_target(self.filter)
	if target == nil or C.obs_filter_get_parent(self.filter) == nil then return end
	local width, height = get_width(self), get_height(self)
	if width < 1 or height < 1 or not ready(self) then return end

	local time = tonumber(C.obs_get_video_frame_time())
	local measured = segment.measure ~= 0
	local start = measured and thread_ns() or 0
	if time ~= self.time or width ~= self.width or height ~= self.height then
		begin_frame(self, time, width, height, measured)
		if measured then
			local source_ns = self.passes.source_ns or 0
			self.channel.source_ns = self.channel.source_ns + source_ns
			start = start + source_ns
		end
	end
	if not self.full then return end
	local channel = self.channel
	local middle = measured and thread_ns() or 0
	if trusted(self) then
		channel.state = half.states.mask
		draw_person(self, width, height)
	else
		channel.state = half.states.cover
		draw_cover(self, width, height)
	end
	if measured then
		channel.capture_ns = channel.capture_ns + (middle - start)
		channel.draw_ns = channel.draw_ns + (thread_ns() - middle)
	end
end

-- An error in Lua ends a draw half-way: whatever happens the graphics state is OBS's to reset,
-- nothing is drawn, and the reason is said once.
local function video_render(self)
	local good, problem = pcall(render, self)
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
	video_render = video_render,
}

local function take_half(settings)
	local made = assert(loadstring("return " .. obslua.obs_data_get_string(settings, "half")))()
	half = made
end

function script_load(settings)
	take_half(settings)
	local problem
	segment, problem = link.open(half)
	if not segment then
		obs.warn(problem)
		return
	end
	alpha_capacity = half.alpha_bytes
	alpha_bytes = ffi.new("uint8_t[?]", alpha_capacity)
	info.id = half.id
	obslua.obs_register_source(info)
end

-- The script hands a new table after a reload: other texts, another list of models.
function script_update(settings)
	take_half(settings)
end
