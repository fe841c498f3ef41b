-- Makes each of OBS's frames take longer than it may while the file named by LATE_FILE exists: a little
-- on an idle machine, and no more on a busy one, where frames are late by themselves.
local obs = obslua
local file = os.getenv("LATE_FILE")
local LATE_SECONDS, SLEEP_MS = 0.05, 40

function script_tick(seconds)
  local found = io.open(file, "r")
  if not found then return end
  found:close()
  if seconds < LATE_SECONDS then obs.os_sleep_ms(SLEEP_MS) end
end
