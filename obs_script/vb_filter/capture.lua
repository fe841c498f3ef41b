-- The camera's picture: rendered once a frame, and its small copy on the way to the worker.
local ffi = require("ffi")
local obs, graphics = ...
local C = obs.C

local M = {}

-- Renders the chain from `below`, which is right below the filter on `parent`, once, into a
-- full-size texture (premultiplied, sRGB). The lock (see vb_script/lock.py) is passed over there.
-- `name` is the texture's; `clock` is nil or the clock to measure the source's own drawing with,
-- into `source_ns`.
function M.full(state, name, below, parent, width, height, clock)
	local source = below
	if state.lock then
		state.locked = obs.name(below) == state.lock
		if state.locked then source = obs.take_below(below, parent) end
		if not source then return nil end
	end
	local draw, flags = obs.way_to_draw(source, parent)
	local start = clock and clock()
	local full = graphics.draw_source(
		state, name, draw, source, width, height, nil, nil, flags == obs.FLAG_ASYNC)
	if clock then state.source_ns = clock() - start end
	if source ~= below then C.obs_source_release(source) end
	return full
end

-- Starts the read-back of the small picture; M.map gives it one frame later without a stall.
function M.stage(state, texture, width, height)
	if state.stage ~= nil and (state.stage_width ~= width or state.stage_height ~= height) then
		C.gs_stagesurface_destroy(state.stage)
		state.stage = nil
	end
	if state.stage == nil then
		state.stage = C.gs_stagesurface_create(width, height, obs.RGBA)
		state.stage_width, state.stage_height = width, height
	end
	if state.stage ~= nil then C.gs_stage_texture(state.stage, texture) end
end

local mapped_data, mapped_linesize = ffi.new("uint8_t *[1]"), ffi.new("uint32_t[1]")

-- Maps the picture staged last: data, linesize, width, height, or nil. Unmap it after.
function M.map(state)
	if state.stage == nil or not C.gs_stagesurface_map(state.stage, mapped_data, mapped_linesize) then
		return nil
	end
	return mapped_data[0], mapped_linesize[0], state.stage_width, state.stage_height
end

function M.unmap(state)
	C.gs_stagesurface_unmap(state.stage)
end

return M
