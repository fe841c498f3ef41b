-- The panels of the filters, built from the table of settings that the script hands over.
--
-- Nothing of ours ever asks OBS to rebuild an open panel (obs_source_update_properties): OBS deletes
-- every row and makes new ones, also while a file or colour dialog that belongs to one of them is
-- open. The dialog's answer then goes to a deleted row and ends OBS; lists close, and the text cursor
-- is lost. No sign tells on every system that nobody is in a panel, so what it shows is renewed only
-- when it is opened and by what the user does in it: by a button, or by a choice that shows other
-- rows. OBS does that after its dialogs and lists have closed.
local ffi = require("ffi")
local obslua = obslua
local obs, link, values = ...
local C = obs.C

local M = {}

-- Set by the script's table: `half`, and the segment.
local half, segment
function M.use(new_half, new_segment) half, segment = new_half, new_segment end

local function text(key) return half.texts[key] or key end
M.text = text

-- What the texts say of `problem`, a key of theirs or a sentence already; "" for "".
function M.sentence(problem)
	return half.texts["Error." .. problem] or problem
end

-- The sentence of an error that concerns `settings`, rows of the table; "" for none of them. The keys
-- are what a remote control knows them by.
function M.named(problem, settings)
	local names = {}
	for index, setting in ipairs(settings) do
		names[index] = text(setting.text) .. " (" .. setting.key .. ")"
	end
	if #names == 0 then return "" end
	return (text("Error." .. problem):gsub("{settings}", function()
		return table.concat(names, ", ")
	end))
end

-- Whether a row is to be seen: its setting's decider has a fitting value and is seen itself.
local function fits(by_key, setting, settings)
	if not setting.shown_for then return true end
	local key = setting.shown_for.key
	local decider = by_key[key]
	if decider and not fits(by_key, decider, settings) then return false end
	local now = decider and tostring((values.read(obs.pointer(settings), decider))) or ""
	for _, value in ipairs(setting.shown_for.values) do
		if value == now or (value == "*" and now ~= "") then return true end
	end
	return false
end

local function show_status(properties, status)
	obslua.obs_property_set_description(
		obslua.obs_properties_get(properties, "status"), status())
end

-- Shows the rows that fit, and what is so now. Returns whether rows came or went: only then is OBS to
-- rebuild the panel, as that takes the text cursor away.
local function show_fitting(rows, properties, settings, status)
	local by_key, changed = {}, false
	for _, setting in ipairs(rows) do by_key[setting.key] = setting end
	for _, setting in ipairs(rows) do
		if setting.shown_for then
			local row = obslua.obs_properties_get(properties, setting.key)
			local shown = fits(by_key, setting, settings)
			if obslua.obs_property_visible(row) ~= shown then
				obslua.obs_property_set_visible(row, shown)
				changed = true
			end
		end
	end
	if changed then show_status(properties, status) end
	return changed
end

local function add_list(properties, setting, choices, kind)
	local list = obslua.obs_properties_add_list(
		properties, setting.key, text(setting.text),
		kind or obslua.OBS_COMBO_TYPE_LIST, obslua.OBS_COMBO_FORMAT_STRING)
	for _, choice in ipairs(choices) do
		obslua.obs_property_list_add_string(list, choice.text, choice.value)
	end
	return list
end

local function add_path(properties, setting, filter)
	return obslua.obs_properties_add_path(
		properties, setting.key, text(setting.text), obslua.OBS_PATH_FILE, filter, nil)
end

local function each_name(field, visit)
	for name in link.names(segment, field):gmatch("[^\n]+") do visit(name) end
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
		return add_path(properties, setting,
			text("ImageFiles") .. " (*.png *.jpg *.jpeg *.bmp *.tga *.gif *.webp)")
	end,
	video = function(properties, setting)
		return add_path(properties, setting,
			text("VideoFiles") .. " (*.mp4 *.m4v *.mov *.mkv *.webm *.avi *.gif *.ts *.flv)")
	end,
	source = function(properties, setting)
		local list = add_list(properties, setting, { { value = "", text = text("None") } },
			obslua.OBS_COMBO_TYPE_EDITABLE)
		each_name("source_names", function(name)
			obslua.obs_property_list_add_string(list, name, name)
		end)
		return list
	end,
	audio = function(properties, setting)
		local list = add_list(properties, setting, { { value = "", text = text("None") } })
		each_name("audio_names", function(name)
			obslua.obs_property_list_add_string(list, name, name)
		end)
		return list
	end,
	choice = function(properties, setting)
		local choices = {}
		for index, value in ipairs(setting.choices) do
			choices[index] = { value = value, text = text(setting.text .. "." .. value) }
		end
		return add_list(properties, setting, choices)
	end,
	model = function(properties, setting) return add_list(properties, setting, half.models) end,
	compute = function(properties, setting) return add_list(properties, setting, half.units) end,
	depth_model = function(properties, setting)
		local list = add_list(
			properties, setting, { { value = "", text = text("DepthModel.none") } })
		for _, model in ipairs(half.depth_models or {}) do
			obslua.obs_property_list_add_string(list, model.text, model.value)
		end
		return list
	end,
}

-- Adds `group` in its own frame and returns what to add into.
local function add_group(properties, name)
	local group = obslua.obs_properties_create()
	obslua.obs_properties_add_group(
		properties, "group_" .. name, text("Group." .. name), obslua.OBS_GROUP_NORMAL, group)
	return group
end

local function add_button(properties, key, of_text, press)
	obslua.obs_properties_add_button(properties, key, text(of_text), function()
		press()
		return false
	end)
end

-- The line of what is so, and the button that renews it.
local function add_status(properties, status)
	obslua.obs_properties_add_text(properties, "status", status(), obslua.OBS_TEXT_INFO)
	obslua.obs_properties_add_button(properties, "refresh", text("Refresh"), function(all)
		show_status(all, status)
		return true
	end)
end

-- Adds all of `rows`; `status` returns the line under the first of the rows of no group. `buttons`
-- maps a setting's key to the {key, text, what to do} of the buttons under it.
function M.add(properties, rows, status, buttons)
	local group, group_name
	local decides = {}
	for _, setting in ipairs(rows) do
		if setting.shown_for then decides[setting.shown_for.key] = true end
	end
	if #rows > 0 and rows[1].group ~= "main" then add_status(properties, status) end
	for index, setting in ipairs(rows) do
		local into = properties
		if setting.group ~= "main" then
			if group_name ~= setting.group then
				group, group_name = add_group(properties, setting.group), setting.group
			end
			into = group
		end
		local property = adders[setting.kind](into, setting)
		local hint = half.texts[setting.text .. ".Hint"]
		if hint then obslua.obs_property_set_long_description(property, hint) end
		if decides[setting.key] then
			obslua.obs_property_set_modified_callback(property, function(all, _, settings)
				return show_fitting(rows, all, settings, status)
			end)
		end
		for _, button in ipairs(buttons and buttons[setting.key] or {}) do
			add_button(into, button[1], button[2], button[3])
		end
		if index == 1 and setting.group == "main" then add_status(properties, status) end
	end
end

-- The names of a filter and of its source, as the script finds it by.
local function names_of(self)
	local parent = C.obs_filter_get_parent(self.filter)
	if parent == nil then return nil end
	return obs.name(parent), obs.name(self.filter)
end

local function setting_of(self, key)
	local data = C.obs_source_get_settings(self.filter)
	local value = ffi.string(C.obs_data_get_string(data, key))
	C.obs_data_release(data)
	return value
end

local function ask(...)
	link.request(segment, half.requests, ...)
end

-- The list of scenes, each with its background, and what to do with one. `background_of` maps a
-- scene's name to the word of its own background.
function M.add_scenes(properties, self, background_of)
	local group = add_group(properties, "scenes")
	local lines = {}
	each_name("scene_names", function(name)
		lines[#lines + 1] = name .. ": " .. text("Background." .. (background_of[name] or "default"))
	end)
	obslua.obs_properties_add_text(
		group, "scenes_shown", table.concat(lines, "\n"), obslua.OBS_TEXT_INFO)
	local list = obslua.obs_properties_add_list(group, "scene", text("Scene"),
		obslua.OBS_COMBO_TYPE_LIST, obslua.OBS_COMBO_FORMAT_STRING)
	each_name("scene_names", function(name)
		obslua.obs_property_list_add_string(list, name, name)
	end)
	add_button(group, "own_scene", "Scene.Own", function()
		ask("own_scene", setting_of(self, "scene"))
	end)
	add_button(group, "default_scene", "Scene.Default", function()
		ask("default_scene", setting_of(self, "scene"))
	end)
end

-- Asks the script for the lock, or to take it away: when the setting changes, and again while the
-- lock is not where it belongs. Called once a frame.
local LOCK_AGAIN_NS = 2e9
function M.keep_lock(self, now)
	local wanted = self.settings.lock
	if self.lock_asked == nil then
		local below = C.obs_filter_get_target(self.filter)
		if below == nil then return end
		self.lock_asked, self.lock_ns = obs.name(below) == half.lock, 0
	end
	if wanted == self.lock_asked
		and (not wanted or self.state.locked ~= false or now - self.lock_ns < LOCK_AGAIN_NS) then
		return
	end
	local source, filter = names_of(self)
	if not source then return end
	self.lock_asked, self.lock_ns = wanted, now
	ask("lock", source, filter, tostring(wanted))
end

local function asker(self)
	return function(action, ...)
		local source, filter = names_of(self)
		if source then ask(action, source, filter, ...) end
	end
end

-- The buttons that delay a source's sound as the picture is, and take that back.
function M.sync_buttons(self)
	local about = asker(self)
	return {
		{ "set_sync", "Sync.Set", function()
			local delay = self.channel and self.channel.delay_ms or 0
			about("set_sync", setting_of(self, "sync_source"), string.format("%.3f", delay))
		end },
		{ "undo_sync", "Sync.Undo", function() about("undo_sync") end },
	}
end

-- Presets, and settings for all cameras.
function M.add_tools(properties, self)
	local group = add_group(properties, "tools")
	local about = asker(self)
	obslua.obs_properties_add_path(group, "preset", text("Preset"), obslua.OBS_PATH_FILE_SAVE,
		text("PresetFiles") .. " (*.json)", nil)
	add_button(group, "save_preset", "Preset.Save", function()
		about("save_preset", setting_of(self, "preset"))
	end)
	add_button(group, "load_preset", "Preset.Load", function()
		about("load_preset", setting_of(self, "preset"))
	end)
	add_button(group, "copy", "Copy", function() about("copy") end)
end

return M
