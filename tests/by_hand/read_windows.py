"""Reports what is in the windows of a program: run by Debian's own Python, which has GObject.

For each line on stdin, "process-id skipped-title", prints one line of JSON: the program's windows,
except those whose titles begin with that, as a list of widgets, each with its children. Everything
comes from AT-SPI, the accessibility interface of screen readers; nothing is changed through it.
Widgets are queried all at once, level by level: on a busy machine each answer takes long.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, Gio, GLib  # noqa: E402

STATES = ("ENABLED", "FOCUSED", "CHECKED", "CHECKABLE", "SELECTED", "EDITABLE", "ACTIVE")
WITH_TEXT = {"text", "entry", "spin button"}
WITH_VALUE = {"slider", "spin button", "scroll bar"}
RENAMED = {"button": "push button"}  # AT-SPI 2.54 and later
DEEPEST = 30
TIMEOUT_MS = 30_000

Place = tuple[str, str]  # a program's name on the bus, and a path in it
_ACCESSIBLE, _COMPONENT = "org.a11y.atspi.Accessible", "org.a11y.atspi.Component"
_VALUE, _TEXT = "org.a11y.atspi.Value", "org.a11y.atspi.Text"
_PROPERTIES = "org.freedesktop.DBus.Properties"
_ROOT: Place = ("org.a11y.atspi.Registry", "/org/a11y/atspi/accessible/root")
_BUS: Place = ("org.freedesktop.DBus", "/org/freedesktop/DBus")


class Bus:
    """The accessibility bus (AT-SPI)."""

    def __init__(self) -> None:
        session = Gio.bus_get_sync(Gio.BusType.SESSION, None)
        (address,) = session.call_sync(
            "org.a11y.Bus", "/org/a11y/bus", "org.a11y.Bus", "GetAddress",
            None, None, Gio.DBusCallFlags.NONE, TIMEOUT_MS, None,
        ).unpack()  # fmt: skip
        flags = Gio.DBusConnectionFlags
        self._connection = Gio.DBusConnection.new_for_address_sync(
            address, flags.AUTHENTICATION_CLIENT | flags.MESSAGE_BUS_CONNECTION, None, None
        )
        self._asked = 0
        self._loop = GLib.MainContext.default()

    def ask(
        self,
        place: Place,
        interface: str,
        method: str,
        parameters: Any,
        use: Callable[[Any], None],
    ) -> None:
        """Send a call; ``use`` gets the answer, if there is one: the widget may be gone."""

        def answered(connection: Any, result: Any) -> None:
            self._asked -= 1
            try:
                answer = connection.call_finish(result).unpack()
            except GLib.Error:
                return
            use(answer[0])

        self._asked += 1
        self._connection.call(
            place[0], place[1], interface, method, parameters, None,
            Gio.DBusCallFlags.NONE, TIMEOUT_MS, None, answered,
        )  # fmt: skip

    def get(self, place: Place, interface: str, name: str, use: Callable[[Any], None]) -> None:
        self.ask(place, _PROPERTIES, "Get", GLib.Variant("(ss)", (interface, name)), use)

    def wait(self) -> None:
        """Wait for all answers."""
        while self._asked:
            self._loop.iteration(True)

    def children(self, places: Sequence[Place]) -> list[list[Place]]:
        found: list[list[Place]] = [[] for _ in places]
        for place, into in zip(places, found):
            self.ask(place, _ACCESSIBLE, "GetChildren", None, into.extend)
        self.wait()
        return found


def _keep(of: dict[str, Any], name: str) -> Callable[[Any], None]:
    return lambda answer: of.__setitem__(name, answer)


def _look(bus: Bus, places: Sequence[Place]) -> list[dict[str, Any]]:
    """Return what each is: without a role if it is not visible, or gone."""
    raw: list[dict[str, Any]] = [{} for _ in places]

    for place, of in zip(places, raw):
        bus.ask(place, _ACCESSIBLE, "GetRole", None, _keep(of, "role"))
        bus.ask(place, _ACCESSIBLE, "GetState", None, _keep(of, "states"))
        bus.get(place, _ACCESSIBLE, "Name", _keep(of, "name"))
        bus.ask(place, _COMPONENT, "GetExtents", GLib.Variant("(u)", (0,)), _keep(of, "box"))
    bus.wait()
    looks = [_widget(of) for of in raw]
    for place, look in zip(places, looks):
        role = look.get("role")
        if role in WITH_TEXT:
            bus.ask(place, _TEXT, "GetText", GLib.Variant("(ii)", (0, -1)), _keep(look, "text"))
        if role in WITH_VALUE:
            for name in ("CurrentValue", "MinimumValue", "MaximumValue"):
                bus.get(place, _VALUE, name, _keep(look, name))
    bus.wait()
    for look in looks:
        if "CurrentValue" in look:
            look["value"] = look.pop("CurrentValue")
            look["range"] = [look.pop("MinimumValue", 0.0), look.pop("MaximumValue", 0.0)]
    return looks


def _widget(raw: dict[str, Any]) -> dict[str, Any]:
    if not raw.keys() >= {"role", "states", "box"}:
        return {}
    low, high = raw["states"]
    states = low | high << 32
    if not states >> int(Atspi.StateType.VISIBLE) & 1:  # what is scrolled away is visible
        return {}
    role = Atspi.role_get_name(Atspi.Role(raw["role"]))
    return {
        "role": RENAMED.get(role, role),
        "name": raw.get("name", ""),
        "states": [name for name in STATES if states >> int(getattr(Atspi.StateType, name)) & 1],
        "box": list(raw["box"]),
        "holds": [],
    }


def windows(bus: Bus, pid: int, skipped: str) -> list[dict[str, Any]] | None:
    """Return None if no such program has registered on the bus."""
    (programs,) = bus.children([_ROOT])
    pids: list[dict[str, Any]] = [{} for _ in programs]
    for (name, _), of in zip(programs, pids):
        asked = GLib.Variant("(s)", (name,))
        bus.ask(_BUS, _BUS[0], "GetConnectionUnixProcessID", asked, _keep(of, "pid"))
    bus.wait()
    program = next((p for p, of in zip(programs, pids) if of.get("pid") == pid), None)
    if program is None:
        return None
    told: dict[str, Any] = {"holds": []}
    level: list[tuple[dict[str, Any], Place]] = [(told, program)]
    for depth in range(DEEPEST):
        found = bus.children([place for _, place in level])
        below = [(of, child) for (of, _), some in zip(level, found) for child in some]
        level = []
        looks = _look(bus, [place for _, place in below])
        for (of, place), look in zip(below, looks):
            if not look or (depth == 0 and skipped and look["name"].startswith(skipped)):
                continue
            of["holds"].append(look)
            # A list's items are read only while it is open: that takes long, and few are open.
            if not (look["role"] == "list" and look["box"][2] == 0):
                level.append((look, place))
        if not level:
            break
    holds: list[dict[str, Any]] = told["holds"]
    return holds


def main() -> None:
    warnings.simplefilter("ignore", DeprecationWarning)
    bus = Bus()
    for line in sys.stdin:
        pid, _, skipped = line.rstrip("\n").partition(" ")
        try:
            answer: Any = windows(bus, int(pid), skipped)
        except GLib.Error as error:
            print(error, file=sys.stderr)
            answer = None
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
