-- The panels of the filters, built from the table of settings that the script hands over.
--
-- This script never asks OBS to rebuild an open panel (obs_source_update_properties): OBS deletes every
-- row and creates new ones, even while a file or colour dialog of one of them is open. The dialog then
-- returns to a deleted row and crashes OBS; lists close, and the text cursor is lost. There is no way
-- to tell on every system that nobody is using a panel, so it is refreshed only when it is opened and
-- by what the user does in it: a button, or a choice that shows other rows. OBS does that after its
-- dialogs and lists have closed. A chosen file rebuilds nothing: the window gets the focus back from the
-- dialog later, which, if its row has gone, passes to the list of audio filters: the panel goes away.
local ffi = require("ffi")
local obslua = obslua
local obs, values, setting_rows, unsaved_rows, lines = ...
local C = obs.C

local M = {}

local LINE_ROOM = 2
local OF_FILES = { image = true, video = true }

-- Set by the script's table.
local half
function M.use(new_half) half = new_half end

local function text(key) return half.texts[key] or key end
M.text = text

-- Returns the sentence for `problem`, a text key or already a sentence; "" for "".
function M.sentence(problem)
	return half.texts["Error." .. problem] or problem
end

-- The sentence of `problem`; if `key`, a file's setting, is given, a pointer to the row that has it.
function M.sentence_or_place(problem, key)
	for _, setting in ipairs(key and half.settings or {}) do
		if setting.key == key then
			return (text("Status.WrongFile"):gsub("{row}", function() return text(setting.text) end))
		end
	end
	return M.sentence(problem)
end

-- The sentence of an error about `settings`, rows of the table; "" if there are none. It has their keys
-- too, by which a remote control knows them.
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

-- Whether the setting that `condition` is about has one of its values.
local function holds(panel, condition, settings)
	local decider = panel.by_key[condition.key]
	local now = decider and tostring((values.read(settings, decider))) or ""
	for _, value in ipairs(condition.values) do
		if value == now or (value == "*" and now ~= "") then return true end
	end
	return false
end

-- Whether other choices make a row visible: the setting that decides it has a fitting value and is
-- visible itself, and the scene has its own part switched on. `about` is a setting, or has its `group`,
-- `shown_for` and `hidden_for`.
local function fits(panel, about, settings)
	local own = panel.by_key["own_" .. about.group]
	if own and own ~= about and not values.read(settings, own) then return false end
	if about.hidden_for and holds(panel, about.hidden_for, settings) then return false end
	if not about.shown_for or panel.added[about.shown_for.key] then return true end
	local decider = panel.by_key[about.shown_for.key]
	if decider and decider ~= about and not fits(panel, decider, settings) then return false end
	if not holds(panel, about.shown_for, settings) then return false end
	-- A name that is being retyped is empty for a moment.
	if decider == about and about.kind == "source" then panel.added[about.key] = true end
	return true
end

local function describe(properties, key, words)
	local row = obslua.obs_properties_get(properties, key)
	if row ~= nil then obslua.obs_property_set_description(row, words) end
end

-- Whether a message row may come, go or change by what was done in the row `by`, or by a button or at
-- opening (nil). It must be below that row, or rows would move above the pointer.
local function may_tell(about, by)
	return not by or by == about.tells or by == "group_" .. about.group
		or by == "answer_" .. about.group or (about.shown_for and by == about.shown_for.key)
end

-- Refreshes the texts that `by` may change, those of a fixed height always, and the rows not saved.
local function renew(panel, properties, settings, by)
	describe(properties, "status", lines.same_height((panel.status())))
	for key, say in pairs(panel.words) do
		local about = panel.shown[key]
		if about.group == "main" or may_tell(about, by) then describe(properties, key, say(settings)) end
	end
	unsaved_rows.renew(panel, settings)
end

-- Shows the rows that fit, and the current status. `by` is the key of the row that was changed, or nil;
-- `from` that of a button pressed. Rows above stay until the panel is opened again or used above them: a
-- preset may have changed what fits, but they would push the row used from under the pointer. Returns
-- whether rows came or went: only then may OBS rebuild the panel, as that loses the text cursor.
local function show_fitting(panel, properties, settings, by, from)
	local changed, first = false, panel.places[from or by] or 0
	for key, about in pairs(panel.shown) do
		local row = obslua.obs_properties_get(properties, key)
		local open = about.group == "main"
			or C.obs_data_get_bool(settings, "group_" .. about.group)
		local shown = open and fits(panel, about, settings)
		local seen = row ~= nil and obslua.obs_property_visible(row)
		if panel.places[key] < first or (shown and about.tells and not may_tell(about, by)) then
			shown = seen
		elseif shown and about.wanted then
			shown = about.wanted(settings)
		end
		if row ~= nil and seen ~= shown then
			obslua.obs_property_set_visible(row, shown)
			changed = true
		end
	end
	for key, can in pairs(panel.enabled) do
		local row, enabled = obslua.obs_properties_get(properties, key), can(settings)
		if row ~= nil and obslua.obs_property_enabled(row) ~= enabled then
			obslua.obs_property_set_enabled(row, enabled)
			changed = true
		end
	end
	renew(panel, properties, settings, by)
	return changed
end

-- Notes that a row is the next below all those there are.
local function place(panel, key)
	panel.row_count = panel.row_count + 1
	panel.places[key] = panel.row_count
end

local function on_modified(panel, property, key)
	obslua.obs_property_set_modified_callback(property, function(all, _, settings)
		return show_fitting(panel, all, obs.pointer(settings), key)
	end)
end

-- Calls use(settings) with a filter's settings (obs_data_t *) and returns its result.
local function with_settings(self, use)
	local settings = C.obs_source_get_settings(self.filter)
	local result = use(settings)
	C.obs_data_release(settings)
	return result
end

-- Outlines the zones, or the layers, for a moment: see outlines.lua.
local OUTLINED = { zones = true, layers = true }
local function show_outlines(panel, setting)
	if not OUTLINED[setting.group] then return end
	local filter = panel.filter
	filter.edited, filter.edited_part = setting.key, setting.group
	filter.edited_ns = tonumber(C.os_gettime_ns())
end

-- Adds the group `name`, collapsed at first, and returns what to add rows to. OBS has no collapsible
-- groups: a checkable one shows its rows in grey while it is unticked, so they are hidden as well.
local function add_group(panel, properties, name, shown_for)
	local content = obslua.obs_properties_create()
	local key = "group_" .. name
	local group = obslua.obs_properties_add_group(
		properties, key, text("Group." .. name), obslua.OBS_GROUP_CHECKABLE, content)
	place(panel, key)
	on_modified(panel, group, key)
	if shown_for then panel.shown[key] = { group = "main", shown_for = shown_for } end
	return content
end

-- Registers a row that belongs to no setting: it is visible as a setting of `group` with `shown_for`
-- would be, and only while wanted(settings), where that is given.
local function note(panel, key, group, shown_for, wanted)
	place(panel, key)
	panel.shown[key] = { group = group, shown_for = shown_for, wanted = wanted }
end

-- Adds the status row.
local function add_status(properties)
	local row = obslua.obs_properties_add_text(properties, "status", "", obslua.OBS_TEXT_INFO)
	obslua.obs_property_text_set_info_word_wrap(row, false)  -- see lines.lua
end

-- Adds the button that refreshes the panel's texts, and the line that says where the rest is.
local function add_refresh(panel, properties)
	obslua.obs_properties_add_button(properties, "refresh", text("Refresh"), function(all)
		with_settings(panel.filter, function(settings)
			show_fitting(panel, all, settings, nil, "refresh")
		end)
		return true
	end)
	place(panel, "refresh")
	obslua.obs_properties_add_text(properties, "more", text("More"), obslua.OBS_TEXT_INFO)
end

-- Zones and layers have rows once there are any; the button that adds the next one is above them, and
-- stays there, so that it is not pushed away from the pointer. A layer whose source is not chosen yet
-- exists only in the panel.
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
			panel.written(setting)
			return show_fitting(panel, all, settings, key)
		end)
	end)
	note(panel, key, group)
	panel.enabled[key] = function(settings) return next_one(settings) ~= nil end
end

-- Adds the line below a row with the state of its setting, such as what is wrong with a file. Above the
-- button that refreshes the panel its height is fixed: the button stays under the pointer.
local function add_line(panel, properties, setting)
	local key = setting.key .. "_line"
	local of_background = setting.shown_for and setting.shown_for.key == "background"
	local function say(settings)
		-- The filter learns a frame later what was chosen.
		if of_background and values.read(settings, setting) == "" then return M.sentence("NoFile") end
		return M.sentence(panel.line(setting.key))
	end
	local row = obslua.obs_properties_add_text(properties, key, "", obslua.OBS_TEXT_INFO)
	if OF_FILES[setting.kind] then
		obslua.obs_property_text_set_info_type(row, obslua.OBS_TEXT_INFO_WARNING)
	end
	if setting.group == "main" then
		obslua.obs_property_text_set_info_word_wrap(row, false)
		panel.words[key] = function(settings) return lines.same_height(say(settings), LINE_ROOM) end
		return note(panel, key, "main", setting.shown_for)
	end
	panel.words[key] = function(settings) return lines.breakable(say(settings)) end
	note(panel, key, setting.group, setting.shown_for, function(settings)
		return say(settings) ~= ""
	end)
	panel.shown[key].tells = setting.key
end

local function add_row(panel, into, setting, buttons)
	local property, key
	if unsaved_rows.is_share(setting) then
		property, key = unsaved_rows.add_percent(panel, into, setting)
	else
		property, key = setting_rows.add(into, setting), setting.key
	end
	place(panel, key)
	local hint = half.texts[setting.text .. ".Hint"]
	if hint then obslua.obs_property_set_long_description(property, hint) end
	if panel.decides[setting.key] or buttons then
		on_modified(panel, property, setting.key)
	end
	if setting.group ~= "main" or setting.shown_for or setting.hidden_for then
		panel.shown[key] = setting
	end
	if OF_FILES[setting.kind] or setting.key == "governor" then add_line(panel, into, setting) end
end

-- Adds the rows that settings of other groups have in the group `name`.
local function add_from_elsewhere(panel, into, name)
	for _, setting in ipairs(panel.rows) do
		local here = setting.elsewhere
		if here and here.group == name then
			local key = unsaved_rows.add_elsewhere(panel, into, setting, text(here.text))
			note(panel, key, name, { key = setting.shown_for.key, values = here.values })
		end
	end
end

-- Creates a filter's panel: `rows` are its settings; status() returns the status lines, and figures for
-- those who want them; line(key) the state of a file's setting or the governor: a text key or a
-- sentence, or "".
function M.new(self, rows, status, line)
	local panel = {
		filter = self, rows = rows, status = status, line = line, by_key = {}, decides = {},
		shown = {}, words = {}, added = {}, last = {}, enabled = {}, unsaved = {},
		places = {}, row_count = 0,
	}
	panel.written = function(setting)
		show_outlines(panel, setting)
		C.obs_source_update(self.filter, nil)
	end
	for _, setting in ipairs(rows) do
		panel.by_key[setting.key] = setting
		panel.last[setting.group] = setting
		if setting.shown_for then panel.decides[setting.shown_for.key] = true end
		if setting.hidden_for then panel.decides[setting.hidden_for.key] = true end
		if setting.key:match("^own_") then panel.decides[setting.key] = true end
	end
	return panel
end

-- Adds a button {key, text, function, `shown_for` or nil} to a group's `properties`.
local function add_button(panel, properties, group, button)
	obslua.obs_properties_add_button(properties, button[1], text(button[2]), function()
		button[3]()
		return false
	end)
	note(panel, button[1], group, button[4])
end

-- Adds a line with what say() returns, refreshed with the panel.
function M.add_words(panel, properties, group, key, say)
	obslua.obs_properties_add_text(properties, key, say(), obslua.OBS_TEXT_INFO)
	panel.words[key] = function() return lines.breakable(say()) end
	note(panel, key, group)
end

-- Adds buttons {key, text, `shown_for` or nil} that the script acts on (see vb_script/presses.py) to a
-- group's `properties`, and below them the line for its answer.
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
	on_modified(panel, answer, "answer_" .. group)
end

-- Adds the settings of the groups `from` (a set of names). `buttons` maps a setting's key to the
-- buttons below it, {key, text, function, ...}; `requests` maps one to buttons of add_requests.
function M.add(panel, properties, from, buttons, requests)
	local group, group_name
	local has_button = {}
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
			local is_switch = setting.key == "own_" .. name
			if ADDED[name] and not has_button[name] and not is_switch then
				has_button[name] = true
				add_next_button(panel, into, name)
			end
			add_row(panel, into, setting, below or asked)
			for _, button in ipairs(below or {}) do add_button(panel, into, name, button) end
			if asked then M.add_requests(panel, into, name, asked) end
			if setting.key == "active" then add_status(properties) end
			if setting == panel.last.main then add_refresh(panel, into) end
			if setting == panel.last[name] then add_from_elsewhere(panel, into, name) end
			if setting.key == "compute" then
				M.add_words(panel, into, name, "figures", function()
					return select(2, panel.status()) or ""
				end)
			end
		end
	end
end

M.add_group, M.note = add_group, note

-- Shows those of the added rows that fit.
function M.finish(panel, properties)
	with_settings(panel.filter, function(settings)
		show_fitting(panel, properties, settings)
	end)
	return properties
end

return M
