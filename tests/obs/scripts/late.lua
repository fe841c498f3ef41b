-- Holds OBS's graphics thread up in every frame while the file named by LATE_FILE exists.
local obs = obslua
local file = os.getenv("LATE_FILE")

function script_tick()
  local found = io.open(file, "r")
  if not found then return end
  found:close()
  obs.os_sleep_ms(40)
end
