-- Keeps two threads from waiting for each other over two kinds of filters in one Lua.
--
-- OBS's scripting takes the lock of a filter's kind, then the script's, for each callback. A filter
-- that draws another of the other kind inside has the script's and takes the other kind's; a thread
-- that makes such a filter, ends one or asks for its panel takes them the other way round. So the
-- other kind's lock is taken here first. Who has it has just let go of the script's and is through in
-- a moment, or waits for the script's and cannot go on: so it is waited for, but a millisecond at
-- most, and then nothing is drawn for this frame.
local ffi = require("ffi")
local obs = ...

local M = {}

ffi.cdef [[
int pthread_mutex_trylock(void *mutex);
int pthread_mutex_unlock(void *mutex);
]]
local found, threads = true, ffi.C
if obs.windows then found, threads = pcall(ffi.load, "w32-pthreads") end

-- struct obs_lua_source: four pointers, of which the third is the kind's id, fifteen numbers, the
-- lock; alike in OBS 29 to 32.
local ID, LOCK = 2, 96
-- What tells a recursive lock that was made: glibc writes its sort, macOS that it is a lock, and on
-- Windows it is a pointer.
local IS_LOCK = {
	Linux = function(bytes) return ffi.cast("int *", bytes)[4] % 4 == 1 end,
	OSX = function(bytes) return ffi.cast("long *", bytes)[0] == 0x4d555458 end,
	Windows = function(bytes) return ffi.cast("void **", bytes)[0] ~= nil end,
}
local TRIES, BETWEEN_NS = 20, 50000

local locks = {}

-- Finds the lock of `kind`, of which `source` is one. Where the place is not known for certain there
-- is none, and things are as OBS has them.
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

-- Calls `draw(self)` with the lock of `kind`, unless another thread keeps it.
function M.draw_with(kind, draw, self)
	local lock = locks[kind]
	if not lock then return draw(self) end
	if not take(lock) then return end
	local good, problem = pcall(draw, self)
	threads.pthread_mutex_unlock(lock)
	if not good then obs.raise(problem) end
end

return M
