-- The libobs functions that the filter calls, declared for LuaJIT's FFI: such calls take none of OBS's
-- scripting locks and never touch Python.
local ffi = require("ffi")

local declared = [[
typedef struct __attribute__((aligned(16))) { float x, y, z, w; } vb_vec4;
typedef struct { float x, y; } vb_vec2;
typedef struct { vb_vec4 x, y, z, t; } vb_matrix4;
typedef struct { int x, y, width, height; } vb_rect;
typedef struct { void *type; int own; void *pointer; } vb_userdata;
typedef struct {
	int filter, address_u, address_v, address_w, max_anisotropy;
	uint32_t border_color;
} vb_sampler_info;
// The beginning of struct obs_source_info, which OBS only ever lengthens.
typedef struct {
	const char *id; int type; uint32_t output_flags;
	void *get_name, *create, *destroy, *get_width, *get_height, *get_defaults, *get_properties,
		*update, *activate, *deactivate, *show, *hide, *video_tick, *video_render, *filter_video,
		*filter_audio, *enum_active_sources, *save, *load, *mouse_click, *mouse_move, *mouse_wheel,
		*focus, *key_click, *filter_remove, *type_data, *free_type_data, *audio_render,
		*enum_all_sources, *transition_start, *transition_stop, *get_defaults2, *get_properties2,
		*audio_mix;
	int icon_type;
	void *media_play_pause, *media_restart, *media_stop, *media_next, *media_previous,
		*media_get_duration, *media_get_time, *media_set_time, *media_get_state;
	uint32_t version;
	const char *unversioned_id;
	void *missing_files, *video_get_color_space;
} vb_source_info;

void *obs_filter_get_target(const void *filter);
void *obs_filter_get_parent(const void *filter);
uint32_t obs_source_get_output_flags(const void *source);
size_t obs_source_filter_count(const void *source);
void *obs_source_get_ref(void *source);
uint32_t obs_source_get_base_width(void *source);
uint32_t obs_source_get_base_height(void *source);
void obs_source_video_render(void *source);
void obs_source_default_render(void *source);
bool obs_source_enabled(const void *source);
bool obs_source_active(const void *source);
void *obs_source_get_weak_source(void *source);
const char *obs_source_get_name(const void *source);
const char *obs_source_get_id(const void *source);
const char *obs_source_get_unversioned_id(const void *source);
void *obs_source_get_type_data(void *source);
int obs_source_get_type(const void *source);
uint32_t obs_source_get_width(void *source);
uint32_t obs_source_get_height(void *source);
typedef void (*vb_visit)(void *parent, void *child, void *param);
void obs_source_enum_active_tree(void *source, vb_visit visit, void *param);
void obs_source_enum_filters(void *source, vb_visit visit, void *param);
void obs_source_inc_showing(void *source);
void obs_source_dec_showing(void *source);
void obs_source_release(void *source);
void obs_source_media_play_pause(void *source, bool pause);
void *obs_weak_source_get_source(void *weak);
void obs_weak_source_release(void *weak);
void *obs_source_get_settings(const void *source);
const char *obs_data_get_string(void *data, const char *name);
bool obs_data_get_bool(void *data, const char *name);
long long obs_data_get_int(void *data, const char *name);
bool obs_data_has_user_value(void *data, const char *name);
void obs_data_unset_user_value(void *data, const char *name);
void obs_data_set_default_int(void *data, const char *name, long long value);
void obs_data_set_bool(void *data, const char *name, bool value);
void obs_data_set_int(void *data, const char *name, long long value);
void obs_data_set_double(void *data, const char *name, double value);
void obs_data_set_string(void *data, const char *name, const char *value);
void obs_source_update(void *source, void *settings);
void *obs_properties_add_button2(void *properties, const char *name, const char *text,
	void *pressed, void *filter);
void obs_properties_set_param(void *properties, void *param, void *destroy);
void *obs_data_item_byname(void *data, const char *name);
void obs_data_item_release(void **item);
bool obs_data_item_has_user_value(void *item);
int obs_data_item_gettype(void *item);
bool obs_data_item_get_bool(void *item);
double obs_data_item_get_double(void *item);
const char *obs_data_item_get_string(void *item);
void obs_data_release(void *data);
int obs_source_get_color_space(void *source, size_t count, const int *preferred_spaces);
void *obs_get_base_effect(int effect);
uint64_t obs_get_video_frame_time(void);
uint64_t obs_get_frame_interval_ns(void);
uint64_t os_gettime_ns(void);
void obs_enter_graphics(void);
void obs_leave_graphics(void);
typedef void (*vb_task)(void *param);
bool os_task_queue_queue_task(void *queue, vb_task task, void *param);
void os_sleepto_ns(uint64_t time);
void *bmalloc(size_t size);
void bfree(void *memory);
void blog(int level, const char *format, ...);

void *gs_texrender_create(int format, int zsformat);
void gs_texrender_destroy(void *texrender);
bool gs_texrender_begin(void *texrender, uint32_t width, uint32_t height);
void gs_texrender_end(void *texrender);
void gs_texrender_reset(void *texrender);
void *gs_texrender_get_texture(const void *texrender);
void *gs_stagesurface_create(uint32_t width, uint32_t height, int format);
void gs_stagesurface_destroy(void *surface);
void gs_stage_texture(void *surface, void *texture);
bool gs_stagesurface_map(void *surface, uint8_t **data, uint32_t *linesize);
void gs_stagesurface_unmap(void *surface);
void *gs_texture_create(uint32_t width, uint32_t height, int format, uint32_t levels,
                        const uint8_t **data, uint32_t flags);
void gs_texture_destroy(void *texture);
void gs_texture_set_image(void *texture, const uint8_t *data, uint32_t linesize, bool invert);
void *gs_effect_create(const char *text, const char *name, char **error);
void gs_effect_destroy(void *effect);
void *gs_effect_get_param_by_name(const void *effect, const char *name);
void gs_effect_set_texture(void *param, void *texture);
void gs_effect_set_texture_srgb(void *param, void *texture);
void gs_effect_set_float(void *param, float value);
void gs_effect_set_int(void *param, int value);
void gs_effect_set_vec2(void *param, const vb_vec2 *value);
void gs_effect_set_vec4(void *param, const vb_vec4 *value);
void gs_effect_set_next_sampler(void *param, void *sampler);
bool gs_effect_loop(void *effect, const char *technique);
void *gs_samplerstate_create(const vb_sampler_info *info);
void gs_samplerstate_destroy(void *sampler);
void gs_draw_sprite(void *texture, uint32_t flip, uint32_t width, uint32_t height);
void gs_draw_sprite_subregion(void *texture, uint32_t flip, uint32_t x, uint32_t y,
                              uint32_t width, uint32_t height);
void *gs_get_render_target(void);
void gs_matrix_push(void);
void gs_matrix_pop(void);
void gs_matrix_get(vb_matrix4 *matrix);
void gs_get_viewport(vb_rect *rect);
void *obs_get_main_texture(void);
int gs_texture_get_color_format(const void *texture);
uint32_t gs_texture_get_width(const void *texture);
uint32_t gs_texture_get_height(const void *texture);
void gs_matrix_translate3f(float x, float y, float z);
void gs_matrix_scale3f(float x, float y, float z);
void gs_ortho(float left, float right, float top, float bottom, float near, float far);
void gs_clear(uint32_t flags, const vb_vec4 *color, float depth, uint8_t stencil);
void gs_blend_state_push(void);
void gs_blend_state_pop(void);
void gs_blend_function_separate(int source_color, int destination_color,
                                int source_alpha, int destination_alpha);
void gs_enable_blending(bool enable);
void gs_enable_framebuffer_srgb(bool enable);
bool gs_framebuffer_srgb_enabled(void);
int gs_get_color_space(void);
bool gs_set_linear_srgb(bool linear);
bool obs_video_active(void);
]]
ffi.cdef(declared)

ffi.cdef [[int memcmp(const void *a, const void *b, size_t size);]]

local windows = ffi.os == "Windows"
if windows then
	ffi.cdef [[
	int SetEvent(void *event);
	uint32_t WaitForSingleObject(void *handle, uint32_t milliseconds);
	]]
else
	ffi.cdef [[
	struct vb_pollfd { int fd; short events; short revents; };
	struct vb_timespec { long seconds; long nanoseconds; };
	int poll(struct vb_pollfd *fds, unsigned long count, int milliseconds);
	intptr_t write(int fd, const void *data, size_t size);
	int clock_gettime(int clock, struct vb_timespec *time);
	]]
end

local M = {}
M.C = windows and ffi.load("obs") or ffi.C
M.windows = windows
M.RGBA, M.RGBA16, M.RGBA16F, M.RGBA32F, M.R8 = 3, 7, 9, 10, 2
M.DYNAMIC = 2
M.CLEAR_COLOR = 1
M.BLEND_ZERO, M.BLEND_ONE, M.BLEND_SRCALPHA, M.BLEND_INVSRCALPHA = 0, 1, 4, 5
M.FLAG_ASYNC, M.FLAG_CUSTOM_DRAW = 4, 8
M.TYPE_SCENE = 3 -- of groups, too
M.SPACE_SRGB, M.SPACE_SRGB_16F, M.SPACE_709_EXTENDED = 0, 1, 2
M.EFFECT_DEFAULT = 0
M.FILTER_POINT, M.ADDRESS_CLAMP = 0, 0
M.LOG_WARNING = 200
-- How many words of a source are searched for its obs_source_info: it is at 27 in OBS 29, at 42 in 30
-- and 32.
M.INFO_WITHIN = 64

-- The two ways to draw a source: with its filters, or with OBS's default effect.
function M.render(source) M.C.obs_source_video_render(source) end
function M.render_plainly(source) M.C.obs_source_default_render(source) end

-- Another thread may remove any filter of a source while it is drawn. Returns a reference, which must
-- be released, to what is below `filter` on the source `parent`: taken under the filter mutex, as what
-- obs_filter_get_target returns may be freed a moment later. Returns nil where the filter is being
-- removed. Where a filter of this script has kept callbacks that take this Lua's lock under the filter
-- mutex (see leave_to_libobs), that mutex is not taken. `chain` changes whenever the filters below, or
-- which of them are on, change; `order` only with the former.
local sought, last, found
local all_left = true
M.chain, M.order = 0, 0
local visit_filter = ffi.cast("vb_visit", function(parent, filter)
	if filter == sought then
		found = M.C.obs_source_get_ref(last or parent)
	elseif found == nil then
		local on = M.C.obs_source_enabled(filter) and 1 or 0
		M.chain = (M.chain * 31 + M.key(filter) + on) % 2 ^ 47
		M.order = (M.order * 31 + M.key(filter)) % 2 ^ 47
	end
	last = filter
end)
function M.take_below(filter, parent)
	sought, last, found, M.chain, M.order = filter, nil, nil, 0, 0
	if all_left then
		M.C.obs_source_enum_filters(parent, visit_filter, nil)
	else
		found = M.C.obs_source_get_ref(M.C.obs_filter_get_target(filter))
	end
	return found ~= nil and found or nil
end

-- How a source draws itself: FLAG_ASYNC alone means one sprite, 0 means OBS's default effect.
function M.drawing_flags(source)
	return bit.band(M.C.obs_source_get_output_flags(source), M.FLAG_ASYNC + M.FLAG_CUSTOM_DRAW)
end

-- The function to draw `source`, which is below a filter on `parent`, and its flags where it is the
-- parent itself.
function M.way_to_draw(source, parent)
	local flags = source == parent and M.drawing_flags(parent)
	return flags == 0 and M.render_plainly or M.render, flags
end

-- Draws what is below a filter as if the filter were not there. obs_source_skip_video_filter would read
-- a parent that another thread may just have removed.
function M.skip(filter)
	local parent = M.C.obs_filter_get_parent(filter)
	local source = parent ~= nil and M.take_below(filter, parent)
	if not source then return end
	M.way_to_draw(source, parent)(source)
	M.release(source)
end

-- The functions declared above that this libobs lacks. FFI resolves a function on first use, which may
-- be in the middle of a draw, so all are looked up beforehand.
function M.missing()
	local missing = {}
	for name in declared:gmatch("([%w_]+)%([^()]*%);") do
		if not pcall(function() return M.C[name] end) then missing[#missing + 1] = name end
	end
	return missing
end

-- The callbacks that OBS's scripting sets for every Lua source, and some that it never sets.
local GIVEN = { "create", "destroy", "get_width", "get_height", "update", "activate", "deactivate",
	"show", "hide", "video_tick", "video_render", "save", "load" }
local NOT_GIVEN = { "filter_video", "filter_audio", "mouse_click", "mouse_move", "mouse_wheel",
	"focus", "key_click", "filter_remove", "audio_render", "transition_start", "transition_stop",
	"audio_mix", "missing_files", "video_get_color_space" }

-- Whether `found` is this source's obs_source_info as declared above, checked against OBS's public API:
-- the fields before, between and after the callbacks are where they were declared.
local function is_info(found, source)
	if found.type ~= M.C.obs_source_get_type(source)
		or found.output_flags ~= M.C.obs_source_get_output_flags(source)
		or found.type_data ~= M.C.obs_source_get_type_data(source)
		or found.unversioned_id ~= M.C.obs_source_get_unversioned_id(source) then
		return false
	end
	for _, name in ipairs(GIVEN) do
		if found[name] == nil then return false end
	end
	for _, name in ipairs(NOT_GIVEN) do
		if found[name] ~= nil then return false end
	end
	return true
end

-- Clears the callbacks of a new filter that OBS calls while it holds the parent's filter mutex. They
-- take this Lua's lock, and the graphics thread takes the two in the opposite order whenever a filter
-- of this script draws a source that has another one: a deadlock. Without them libobs asks the source
-- below for its size (the same answer) and saves the settings by itself. Returns the filter's
-- callbacks for keep_space, or false, with nothing changed, where this OBS is an unknown one.
function M.leave_to_libobs(source)
	local id = M.C.obs_source_get_id(source)
	local words = ffi.cast("const char **", source)
	for index = 0, M.INFO_WITHIN do
		if words[index] == id then
			local found = ffi.cast("vb_source_info *", words + index)
			all_left = all_left and is_info(found, source)
			if not all_left then return false end
			found.get_width, found.get_height, found.save, found.load = nil, nil, nil, nil
			return found
		end
	end
	all_left = false
	return false
end

-- Whether a source's colours go beyond sRGB.
local spaces = ffi.new("int [3]", M.SPACE_SRGB, M.SPACE_SRGB_16F, M.SPACE_709_EXTENDED)
function M.is_hdr(source)
	return M.C.obs_source_get_color_space(source, 3, spaces) >= M.SPACE_709_EXTENDED
end

-- A filter that does not report its colour space is drawn in sRGB, and Lua filters cannot report one:
-- an HDR picture merely passed on would be clipped. With `wanted` libobs's gs_get_color_space answers
-- instead: the space that is being drawn in. `callbacks` are those of leave_to_libobs.
function M.keep_space(callbacks, wanted)
	if callbacks then
		callbacks.video_get_color_space = wanted and ffi.cast("void *", M.C.gs_get_color_space) or nil
	end
end

function M.key(pointer)
	return tonumber(ffi.cast("uintptr_t", pointer))
end

-- Whether drawing `source` draws any source whose key is in the table `keys`.
local looked_for, was_found
local visit = ffi.cast("vb_visit", function(_, child)
	was_found = was_found or looked_for[M.key(child)] ~= nil
end)
function M.shows(source, keys)
	looked_for, was_found = keys, keys[M.key(source)] ~= nil
	if not was_found then M.C.obs_source_enum_active_tree(source, visit, nil) end
	return was_found
end

-- The raw pointer inside one of obslua's userdata objects.
function M.pointer(userdata)
	return ffi.cast("vb_userdata *", ffi.cast("void *", userdata)).pointer
end

-- The name of a source; "" for a private one without a name.
function M.name(source)
	local name = M.C.obs_source_get_name(source)
	return name ~= nil and ffi.string(name) or ""
end

-- Raises `problem`: a message, or what a pcall returned. OBS replaces `error` by a function that only
-- logs, and assert would prefix a message with its position.
local said = { __tostring = function(self) return self.text end }
function M.raise(problem)
	assert(false, type(problem) == "string" and setmetatable({ text = problem }, said) or problem)
end

function M.warn(text)
	M.C.blog(M.LOG_WARNING, "%s", "[virtual background] " .. text)
end

-- A memory barrier on every processor: bmalloc counts allocations with a sequentially consistent
-- atomic. x86 orders stores already.
local x86 = ffi.arch == "x64" or ffi.arch == "x86"
function M.fence()
	if not x86 then M.C.bfree(M.C.bmalloc(1)) end
end

local queue

-- Takes the address of the task queue that the script made.
function M.use_queue(address) queue = ffi.cast("void *", ffi.cast("uintptr_t", address)) end

-- Runs C functions of one pointer, in order, on the queue's own thread, which holds no locks but those
-- the function takes. OBS's queue for the graphics thread is locked while one of its tasks runs. That
-- can deadlock: a task waits there for the graphics context, a screenshot holds it and waits for this
-- Lua, and a filter being destroyed holds this Lua and waits to queue the next task.
function M.later(task, object)
	M.C.os_task_queue_queue_task(queue, ffi.cast("vb_task", task), object)
end

-- Releases a reference to a source. The last one removes the source from OBS's list, whose mutex OBS 29
-- holds while it ticks the sources, and thereby waits for this Lua.
function M.release(source) M.later(M.C.obs_source_release, source) end

-- Frees graphics objects from any thread. `objects` holds {destroy function, pointer} pairs.
function M.free_graphics(objects)
	if #objects == 0 then return end
	M.later(M.C.obs_enter_graphics, nil)
	for _, item in ipairs(objects) do M.later(item[1], item[2]) end
	M.later(M.C.obs_leave_graphics, nil)
end

return M
