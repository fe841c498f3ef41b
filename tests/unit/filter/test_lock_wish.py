"""When a camera's filter asks the script for the lock."""

from __future__ import annotations

import pytest

from tests.unit.lua import Lua

SETTLED = 0.4  # seconds that a new setting must have stood, and a little more


@pytest.fixture
def lua() -> Lua:
    """A filter that is not locked; ``asked`` holds what it asks the script for."""
    made = Lua()
    made(
        """
        asked, now = {}, 1e9
        local C = {
            obs_filter_get_target = function() return "camera" end,
            obs_filter_get_parent = function() return "camera" end,
            obs_data_get_bool = function(settings, key) return settings[key] end,
            obs_properties_set_param = function(_, filter, call) closed = { filter, call } end,
        }
        obslua = {
            obs_properties_get = function(rows, key) return rows[key] end,
            obs_property_set_modified_callback = function(row, call) row.modified = call end,
        }
        local link = { request = function(_, _, _, _, _, wanted) asked[#asked + 1] = wanted end }
        local obs = { C = C, pointer = function(it) return it end, name = tostring }
        requests = assert(loadfile(FOLDER .. "requests.lua"))(obs, link, {}, {})
        requests.use({ lock = "lock", panel_closed = 9 }, nil)
        filter = { filter = "ours", settings = { lock = false }, state = {} }
        rows = { lock = {} }
        requests.watch_lock(filter, rows)
        function tick(seconds)
            now = now + seconds * 1e9
            requests.keep_lock(filter, now)
        end
        -- In the panel, where OBS calls the row's callback; it tells the filter a moment later.
        function choose(wanted)
            rows.lock.modified(rows, rows.lock, { lock = wanted })
            filter.settings.lock = wanted
        end
        tick(0)
        tick(1)
        """
    )
    return made


def _asked(lua: Lua) -> str:
    return lua(f"tick({SETTLED}); return table.concat(asked, ' ')")


def test_a_remote_control_gets_it_at_once(lua: Lua) -> None:
    assert lua("filter.settings.lock = true; tick(0); return table.concat(asked, ' ')") == ""
    assert _asked(lua) == "true"
    lua("filter.settings.lock = false; tick(0)")
    assert _asked(lua) == "true false"


def test_it_waits_while_the_panel_in_which_it_was_ticked_may_be_open(lua: Lua) -> None:
    # The script is told when it is closed; OBS does so only with a parameter, whatever that is.
    assert lua("return closed[1] .. tostring(closed[2])").startswith("ourscdata")
    lua("choose(true); tick(0)")
    assert _asked(lua) == "" and lua("tick(60); return table.concat(asked, ' ')") == ""
    lua("filter.state.locked = true; tick(1)")  # the script put it in when OBS saved
    assert _asked(lua) == ""
    lua("filter.state.locked = false; tick(60)")  # somebody has moved it
    assert _asked(lua) == "true"


def test_it_is_taken_back_whether_or_not_it_was_put_in(lua: Lua) -> None:
    lua("choose(true); tick(0)")
    assert _asked(lua) == ""
    lua("choose(false); tick(0)")
    assert _asked(lua) == "false"
