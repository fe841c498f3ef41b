-- Avoids a deadlock by lock order inversion between two kinds of filters in one Lua script.
--
-- For each callback OBS's scripting locks the mutex of the filter's kind, then the script's. A filter
-- that draws one of the other kind inside holds the script's and locks the other kind's; a thread that
-- creates such a filter, destroys one or opens its panel locks them in the opposite order. So the other
-- kind's mutex is locked here first. Its holder has either just released the script's mutex and is done
-- in a moment, or waits for it and cannot go on: so this waits a millisecond at most and then draws
-- nothing in this frame.
local ffi = require("ffi")
local obs = ...

local M = {}

ffi.cdef [[
int pthread_mutex_trylock(void *mutex);
int pthread_mutex_unlock(void *mutex);
]]
local found, threads = true, ffi.C
if obs.windows then found, threads = pcall(ffi.load, "w32-pthreads") end

-- struct obs_lua_source: four pointers, of which the third is the kind's id, fifteen numbers, then the
-- mutex; the same in OBS 29 to 32.
local ID, LOCK = 2, 96
-- How an initialised recursive mutex is recognised: glibc stores its kind, macOS a signature, and on
-- Windows it is a pointer.
local IS_LOCK = {
	Linux = function(bytes) return ffi.cast("int *", bytes)[4] % 4 == 1 end,
	OSX = function(bytes) return ffi.cast("long *", bytes)[0] == 0x4d555458 end,
	Windows = function(bytes) return ffi.cast("void **", bytes)[0] ~= nil end,
}
local TRIES, BETWEEN_NS = 20, 50000

local locks = {}

-- Finds the mutex of `kind`, of which `source` is one. Where its address is not certain none is used,
-- and OBS's own locking stands.
function M.know(kind, source)
	if locks[kind] ~= nil then return end
	locks[kind] = false
	if not found or not IS_LOCK[ffi.os] then return end
	local data = obs.C.obs_source_get_type_data(source)
	local id = obs.C.obs_source_get_unversioned_id(source)
	if data == nil or id == nil then return end
	local named = ffi.cast("const char **", data)[ID]
	local bytes = ffi.cast("char *", data)
	if named == nil or ffi.string(named) ~= ffi.string(id) then return end
	if not IS_LOCK[ffi.os](bytes + LOCK) then return end
	locks[kind] = ffi.cast("void *", bytes + LOCK)
end

local function take(lock)
	for _ = 1, TRIES do
		if threads.pthread_mutex_trylock(lock) == 0 then return true end
		obs.C.os_sleepto_ns(obs.C.os_gettime_ns() + BETWEEN_NS)
	end
	return false
end

-- Calls `draw(self)` holding the mutex of `kind`; draws nothing if another thread keeps it.
function M.draw_with(kind, draw, self)
	local lock = locks[kind]
	if not lock then return draw(self) end
	if not take(lock) then return end
	local good, problem = pcall(draw, self)
	threads.pthread_mutex_unlock(lock)
	if not good then obs.raise(problem) end
end

return M
