-- The camera's picture, rendered once a frame, and the read-back of its small copy for the worker.
local ffi = require("ffi")
local obs, graphics = ...
local C = obs.C

local M = {}

-- How many opaque pictures in a row make the camera count as opaque again; and one line in how many
-- of a small picture is checked, the others in the pictures that follow.
local OPAQUE_PICTURES, LINES = 60, 4

-- Whether all pixels of every LINES-th line from `first` on are opaque. JIT-compiled: it calls nothing.
local function opaque_lines(data, linesize, width, height, first)
	local all = -1
	for line = first, height - 1, LINES do
		local pixels = ffi.cast("const int32_t *", data + line * linesize)
		for index = 0, width - 1 do all = bit.band(all, pixels[index]) end
	end
	return bit.rshift(all, 24) == 255
end
jit.on(opaque_lines)

-- Notes in `state`, from the small picture, whether the camera has its own alpha, which costs one more
-- draw.
local function note_alpha(state, data, linesize, width, height)
	state.looked_at = (state.looked_at or 0) + 1
	if not opaque_lines(data, linesize, width, height, state.looked_at % LINES) then
		state.translucent, state.opaque_pictures = true, 0
	elseif state.translucent then
		state.opaque_pictures = state.opaque_pictures + 1
		state.translucent = state.opaque_pictures < OPAQUE_PICTURES
	end
end

-- Renders the chain from `below`, which is directly below the filter on `parent`, once, into the
-- full-size texture `name`: 8-bit sRGB, premultiplied in sRGB. The lock filter (vb_script/lock.py) is
-- skipped. `clock`, or nil, measures the source's own drawing into `source_ns`.
function M.full(state, name, below, parent, width, height, clock)
	local source = below
	if state.lock then
		state.locked = obs.name(below) == state.lock
		if state.locked then source = obs.take_below(below, parent) end
		if not source then return nil end
	end
	local draw, flags = obs.way_to_draw(source, parent)
	local start = clock and clock()
	local translucent = state.translucent
	-- OBS multiplies a video's colour by its alpha before rounding it, which is not the same in bytes.
	local alone = flags == obs.FLAG_ASYNC and not translucent
	local full = graphics.draw_source(state, translucent and "as_drawn" or name, draw, source,
		width, height, nil, nil, alone)
	if clock then state.source_ns = clock() - start end
	if source ~= below then obs.release(source) end
	if not full or not translucent then return full end
	-- Eight bits are too few for a colour that is to be divided by a small alpha; half floats hold
	-- neither the colour nor alpha/255 exactly enough.
	return graphics.draw_over(state, name .. "_wide", obs.RGBA16, "Encode", full, width, height)
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
	note_alpha(state, mapped_data[0], mapped_linesize[0], state.stage_width, state.stage_height)
	return mapped_data[0], mapped_linesize[0], state.stage_width, state.stage_height
end

function M.unmap(state)
	C.gs_stagesurface_unmap(state.stage)
end

return M
