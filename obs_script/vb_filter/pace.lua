-- The pace of OBS's frames for one camera: how many it was not drawn in, how long they take, and
-- whether its size keeps changing.
local M = {}

-- A camera that was not drawn for more frames than this may show anything when it comes back. OBS
-- frames are counted, not seconds: while OBS stands still no frame is missed.
local MISSED = 3
-- Beyond SLOW_NS per frame an alpha would visibly trail its picture, until frames take QUICK_NS again.
-- The mean is exponential: each frame counts as LONGEST_NS at most, with weight SHARE.
local SLOW_NS, QUICK_NS, LONGEST_NS, SHARE = 0.15e9, 0.1e9, 0.3e9, 0.25
-- Frames without a change after which a size is steady.
local STEADY = 30

function M.new()
	return {
		ticks = 0, drawn = 0, mean_ns = 0, slow = false,
		since_resize = STEADY, resizing = false,
	}
end

-- Called once in each OBS frame, drawn or not.
function M.tick(pace) pace.ticks = pace.ticks + 1 end

-- Called once in each frame that the camera is drawn in. `now` is clock time in ns, as OBS's frame time
-- is the scheduled one even if the frame is late. Returns whether the camera was not drawn in frames
-- before, and the time since it was last drawn, in ns.
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

-- Whether each picture must be drawn with the alpha made from that very picture.
function M.wants_pairs(pace) return pace.slow or pace.resizing end

return M
