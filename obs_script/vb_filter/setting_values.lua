-- Reads settings from obs_data, where a remote control, a script or another version may have put
-- anything: for what is not a boolean obs_data_get_bool returns false, not the default.
local ffi = require("ffi")
local obs = ...
local C = obs.C

local M = {}

-- enum obs_data_type
local STRING, NUMBER, BOOLEAN, OBJECT, ARRAY = 1, 2, 3, 4, 5

local function text_of(item) return ffi.string(C.obs_data_item_get_string(item)) end

-- The obs_data type of each kind of setting; all others are strings.
local TYPES = { bool = BOOLEAN, float = NUMBER, color = NUMBER }

local function is_choice(setting, value)
	for _, choice in ipairs(setting.choices) do
		if choice == value then return true end
	end
	return false
end

-- The value of an item of the right type as each kind of setting takes it, or nil.
local readers = {
	bool = function(item) return C.obs_data_item_get_bool(item) end,
	float = function(item, setting)
		local value = C.obs_data_item_get_double(item)
		if value ~= value or value == math.huge or value == -math.huge then return nil end
		return math.min(math.max(value, setting.minimum), setting.maximum)
	end,
	-- 32 bits, which some write as a signed number.
	color = function(item)
		local value = C.obs_data_item_get_double(item)
		if not (value >= -2 ^ 31 and value < 2 ^ 32) or value ~= math.floor(value) then return nil end
		return value % 2 ^ 32
	end,
	choice = function(item, setting)
		local value = text_of(item)
		return is_choice(setting, value) and value or nil
	end,
}

local function value_of(item, setting)
	if C.obs_data_item_gettype(item) ~= (TYPES[setting.kind] or STRING) then return nil end
	return (readers[setting.kind] or text_of)(item, setting)
end

-- Returns the value of `setting` in `data` (obs_data_t *), and whether what is there is valid. An
-- invalid or missing value is replaced by the default.
function M.read(data, setting)
	local item = C.obs_data_item_byname(data, setting.key)
	if item == nil then return setting.default, true end
	local value, good = setting.default, true
	if C.obs_data_item_has_user_value(item) then
		local own = value_of(item, setting)
		good = own ~= nil
		if good then value = own end
	end
	C.obs_data_item_release(ffi.new("void *[1]", item))
	return value, good
end

local writers = {
	bool = C.obs_data_set_bool,
	float = C.obs_data_set_double,
	color = C.obs_data_set_int,
}

-- Writes the default of `setting` over an object or a list in `data`. When OBS frees an item of these
-- types it takes the default's bytes for a pointer, too, and crashes where the default is none.
function M.replace_pointer(data, setting)
	local item = C.obs_data_item_byname(data, setting.key)
	if item == nil then return end
	local type = C.obs_data_item_gettype(item)
	C.obs_data_item_release(ffi.new("void *[1]", item))  -- writing may move it
	if type == OBJECT or type == ARRAY then
		(writers[setting.kind] or C.obs_data_set_string)(data, setting.key, setting.default)
	end
end

return M
