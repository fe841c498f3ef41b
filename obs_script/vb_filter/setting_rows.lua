-- The row of a setting in a panel, by the setting's kind.
local obslua = obslua
local link = ...

local M = {}

-- Set by the script's table: `half`, and the segment.
local half, segment
function M.use(new_half, new_segment) half, segment = new_half, new_segment end

local function text(key) return half.texts[key] or key end

function M.title(setting)
	local title = text(setting.text)
	return setting.number == 0 and title or title .. " " .. setting.number
end

local function add_list(properties, setting, choices, kind)
	local list = obslua.obs_properties_add_list(
		properties, setting.key, M.title(setting),
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

-- A list of the names in a field of the link, in which one can type others.
local function add_names(properties, setting, field)
	local list = add_list(properties, setting, { { value = "", text = text("None") } },
		obslua.OBS_COMBO_TYPE_EDITABLE)
	M.each_name(field, function(name) obslua.obs_property_list_add_string(list, name, name) end)
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
		return add_path(properties, setting,
			text("ImageFiles") .. " (*.png *.jpg *.jpeg *.bmp *.tga *.gif *.webp)")
	end,
	video = function(properties, setting)
		return add_path(properties, setting,
			text("VideoFiles") .. " (*.mp4 *.m4v *.mov *.mkv *.webm *.avi *.gif *.ts *.flv)")
	end,
	source = function(properties, setting) return add_names(properties, setting, "source_names") end,
	scene = function(properties, setting) return add_names(properties, setting, "scene_names") end,
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

-- Adds the row of `setting` and returns it.
function M.add(properties, setting) return adders[setting.kind](properties, setting) end

return M
