-- The camera's picture: rendered once a frame, and its small copy on the way to the worker.
local ffi = require("ffi")
local obs, graphics = ...
local C = obs.C

local M = {}

-- What is below the lock (see vb_script/lock.py), where the lock is right below the filter.
local function below(state, source)
	if not state.lock then return source end
	state.locked = source ~= nil and ffi.string(C.obs_source_get_name(source)) == state.lock
	return state.locked and C.obs_filter_get_target(source) or source
end

-- Renders the chain below the filter, once, into a full-size texture (premultiplied, sRGB).
-- `name` is the texture's; `clock` is nil or the clock to measure the source's own drawing with, into `source_ns`.
function M.full(state, name, filter, width, height, clock)
	-- Another thread may be removing the filter: from here on these two are what counts, as what
	-- was asked a moment ago may be gone.
	local source = below(state, C.obs_filter_get_target(filter))
	local parent = C.obs_filter_get_parent(filter)
	if source == nil or parent == nil then return nil end
	local flags = source == parent and obs.drawing_flags(parent)
	local start = clock and clock()
	local full = graphics.draw_source(
		state, name, flags == 0 and obs.render_plainly or obs.render, source, width, height,
		nil, nil, flags == obs.FLAG_ASYNC)
	if clock then state.source_ns = clock() - start end
	return full
end

-- Starts the read-back of the small picture; M.map gives it one frame later without a stall.
function M.stage(state, texture, width, height)
	if state.stage and (state.stage_width ~= width or state.stage_height ~= height) then
		C.gs_stagesurface_destroy(state.stage)
		state.stage = nil
	end
	if not state.stage then
		state.stage = C.gs_stagesurface_create(width, height, obs.RGBA)
		state.stage_width, state.stage_height = width, height
	end
	C.gs_stage_texture(state.stage, texture)
end

local mapped_data, mapped_linesize = ffi.new("uint8_t *[1]"), ffi.new("uint32_t[1]")

-- Maps the picture staged last: data, linesize, width, height, or nil. Unmap it after.
function M.map(state)
	if not C.gs_stagesurface_map(state.stage, mapped_data, mapped_linesize) then return nil end
	return mapped_data[0], mapped_linesize[0], state.stage_width, state.stage_height
end

function M.unmap(state)
	C.gs_stagesurface_unmap(state.stage)
end

return M
