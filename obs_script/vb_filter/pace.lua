-- How OBS's frames go by for one camera: how many it was not drawn in, how long they take, and
-- whether its size keeps changing.
local M = {}

-- A camera that was left out of more frames than this may show anything when it comes back. OBS's
-- frames are counted, not seconds: in an OBS that stood still nothing was left out.
local MISSED = 3
-- At more than SLOW_NS a frame an alpha would be seen to trail its picture, until frames are QUICK_NS
-- again. A single frame counts for LONGEST_NS at most, and SHARE of it at once.
local SLOW_NS, QUICK_NS, LONGEST_NS, SHARE = 0.15e9, 0.1e9, 0.3e9, 0.25
-- Frames without a change after which a size is steady.
local STEADY = 30

function M.new()
	return {
		ticks = 0, drawn = 0, mean_ns = 0, slow = false,
		since_resize = STEADY, resizing = false,
	}
end

-- Once in each of OBS's frames, drawn or not.
function M.tick(pace) pace.ticks = pace.ticks + 1 end

-- Once in each frame that the camera is drawn in, at `now` in ns: by the clock, as OBS's own time of a
-- frame that comes late is the one it was to have. Returns whether the camera was left out of frames
-- before, and how long after the last drawn one this one comes, in ns.
function M.begin(pace, now, resized)
	local back = pace.ticks - pace.drawn - 1 > MISSED
	local passed = now - (pace.now or now)
	pace.drawn, pace.now = pace.ticks, now
	if not back then
		pace.mean_ns = pace.mean_ns + SHARE * (math.min(passed, LONGEST_NS) - pace.mean_ns)
		pace.slow = pace.mean_ns > (pace.slow and QUICK_NS or SLOW_NS)
	end
	if resized then
		pace.resizing, pace.since_resize = pace.since_resize < STEADY, 0
	else
		pace.since_resize = pace.since_resize + 1
		pace.resizing = pace.resizing and pace.since_resize < STEADY
	end
	return back, passed
end

-- Whether each picture has to be drawn with the alpha made from that very picture.
function M.wants_pairs(pace) return pace.slow or pace.resizing end

return M
