-- Rows with keys of their own, whose values are never saved: each shows a setting in another way, and a
-- change is written to that setting at once.
local obslua = obslua
local obs, values, setting_rows = ...
local C = obs.C

local M = {}

local PERCENT = " %"

-- Whether a setting is a share: saved as 0 to 1, as remote controls and presets use it, shown in percent.
function M.is_share(setting) return setting.unit == PERCENT end

-- Lets `row`, with that key, show `setting`, multiplied by `scale`, which write() saves.
local function follow(panel, row, key, setting, scale, write)
	panel.unsaved[#panel.unsaved + 1] = { key = key, setting = setting, scale = scale }
	obslua.obs_property_set_modified_callback(row, function(_, _, given)
		local settings = obs.pointer(given)
		if C.obs_data_has_user_value(settings, key) then
			local shown = C.obs_data_get_int(settings, key)
			C.obs_data_unset_user_value(settings, key)
			C.obs_data_set_default_int(settings, key, shown)
			write(settings, setting.key, tonumber(shown) / scale)
			panel.written(setting)
		end
		return false
	end)
end

-- Adds a slider in percent and returns it with its key.
function M.add_percent(panel, properties, setting)
	local key = setting.key .. "_percent"
	local slider = obslua.obs_properties_add_int_slider(properties, key, setting_rows.title(setting),
		setting.minimum * 100, setting.maximum * 100, 1)
	obslua.obs_property_int_set_suffix(slider, setting.unit)
	follow(panel, slider, key, setting, 100, C.obs_data_set_double)
	return slider, key
end

-- Adds the row that a colour has in another group and returns its key: it is needed there only for some
-- backgrounds, and would push what is needed daily out of the window.
function M.add_elsewhere(panel, properties, setting, title)
	local key = setting.key .. "_" .. setting.elsewhere.group
	local row = obslua.obs_properties_add_color(properties, key, title)
	follow(panel, row, key, setting, 1, C.obs_data_set_int)
	return key
end

-- Lets all of these rows show what their settings have now.
function M.renew(panel, settings)
	for _, row in ipairs(panel.unsaved) do
		local value = values.read(settings, row.setting)
		C.obs_data_set_default_int(settings, row.key, math.floor(value * row.scale + 0.5))
	end
end

return M
