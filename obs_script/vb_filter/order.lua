-- Keeps two threads from waiting for each other over two kinds of filters in one Lua.
--
-- OBS's scripting takes the lock of a filter's kind, then the script's, for each callback. A filter
-- that draws another of the other kind inside has the script's and takes the other kind's; a thread
-- that makes such a filter, ends one or asks for its panel takes them the other way round. So the
-- other kind's lock is taken here first, without waiting; while somebody else has it nothing is drawn
-- for this frame, as who has it waits for the script's and is through before the next one.
local ffi = require("ffi")
local obs = ...

local M = {}

if not obs.windows then
	ffi.cdef [[
	int pthread_mutex_trylock(void *mutex);
	int pthread_mutex_unlock(void *mutex);
	]]
end

-- struct obs_lua_source: four pointers, of which the third is the kind's id, fifteen numbers, the
-- lock; alike in OBS 29 to 32. glibc writes down what sort of lock it is: this one is recursive.
local ID, LOCK, SORT, RECURSIVE = 2, 96, 16, 1

local locks = {}

-- Finds the lock of `kind`, of which `source` is one. Where the place is not known for certain there
-- is none, and things are as OBS has them.
function M.know(kind, source)
	if locks[kind] ~= nil then return end
	locks[kind] = false
	if ffi.os ~= "Linux" then return end
	local data = obs.C.obs_source_get_type_data(source)
	local id = obs.C.obs_source_get_unversioned_id(source)
	if data == nil or id == nil then return end
	local named = ffi.cast("const char **", data)[ID]
	local bytes = ffi.cast("char *", data)
	if named == nil or ffi.string(named) ~= ffi.string(id) then return end
	if ffi.cast("int *", bytes + LOCK + SORT)[0] % 4 ~= RECURSIVE then return end
	locks[kind] = ffi.cast("void *", bytes + LOCK)
end

-- Calls `draw(self)` with the lock of `kind`, unless another thread has it.
function M.draw_with(kind, draw, self)
	local lock = locks[kind]
	if not lock then return draw(self) end
	if ffi.C.pthread_mutex_trylock(lock) ~= 0 then return end
	local good, problem = pcall(draw, self)
	ffi.C.pthread_mutex_unlock(lock)
	if not good then error(problem, 0) end
end

return M
