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
local obs, values, setting_rows, lines = ...
local C = obs.C

local M = {}

local PERCENT = " %"
local OF_FILES = { image = true, video = true }

-- Set by the script's table.
local half
function M.use(new_half) half = new_half end

local function text(key) return half.texts[key] or key end
M.text = text

-- What the texts say of `problem`, a key of theirs or a sentence already; "" for "".
function M.sentence(problem)
	return half.texts["Error." .. problem] or problem
end

-- The sentence of `problem`, or where it stands: below the row `key` of a file, where that is given.
function M.sentence_or_place(problem, key)
	for _, setting in ipairs(key and half.settings or {}) do
		if setting.key == key then
			return (text("Status.WrongFile"):gsub("{row}", function() return text(setting.text) end))
		end
	end
	return M.sentence(problem)
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

-- Whether a row is to be seen for what is chosen elsewhere: its setting's decider has a fitting value
-- and is seen itself, and a scene's own part is wanted. `about` is a setting or has its `group` and
-- `shown_for`.
local function fits(panel, about, settings)
	local own = panel.by_key["own_" .. about.group]
	if own and own ~= about and not values.read(settings, own) then return false end
	if not about.shown_for or panel.added[about.key] then return true end
	local decider = panel.by_key[about.shown_for.key]
	if decider and decider ~= about and not fits(panel, decider, settings) then return false end
	local now = decider and tostring((values.read(settings, decider))) or ""
	for _, value in ipairs(about.shown_for.values) do
		if value == now or (value == "*" and now ~= "") then
			-- A name that is typed anew is empty for a moment.
			if decider == about and about.kind == "source" then panel.added[about.key] = true end
			return true
		end
	end
	return false
end

local function describe(properties, key, words)
	local row = obslua.obs_properties_get(properties, key)
	if row ~= nil then obslua.obs_property_set_description(row, words) end
end

-- Renews what the panel says of how things are, and the percents of what is set.
local function renew(panel, properties, settings)
	local words, figures = panel.status()
	describe(properties, "status", lines.same_height(words))
	describe(properties, "figures", figures or "")
	for key, say in pairs(panel.words) do describe(properties, key, say()) end
	for _, setting in ipairs(panel.rows) do
		if setting.unit == PERCENT then
			local value = values.read(settings, setting)
			C.obs_data_set_default_int(
				settings, setting.key .. "_percent", math.floor(value * 100 + 0.5))
		end
	end
end

-- Shows the rows that fit, and what is so now. Returns whether rows came or went: only then is OBS to
-- rebuild the panel, as that takes the text cursor away. While somebody is `typing`, rows that tell of
-- something stay as they are.
local function show_fitting(panel, properties, settings, typing)
	local changed = false
	for key, about in pairs(panel.shown) do
		local row = obslua.obs_properties_get(properties, key)
		local open = about.group == "main"
			or C.obs_data_get_bool(settings, "group_" .. about.group)
		local shown = open and fits(panel, about, settings)
			and (not about.wanted or about.wanted(settings))
		if row ~= nil and not (typing and about.tells)
			and obslua.obs_property_visible(row) ~= shown then
			obslua.obs_property_set_visible(row, shown)
			changed = true
		end
	end
	renew(panel, properties, settings)
	return changed
end

local function on_modified(panel, property, typing)
	obslua.obs_property_set_modified_callback(property, function(all, _, settings)
		return show_fitting(panel, all, obs.pointer(settings), typing)
	end)
end

-- Calls use(settings), an obs_data_t *, with the settings of a filter and returns what it does.
local function with_settings(self, use)
	local settings = C.obs_source_get_settings(self.filter)
	local result = use(settings)
	C.obs_data_release(settings)
	return result
end

-- For a moment the zones, or the layers, are outlined: see outlines.lua.
local OUTLINED = { zones = true, layers = true }
local function show_outlines(panel, setting)
	if not OUTLINED[setting.group] then return end
	local filter = panel.filter
	filter.edited, filter.edited_part = setting.key, setting.group
	filter.edited_ns = tonumber(C.os_gettime_ns())
end

-- A share is kept as 0 to 1, as remote controls and presets have it, and shown in percent by a row
-- with a key of its own. Its value is never kept: each change is put into the setting at once.
local function add_percent(panel, properties, setting, title)
	local key = setting.key .. "_percent"
	local slider = obslua.obs_properties_add_int_slider(
		properties, key, title, setting.minimum * 100, setting.maximum * 100, 1)
	obslua.obs_property_int_set_suffix(slider, setting.unit)
	obslua.obs_property_set_modified_callback(slider, function(_, _, given)
		local settings = obs.pointer(given)
		if C.obs_data_has_user_value(settings, key) then
			local percent = C.obs_data_get_int(settings, key)
			C.obs_data_unset_user_value(settings, key)
			C.obs_data_set_default_int(settings, key, percent)
			C.obs_data_set_double(settings, setting.key, tonumber(percent) / 100)
			show_outlines(panel, setting)
			C.obs_source_update(panel.filter.filter, nil)
		end
		return false
	end)
	return slider, key
end

-- Adds the group `name`, which is folded at first, and returns what to add into. OBS has no group
-- that folds: one that can be unticked shows its rows in grey, so they are hidden as well.
local function add_group(panel, properties, name, shown_for)
	local content = obslua.obs_properties_create()
	local key = "group_" .. name
	local group = obslua.obs_properties_add_group(
		properties, key, text("Group." .. name), obslua.OBS_GROUP_CHECKABLE, content)
	on_modified(panel, group)
	if shown_for then panel.shown[key] = { group = "main", shown_for = shown_for } end
	return content
end

-- Adds a row that is no setting's and is seen as one of `group` with `shown_for` would be, and only
-- while wanted(settings), where that is given.
local function note(panel, key, group, shown_for, wanted)
	panel.shown[key] = { group = group, shown_for = shown_for, wanted = wanted }
end

-- The line of what is so.
local function add_status(properties)
	local row = obslua.obs_properties_add_text(properties, "status", "", obslua.OBS_TEXT_INFO)
	obslua.obs_property_text_set_info_word_wrap(row, false)  -- see lines.lua
end

-- The button that renews all that the panel says, and where the rest is.
local function add_refresh(panel, properties)
	obslua.obs_properties_add_button(properties, "refresh", text("Refresh"), function(all)
		with_settings(panel.filter, function(settings)
			show_fitting(panel, all, settings)
		end)
		return true
	end)
	obslua.obs_properties_add_text(properties, "more", text("More"), obslua.OBS_TEXT_INFO)
end

-- Zones and layers are seen once there are any; below them a button adds the next one. A layer whose
-- source is not chosen yet is kept by the panel alone.
local ADDED = {
	zones = { button = "Zone.Add", add = function(_, settings, setting)
		C.obs_data_set_string(settings, setting.key, "keep")
	end },
	layers = { button = "Layer.Add", add = function(panel, _, setting)
		panel.added[setting.key] = true
	end },
}

local function add_next_button(panel, properties, group)
	local of = ADDED[group]
	local function next_one(settings)
		for _, setting in ipairs(panel.rows) do
			local first = setting.group == group and setting.shown_for
				and setting.shown_for.key == setting.key
			if first and not fits(panel, setting, settings) then return setting end
		end
		return nil
	end
	local key = "add_" .. group
	obslua.obs_properties_add_button(properties, key, text(of.button), function(all)
		return with_settings(panel.filter, function(settings)
			local setting = next_one(settings)
			if not setting then return false end
			of.add(panel, settings, setting)
			show_outlines(panel, setting)
			C.obs_source_update(panel.filter.filter, nil)
			return show_fitting(panel, all, settings)
		end)
	end)
	note(panel, key, group, nil, function(settings) return next_one(settings) ~= nil end)
end

-- Adds the line below a row that says what is so with its setting: what is wrong with a file, say.
local function add_line(panel, properties, setting)
	local key = setting.key .. "_line"
	local function say() return M.sentence(panel.line(setting.key)) end
	local row = obslua.obs_properties_add_text(properties, key, "", obslua.OBS_TEXT_INFO)
	if OF_FILES[setting.kind] then
		obslua.obs_property_text_set_info_type(row, obslua.OBS_TEXT_INFO_WARNING)
	end
	panel.words[key] = say
	note(panel, key, setting.group, setting.shown_for, function() return say() ~= "" end)
	panel.shown[key].tells = true
end

local function add_row(panel, into, setting, buttons)
	local property, key
	if setting.unit == PERCENT then
		property, key = add_percent(panel, into, setting, setting_rows.title(setting))
	else
		property, key = setting_rows.add(into, setting), setting.key
	end
	local hint = half.texts[setting.text .. ".Hint"]
	if hint then obslua.obs_property_set_long_description(property, hint) end
	if panel.decides[setting.key] or buttons then
		on_modified(panel, property, setting.kind == "source")
	end
	if setting.group ~= "main" or setting.shown_for then panel.shown[key] = setting end
	if OF_FILES[setting.kind] then
		C.obs_property_set_modified_callback2(
			obs.pointer(property), ffi.cast("void *", half.file_chosen), panel.filter.filter)
	end
	if OF_FILES[setting.kind] or setting.key == "governor" then add_line(panel, into, setting) end
end

-- Starts the panel of a filter: `rows` are its settings; status() returns the lines that say what is
-- so, and figures for who wants them; line(key) what is so with the setting of a file or the governor,
-- a key of the texts or a sentence, or "".
function M.new(self, rows, status, line)
	local panel = {
		filter = self, rows = rows, status = status, line = line, by_key = {}, decides = {},
		shown = {}, words = {}, added = {}, last = {},
	}
	for _, setting in ipairs(rows) do
		panel.by_key[setting.key] = setting
		panel.last[setting.group] = setting
		if setting.shown_for then panel.decides[setting.shown_for.key] = true end
		if setting.key:match("^own_") then panel.decides[setting.key] = true end
	end
	return panel
end

-- Adds {key, text, what to do, the `shown_for` it is seen for or nil} into a group's `properties`.
local function add_button(panel, properties, group, button)
	obslua.obs_properties_add_button(properties, button[1], text(button[2]), function()
		button[3]()
		return false
	end)
	note(panel, button[1], group, button[4])
end

-- Adds a line that says what say() returns whenever the panel is renewed.
function M.add_words(panel, properties, group, key, say)
	obslua.obs_properties_add_text(properties, key, say(), obslua.OBS_TEXT_INFO)
	panel.words[key] = say
	note(panel, key, group)
end

-- Adds the buttons {key, text, the `shown_for` it is seen for or nil} that the script acts on (see
-- vb_script/presses.py) into a group's `properties`, and below them the line it answers in.
function M.add_requests(panel, properties, group, buttons)
	for _, button in ipairs(buttons) do
		C.obs_properties_add_button2(obs.pointer(properties), button[1], text(button[2]),
			ffi.cast("void *", half.pressed), panel.filter.filter)
		note(panel, button[1], group, button[3])
	end
	local answer = obslua.obs_properties_add_text(
		properties, "answer_" .. group, "", obslua.OBS_TEXT_INFO)
	note(panel, "answer_" .. group, group, nil, function()
		return obslua.obs_property_description(answer) ~= ""
	end)
end

-- Adds the settings of the groups `from` (a set of names). `buttons` maps a setting's key to the
-- {key, text, what to do} of the buttons under it; `requests` maps one to those of add_requests.
function M.add(panel, properties, from, buttons, requests)
	local group, group_name
	if from.main and not panel.by_key.active then add_status(properties) end
	for _, setting in ipairs(panel.rows) do
		local name = setting.group
		local into = properties
		if not from[name] then
			into = nil
		elseif name ~= "main" then
			if group_name ~= name then
				group_name = name
				group = add_group(panel, properties, name, name == "place" and setting.shown_for)
			end
			into = group
		end
		if into then
			local below, asked = buttons[setting.key], requests[setting.key]
			add_row(panel, into, setting, below or asked)
			for _, button in ipairs(below or {}) do add_button(panel, into, name, button) end
			if asked then M.add_requests(panel, into, name, asked) end
			if setting.key == "active" then add_status(properties) end
			if setting == panel.last.main then add_refresh(panel, into) end
			if ADDED[name] and setting == panel.last[name] then
				add_next_button(panel, into, name)
			end
			if setting.key == "compute" then
				obslua.obs_properties_add_text(into, "figures", "", obslua.OBS_TEXT_INFO)
				note(panel, "figures", name)
			end
		end
	end
end

M.add_group, M.note = add_group, note

-- Shows of all that was added what is to be seen.
function M.finish(panel, properties)
	with_settings(panel.filter, function(settings)
		show_fitting(panel, properties, settings)
	end)
	return properties
end

return M
