-- For tests/bench/shader_compile.py: compiles effects in a running OBS and draws twice with each.
-- Settings: `variants`, a Lua table as text of {name, text}; `result`, the file for the answer;
-- `schedstat`, Linux's file of that name for this thread. Without variants it does nothing.
local obslua = obslua
local ffi = require("ffi")

ffi.cdef [[
void obs_enter_graphics(void);
void obs_leave_graphics(void);
uint64_t os_gettime_ns(void);
void *gs_effect_create(const char *text, const char *name, char **error);
void gs_effect_destroy(void *effect);
size_t gs_effect_get_num_params(const void *effect);
void *gs_effect_get_param_by_idx(const void *effect, size_t index);
struct vb_param_info { const char *name; int type; };
void gs_effect_get_param_info(const void *param, struct vb_param_info *info);
void gs_effect_set_texture(void *param, void *texture);
void gs_effect_set_val(void *param, const void *value, size_t size);
bool gs_effect_loop(void *effect, const char *technique);
void *gs_texture_create(uint32_t width, uint32_t height, int format, uint32_t levels,
                        const uint8_t **data, uint32_t flags);
void gs_texture_destroy(void *texture);
void *gs_texrender_create(int format, int zsformat);
void gs_texrender_destroy(void *texrender);
void gs_texrender_reset(void *texrender);
bool gs_texrender_begin(void *texrender, uint32_t width, uint32_t height);
void gs_texrender_end(void *texrender);
void *gs_texrender_get_texture(const void *texrender);
void *gs_stagesurface_create(uint32_t width, uint32_t height, int format);
void gs_stagesurface_destroy(void *surface);
void gs_stage_texture(void *surface, void *texture);
bool gs_stagesurface_map(void *surface, uint8_t **data, uint32_t *linesize);
void gs_stagesurface_unmap(void *surface);
void gs_ortho(float left, float right, float top, float bottom, float near, float far);
void gs_draw_sprite(void *texture, uint32_t flip, uint32_t width, uint32_t height);
]]
local C = ffi.os == "Windows" and ffi.load("obs") or ffi.C

local RGBA, SIDE = 3, 16
-- Bytes of a parameter by its type in enum gs_shader_param_type, from bool on.
local BYTES = { 4, 4, 4, nil, 8, 12, 16, 8, 12, 16, 64 }

local function milliseconds(since) return tonumber(C.os_gettime_ns() - since) / 1e6 end

local function set_all(effect, texture)
	local info, zeros = ffi.new("struct vb_param_info"), ffi.new("uint8_t[64]")
	for index = 0, tonumber(C.gs_effect_get_num_params(effect)) - 1 do
		local parameter = C.gs_effect_get_param_by_idx(effect, index)
		C.gs_effect_get_param_info(parameter, info)
		if info.type >= 1 and BYTES[info.type] and ffi.string(info.name) ~= "ViewProj" then
			C.gs_effect_set_val(parameter, zeros, BYTES[info.type])
		elseif ffi.string(info.name) ~= "ViewProj" then
			C.gs_effect_set_texture(parameter, texture)
		end
	end
end

local function draw(effect, technique, target, surface, texture)
	local data, linesize = ffi.new("uint8_t *[1]"), ffi.new("uint32_t[1]")
	set_all(effect, texture)
	C.gs_texrender_reset(target)
	if not C.gs_texrender_begin(target, SIDE, SIDE) then return end
	C.gs_ortho(0, SIDE, 0, SIDE, -100, 100)
	while C.gs_effect_loop(effect, technique) do C.gs_draw_sprite(texture, 0, SIDE, SIDE) end
	C.gs_texrender_end(target)
	C.gs_stage_texture(surface, C.gs_texrender_get_texture(target))
	if C.gs_stagesurface_map(surface, data, linesize) then C.gs_stagesurface_unmap(surface) end
end

-- For how long this thread has run, and waited for a processor, in ms; the rest of the time it waited
-- for a disk, a lock or another process.
local function scheduled(path)
	local file = io.open(path)
	if not file then return 0, 0 end
	local ran, waited = file:read("*n", "*n")
	file:close()
	return ran / 1e6, waited / 1e6
end

local function measure(variant, schedstat, target, surface, texture)
	local ran_before, waited_before = scheduled(schedstat)
	local began = C.os_gettime_ns()
	local effect = C.gs_effect_create(variant.text, variant.name .. ".effect", nil)
	local compiled = milliseconds(began)
	local ran, waited = scheduled(schedstat)
	if effect == nil then return string.format('{"name":%q,"failed":true}', variant.name) end
	local first, second = 0, 0
	for technique in variant.text:gmatch("technique ([%w_]+)") do
		local start = C.os_gettime_ns()
		draw(effect, technique, target, surface, texture)
		first = first + milliseconds(start)
		start = C.os_gettime_ns()
		draw(effect, technique, target, surface, texture)
		second = second + milliseconds(start)
	end
	C.gs_effect_destroy(effect)
	return string.format('{"name":%q,"compile_ms":%.3f,"ran_ms":%.3f,"waited_ms":%.3f,'
			.. '"first_draw_ms":%.3f,"next_draw_ms":%.3f}',
		variant.name, compiled, ran - ran_before, waited - waited_before, first, second)
end

local function measure_all(variants, schedstat)
	local lines = {}
	C.obs_enter_graphics()
	local texture = C.gs_texture_create(SIDE, SIDE, RGBA, 1, nil, 0)
	local target = C.gs_texrender_create(RGBA, 0)
	local surface = C.gs_stagesurface_create(SIDE, SIDE, RGBA)
	for _, variant in ipairs(variants) do
		lines[#lines + 1] = measure(variant, schedstat, target, surface, texture)
	end
	C.gs_stagesurface_destroy(surface)
	C.gs_texrender_destroy(target)
	C.gs_texture_destroy(texture)
	C.obs_leave_graphics()
	return "[" .. table.concat(lines, ",\n") .. "]\n"
end

function script_update(settings)
	local text = obslua.obs_data_get_string(settings, "variants")
	if text == "" then return end
	local told = measure_all(assert(loadstring("return " .. text))(),
		obslua.obs_data_get_string(settings, "schedstat"))
	local file = assert(io.open(obslua.obs_data_get_string(settings, "result"), "w"))
	file:write(told)
	file:close()
end
