-- What the panel of a camera's filter asks the script for: scenes, presets, sound, the lock.
local ffi = require("ffi")
local obslua = obslua
local obs, link, panels = ...
local C = obs.C
local text = panels.text

local M = {}

-- Set by the script's table: `half`, and the segment.
local half, segment
function M.use(new_half, new_segment) half, segment = new_half, new_segment end

-- The names of a filter and of its source, as the script finds it by.
local function names_of(self)
	local parent = C.obs_filter_get_parent(self.filter)
	if parent == nil then return nil end
	return obs.name(parent), obs.name(self.filter)
end

local function setting_of(self, key)
	return panels.with_settings(self, function(settings)
		return ffi.string(C.obs_data_get_string(settings, key))
	end)
end

local function ask(...)
	link.request(segment, half.requests, ...)
end

-- The list of scenes, each with its background, and what to do with one. `background_of` maps a
-- scene's name to the word of its own background.
function M.add_scenes(panel, properties, background_of)
	local self = panel.filter
	local group = panels.add_group(panel, properties, "scenes")
	local lines = {}
	panels.each_name("scene_names", function(name)
		lines[#lines + 1] = name .. ": " .. text("Background." .. (background_of[name] or "default"))
	end)
	panels.add_words(panel, group, "scenes", "scenes_shown", table.concat(lines, "\n"))
	local list = obslua.obs_properties_add_list(group, "scene", text("Scene"),
		obslua.OBS_COMBO_TYPE_LIST, obslua.OBS_COMBO_FORMAT_STRING)
	panels.each_name("scene_names", function(name)
		obslua.obs_property_list_add_string(list, name, name)
	end)
	panels.note(panel, "scene", "scenes")
	for _, word in ipairs({ "own_scene", "default_scene" }) do
		panels.add_button(panel, group, "scenes",
			{ word, word == "own_scene" and "Scene.Own" or "Scene.Default", function()
				ask(word, setting_of(self, "scene"))
			end })
	end
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
	local locked = { key = "timing", values = { "locked" } }
	return {
		{ "set_sync", "Sync.Set", function()
			local delay = self.channel and self.channel.delay_ms or 0
			about("set_sync", setting_of(self, "sync_source"), string.format("%.3f", delay))
		end, locked },
		{ "undo_sync", "Sync.Undo", function() about("undo_sync") end, locked },
	}
end

-- Presets, and settings for all cameras.
function M.add_tools(panel, properties)
	local self = panel.filter
	local group = panels.add_group(panel, properties, "tools")
	local about = asker(self)
	obslua.obs_properties_add_path(group, "preset", text("Preset"), obslua.OBS_PATH_FILE_SAVE,
		text("PresetFiles") .. " (*.json)", nil)
	panels.note(panel, "preset", "tools")
	for _, button in ipairs({
		{ "save_preset", "Preset.Save", function()
			about("save_preset", setting_of(self, "preset"))
		end },
		{ "load_preset", "Preset.Load", function()
			about("load_preset", setting_of(self, "preset"))
		end },
		{ "copy", "Copy", function() about("copy") end },
	}) do
		panels.add_button(panel, group, "tools", button)
	end
end

return M
