-- The Lua half of Virtual Background: what has to run on OBS's graphics thread and nothing else.
-- The script loads this file and hands it one table (see vb_script/lua_half.py): the texts of all
-- other files here, the shared memory, the settings and all words.
local obslua = obslua

-- LuaJIT compiles nothing but one loop (see link.lua): compiled code must not call what may come back
-- into this Lua, as drawing a source with another filter of ours does, and without it a frame takes
-- no longer.
jit.off(true, true)

local obs, link, graphics, camera_filter, scene_filter
local users_of_half, segment = {}, nil

-- Loads the other files. On Windows Lua could not open them by itself where the folder's name is not
-- of the system's code page.
local function load_files(files)
	local function module(name, ...)
		local chunk = assert(loadstring(files[name .. ".lua"], "@" .. name .. ".lua"))
		jit.off(chunk, true)
		return chunk(...)
	end
	obs = module("libobs")
	link = module("link", obs)
	graphics = module("graphics", obs, files)
	local capture = module("capture", obs, graphics)
	local locked = module("locked")
	local pace = module("pace")
	local passes = module("passes", obs, graphics)
	local scenes = module("scenes", obs)
	local assets = module("assets", obs, link, graphics, passes, scenes)
	local marks = module("marks", scenes)
	local order = module("order", obs)
	local looks = module("looks", obs, assets, graphics)
	local derived = module("derived", passes)
	local frame = module(
		"frame", obs, link, graphics, capture, passes, locked, pace, derived, marks)
	local recipes = module("recipes", obs, graphics)
	local composite = module(
		"composite", obs, graphics, passes, assets, scenes, recipes, derived)
	local cover = module("cover", obs, graphics, passes, assets)
	local rehearsal = module("rehearsal", obs, graphics, composite, scenes)
	local panels = module("properties", obs, link)
	scene_filter = module("scene_filter", obs, graphics, scenes, order, looks, panels)
	camera_filter = module("camera_filter", obs, link, graphics, frame, assets, marks, order,
		looks, composite, cover, rehearsal, scene_filter, scenes, panels)
	users_of_half = { panels, scenes, frame, camera_filter, scene_filter }
end

local function half_in(settings)
	return assert(loadstring("return " .. obslua.obs_data_get_string(settings, "half")))()
end

local function use(half)
	for _, one in ipairs(users_of_half) do one.use(half, segment) end
end

-- Registers nothing and leaves the reason where the script reads it: a key of the texts and what
-- fills it in.
local function refuse(settings, key, detail)
	obslua.obs_data_set_string(settings, "problem", key .. "\n" .. detail)
end

function script_load(settings)
	local half = half_in(settings)
	load_files(half.files)
	local missing, differs = obs.missing(), nil
	if #missing > 0 then return refuse(settings, "Error.OldObs", table.concat(missing, ", ")) end
	segment, differs = link.open(half)
	if not segment then return refuse(settings, "Error.Layout", differs) end
	obs.use_queue(half.queue)
	use(half)
	obslua.obs_register_source(camera_filter.info)
	obslua.obs_register_source(scene_filter.info)
end

-- The script hands a new table after a reload: other texts, another list of models.
function script_update(settings)
	if segment then use(half_in(settings)) end
end

-- OBS is closing; the filters that are left are destroyed after this.
function script_unload()
	if segment then obs.free_graphics(graphics.begin_end()) end
end
