-- What a camera's filter asks the script for: the buttons for scenes, presets and sound, and the lock.
local ffi = require("ffi")
local obslua = obslua
local obs, link, panels, setting_rows = ...
local C = obs.C
local text = panels.text

local M = {}

-- Set by the script's table: `half`, and the segment.
local half, segment
function M.use(new_half, new_segment) half, segment = new_half, new_segment end

-- Adds the list of scenes, each with its background, and the buttons for one. `backgrounds` returns the
-- scenes' own backgrounds by scene name.
function M.add_scenes(panel, properties, backgrounds)
	local group = panels.add_group(panel, properties, "scenes")
	panels.add_words(panel, group, "scenes", "scenes_shown", function()
		local own, lines = backgrounds(), {}
		setting_rows.each_name("scene_names", function(name)
			lines[#lines + 1] = name .. ": " .. text("Background." .. (own[name] or "default"))
		end)
		return table.concat(lines, "\n")
	end)
	local list = obslua.obs_properties_add_list(group, "scene", text("Scene"),
		obslua.OBS_COMBO_TYPE_LIST, obslua.OBS_COMBO_FORMAT_STRING)
	setting_rows.each_name("scene_names", function(name)
		obslua.obs_property_list_add_string(list, name, name)
	end)
	panels.note(panel, "scene", "scenes")
	panels.add_requests(panel, group, "scenes",
		{ { "own_scene", "Scene.Own" }, { "default_scene", "Scene.Default" } })
end

-- Looks to start from: a button each, and one that takes the last back.
function M.add_starts(panel, properties)
	local group = panels.add_group(panel, properties, "starts")
	local buttons = {}
	for index, name in ipairs(half.starts) do
		buttons[index] = { "start " .. name, "Start." .. name }
	end
	buttons[#buttons + 1] = { "undo_start", "Start.Undo" }
	panels.add_requests(panel, group, "starts", buttons)
end

-- Presets, and settings for all cameras.
function M.add_tools(panel, properties)
	local group = panels.add_group(panel, properties, "tools")
	obslua.obs_properties_add_path(group, "preset", text("Preset"), obslua.OBS_PATH_FILE_SAVE,
		text("PresetFiles") .. " (*.json)", nil)
	panels.note(panel, "preset", "tools")
	panels.add_requests(panel, group, "tools", {
		{ "save_preset", "Preset.Save" }, { "load_preset", "Preset.Load" }, { "copy", "Copy" },
	})
end

-- The buttons that delay a source's sound by as much as the picture, and undo that.
function M.sync_buttons(self)
	local locked = { key = "timing", values = { "locked" } }
	return {
		{ "set_sync " .. (self.lane and self.lane.index or 0), "Sync.Set", locked },
		{ "undo_sync", "Sync.Undo", locked },
	}
end

-- The names of a filter's source and of the filter, by which the script finds it.
local function names_of(self)
	local parent = C.obs_filter_get_parent(self.filter)
	if parent == nil then return nil end
	return obs.name(parent), obs.name(self.filter)
end

-- Notes that the lock was ticked in the panel. OBS's window of the filters selects every filter that is
-- added: our panel would go away under the user. So the script adds the lock when the panel is closed, or
-- when OBS saves, as only what is saved can be read by an OBS without the script (see application.py).
function M.watch_lock(self, properties)
	C.obs_properties_set_param(
		obs.pointer(properties), self.filter, ffi.cast("void *", half.panel_closed))
	local row = obslua.obs_properties_get(properties, "lock")
	obslua.obs_property_set_modified_callback(row, function(_, _, settings)
		local ticked = C.obs_data_get_bool(obs.pointer(settings), "lock")
		if ticked and not self.settings.lock then self.lock_waits = true end
		return false
	end)
end

-- Asks the script to add or remove the lock: when the setting changes, and again while the lock is not
-- where it belongs. Called once a frame. A new setting must have stood for a moment, so that its row's
-- callback above has been called.
local LOCK_AGAIN_NS, LOCK_SETTLED_NS = 2e9, 3e8
function M.keep_lock(self, now)
	local wanted = self.settings.lock
	if self.lock_asked == nil then
		local below = C.obs_filter_get_target(self.filter)
		if below == nil then return end
		self.lock_asked, self.lock_ns = obs.name(below) == half.lock, 0
	end
	if wanted ~= self.lock_wanted then self.lock_wanted, self.lock_wanted_ns = wanted, now end
	if now - self.lock_wanted_ns < LOCK_SETTLED_NS then return end
	if self.lock_waits then
		self.lock_asked = true
		if wanted and not self.state.locked then return end
		self.lock_waits = nil
	end
	if wanted == self.lock_asked
		and (not wanted or self.state.locked ~= false or now - self.lock_ns < LOCK_AGAIN_NS) then
		return
	end
	local source, filter = names_of(self)
	if not source then return end
	self.lock_asked, self.lock_ns = wanted, now
	link.request(segment, half.requests, "lock", source, filter, tostring(wanted))
end

-- Asks the script to switch to the scene for *Nobody there*, and back. Called once a frame.
function M.tell_nobody(self)
	local away = self.nobody.away and self.settings.nobody == "scene"
	if away == (self.away_told or false) then return end
	local source, filter = names_of(self)
	if not source then return end
	self.away_told = away
	link.request(segment, half.requests, away and "leave_scene" or "return_to_scene", source, filter)
end

return M
