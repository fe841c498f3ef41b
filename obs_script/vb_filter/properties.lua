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

local PERCENT = " %"

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

-- Whether a row is to be seen for what is chosen elsewhere: its setting's decider has a fitting value
-- and is seen itself, and a scene's own part is wanted. `about` is a setting or has its `group` and
-- `shown_for`.
local function fits(panel, about, settings)
	local own = panel.by_key["own_" .. about.group]
	if own and own ~= about and not values.read(settings, own) then return false end
	if not about.shown_for then return true end
	local decider = panel.by_key[about.shown_for.key]
	if decider and decider ~= about and not fits(panel, decider, settings) then return false end
	local now = decider and tostring((values.read(settings, decider))) or ""
	for _, value in ipairs(about.shown_for.values) do
		if value == now or (value == "*" and now ~= "") then return true end
	end
	return false
end

local function describe(properties, key, words)
	local row = obslua.obs_properties_get(properties, key)
	if row ~= nil then obslua.obs_property_set_description(row, words) end
end

-- Four lines, so that no row below moves when there is more or less to say. A line holds some 55
-- Latin letters in a window as OBS opens it, others are twice as wide.
local LINES, COLUMNS = 4, 55
local function same_height(words)
	local lines = 0
	for line in (words .. "\n"):gmatch("(.-)\n") do
		local columns = 0
		for first in line:gmatch("[%z\1-\127\194-\244]") do
			columns = columns + (first:byte() < 224 and 1 or 2)
		end
		lines = lines + math.max(math.ceil(columns / COLUMNS), 1)
	end
	return words .. ("\n "):rep(LINES - lines)
end

-- Renews what the panel says of how things are, and the percents of what is set.
local function renew(panel, properties, settings)
	local words, figures = panel.status()
	describe(properties, "status", same_height(words))
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
-- rebuild the panel, as that takes the text cursor away.
local function show_fitting(panel, properties, settings)
	local changed = false
	for key, about in pairs(panel.shown) do
		local row = obslua.obs_properties_get(properties, key)
		local open = about.group == "main"
			or C.obs_data_get_bool(settings, "group_" .. about.group)
		local shown = open and fits(panel, about, settings)
			and (not about.wanted or about.wanted(settings))
		if row ~= nil and obslua.obs_property_visible(row) ~= shown then
			obslua.obs_property_set_visible(row, shown)
			changed = true
		end
	end
	renew(panel, properties, settings)
	return changed
end

local function on_modified(panel, property)
	obslua.obs_property_set_modified_callback(property, function(all, _, settings)
		return show_fitting(panel, all, obs.pointer(settings))
	end)
end

-- Calls use(settings), an obs_data_t *, with the settings of a filter and returns what it does.
local function with_settings(self, use)
	local settings = C.obs_source_get_settings(self.filter)
	local result = use(settings)
	C.obs_data_release(settings)
	return result
end

-- For a moment the zones are outlined: see outlines.lua.
local function show_outlines(panel)
	panel.filter.zones_edited_ns = tonumber(C.os_gettime_ns())
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
			if setting.group == "zones" then show_outlines(panel) end
			C.obs_source_update(panel.filter.filter, nil)
		end
		return false
	end)
	return slider, key
end

local function title_of(setting)
	local title = text(setting.text)
	return setting.number == 0 and title or title .. " " .. setting.number
end

local function add_list(properties, setting, choices, kind)
	local list = obslua.obs_properties_add_list(
		properties, setting.key, title_of(setting),
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

function M.each_name(field, visit)
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
		M.each_name("source_names", function(name)
			obslua.obs_property_list_add_string(list, name, name)
		end)
		return list
	end,
	audio = function(properties, setting)
		local list = add_list(properties, setting, { { value = "", text = text("None") } })
		M.each_name("audio_names", function(name)
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

-- The line of what is so, and the button that renews it.
local function add_status(panel, properties)
	obslua.obs_properties_add_text(properties, "status", "", obslua.OBS_TEXT_INFO)
	obslua.obs_properties_add_button(properties, "refresh", text("Refresh"), function(all)
		with_settings(panel.filter, function(settings)
			show_fitting(panel, all, settings)
		end)
		return true
	end)
end

local function add_zone_button(panel, properties)
	local function next_zone(settings)
		for _, setting in ipairs(panel.rows) do
			if setting.text == "Zone" and values.read(settings, setting) == "off" then
				return setting.key
			end
		end
		return nil
	end
	obslua.obs_properties_add_button(properties, "add_zone", text("Zone.Add"), function(all)
		return with_settings(panel.filter, function(settings)
			C.obs_data_set_string(settings, next_zone(settings) or "", "keep")
			show_outlines(panel)
			C.obs_source_update(panel.filter.filter, nil)
			return show_fitting(panel, all, settings)
		end)
	end)
	note(panel, "add_zone", "zones", nil, function(settings) return next_zone(settings) ~= nil end)
end

local function add_row(panel, into, setting, buttons)
	local property, key
	if setting.unit == PERCENT then
		property, key = add_percent(panel, into, setting, title_of(setting))
	else
		property, key = adders[setting.kind](into, setting), setting.key
	end
	local hint = half.texts[setting.text .. ".Hint"]
	if hint then obslua.obs_property_set_long_description(property, hint) end
	if panel.decides[setting.key] or buttons then on_modified(panel, property) end
	if setting.group ~= "main" or setting.shown_for then panel.shown[key] = setting end
end

-- Starts the panel of a filter: `rows` are its settings; status() returns the lines that say what is
-- so, and figures for who wants them.
function M.new(self, rows, status)
	local panel = {
		filter = self, rows = rows, status = status, by_key = {}, decides = {}, shown = {},
		words = {},
	}
	for _, setting in ipairs(rows) do
		panel.by_key[setting.key] = setting
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
	if from.main and not panel.by_key.active then add_status(panel, properties) end
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
			if setting.key == "active" then add_status(panel, properties) end
			if setting.key == "quality" then
				obslua.obs_properties_add_text(into, "more", text("More"), obslua.OBS_TEXT_INFO)
			end
			if setting.key == "zone4_bottom" then add_zone_button(panel, into) end
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
