-- What a camera's filter and a scene's filter have in common: size, settings, and the pictures, videos
-- and sources they draw.
local ffi = require("ffi")
local obslua = obslua
local obs, values, assets, graphics, panels = ...

local M = {}

-- Set by the script's table.
local half = { ready_backgrounds = {}, moving_backgrounds = {} }
function M.use(new_half) half = new_half end

local function color(value)
	return ffi.new("vb_vec4",
		bit.band(value, 0xff) / 255,
		bit.band(bit.rshift(value, 8), 0xff) / 255,
		bit.band(bit.rshift(value, 16), 0xff) / 255,
		1)
end

-- Leaves to libobs the callbacks of a new filter that could deadlock. Where the layout of this OBS's
-- sources is unknown, the filter draws nothing: self.problem says so.
function M.leave_to_libobs(self)
	self.callbacks = obs.leave_to_libobs(self.filter)
	if not self.callbacks then
		self.problem = panels.text("Error.UnknownObs")
		obs.warn(self.problem)
	end
end

-- Reads the settings of `rows` from `data` into self.settings. An invalid value, from a newer version
-- or a remote control, becomes the default; self.wrong_values names it.
function M.read(self, rows, data)
	local wrong = {}
	for _, setting in ipairs(rows) do
		local value, good = values.read(obs.pointer(data), setting)
		if not good then wrong[#wrong + 1] = setting end
		values.replace_pointer(obs.pointer(data), setting)
		if setting.kind == "color" then value = color(value) end
		self.settings[setting.key] = value
	end
	self.wrong_values = panels.named("WrongValue", wrong)
	-- To all else a picture that ships is an image like any other.
	local s = self.settings
	s.ready = half.ready_backgrounds[s.background] and s.background or nil
	s.moving = half.moving_backgrounds[s.background] or false
	if s.ready then
		s.background, s.background_image = "image", half.ready_backgrounds[s.ready]
	end
	self.revision = (self.revision or 0) + 1
end

function M.set_defaults(rows, data)
	for _, setting in ipairs(rows) do
		local set = {
			bool = obslua.obs_data_set_default_bool,
			float = obslua.obs_data_set_default_double,
			color = obslua.obs_data_set_default_int,
		}
		(set[setting.kind] or obslua.obs_data_set_default_string)(
			data, setting.key, setting.default)
	end
end

-- The size of what is below the filter; 0 where nothing is.
function M.get_width(self)
	local target = obs.C.obs_filter_get_target(self.filter)
	return target ~= nil and obs.C.obs_source_get_base_width(target) or 0
end

function M.get_height(self)
	local target = obs.C.obs_filter_get_target(self.filter)
	return target ~= nil and obs.C.obs_source_get_base_height(target) or 0
end

-- Backgrounds that need nothing but the settings, and those that need a file.
local FLAT = { transparent = true, color = true, blur = true }
local OF_FILES = { image = true, video = true }

-- Asks for the background. While no file is chosen, or it cannot be used, the former background
-- stays: its picture, or self.flat_background, or, for a scene that had none of its own, the camera's
-- (self.was_default). "My own room" is never the one to fall back to.
local function want_background(self, segment, count, kind)
	local asset = self.assets.background
	asset.stays = true
	local of_file = OF_FILES[kind]
	local name = (of_file or kind == "source") and self.settings["background_" .. kind] or ""
	if FLAT[kind] then self.flat_background = kind elseif not of_file then self.flat_background = nil end
	if not of_file then self.was_default = kind == "" end
	self.no_file = of_file and name == "" or false
	if self.no_file and (asset.source or asset.weak) then return end
	assets.want(asset, segment, count, kind, name)
end

-- Asks for the assets that the settings name. `parts` says which parts are in use: a scene's filter
-- may leave some to the camera's.
function M.want(self, segment, count, parts)
	if not self.assets then
		self.assets = {}
		for _, name in ipairs({ "background", "behind", "front", "zones", "cover", "nobody" }) do
			self.assets[name] = assets.new(name)
		end
	end
	local s, mine = self.settings, self.assets
	want_background(self, segment, count, parts.background and s.background or "")
	local function want(name, of_kind, value)
		assets.want(mine[name], segment, count, of_kind, value)
	end
	want("behind", "source", parts.layers and s.behind_source or "")
	want("front", "source", parts.layers and s.front_source or "")
	want("zones", "image", parts.zones and s.zone_picture or "")
	want("cover", "image", s.cover == "image" and s.cover_image or "")
	local nobody = (s.nobody == "image" or s.nobody == "source") and s.nobody or ""
	want("nobody", nobody, nobody ~= "" and s["nobody_" .. nobody] or "")
	self.has_zones = parts.zones and s.zone_picture ~= "" or false
	for number = 1, 4 do
		local kind = s["zone" .. number]
		if parts.zones and (kind == "keep" or kind == "drop") then self.has_zones = true end
	end
end

-- Called once a frame, shown or not, so that assets are loaded before they are needed.
function M.tick(self, now)
	for _, asset in pairs(self.assets) do
		assets.poll(asset, now)
		assets.rest(asset, now)
	end
	-- Whether a scene leaves its background to the camera until its file can be used.
	self.waits = self.was_default and not self.assets.background.source
		and OF_FILES[self.settings.background]
end

-- The settings that name files, by asset and kind.
local FILES = {
	background = { image = "background_image", video = "background_video" },
	zones = { image = "zone_picture" },
	cover = { image = "cover_image" },
	nobody = { image = "nobody_image" },
}

-- What is wrong with the file that the setting `key` names: a text key or a sentence, or "". The former
-- background's file is of no interest while another kind is chosen.
function M.wrong_file(self, key)
	for name, kinds in pairs(FILES) do
		local asset = self.assets[name]
		for kind, of_kind in pairs(kinds) do
			local asked = of_kind == key
				and (name ~= "background" or self.settings.background == kind)
			if asked and name == "background" and self.no_file then return "NoFile" end
			if asked and asset and asset.kind == kind then
				return asset.problem == "" and not asset.answered and "Opening" or asset.problem
			end
		end
	end
	return ""
end

-- The first problem with the settings or what they name: a text key or a sentence, or ""; and, where it
-- is a file, the key of the setting that names it.
function M.problem(self)
	if self.wrong_values ~= "" then return self.wrong_values end
	for _, kinds in pairs(FILES) do
		for _, key in pairs(kinds) do
			local wrong = M.wrong_file(self, key)
			if wrong ~= "" and wrong ~= "Opening" then
				return wrong, not self.settings.ready and key or nil
			end
		end
	end
	for _, asset in pairs(self.assets) do
		if asset.problem ~= "" then return asset.problem end
	end
	return ""
end

function M.destroy(self)
	for _, asset in pairs(self.assets or {}) do assets.drop(asset) end
	if self.state then obs.free_graphics(graphics.objects(self.state)) end
	self.state = nil
end

return M
