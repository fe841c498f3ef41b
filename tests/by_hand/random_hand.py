"""A random user of OBS: one seed gives one way of choosing among the rows that are there."""

from __future__ import annotations

import random
import re
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from tests.by_hand.faults import Fault, HandError
from tests.by_hand.kept import Kept
from tests.by_hand.panel import GROUP, Panel, Row, rows_in
from tests.by_hand.rows import Rows
from tests.by_hand.sitting import CAMERA_PANEL, SCENE_PANEL, SCRIPTS_PANEL, Sitting
from tests.by_hand.windows import WindowsError
from vb_demo.errors import ObsError

USES = 8  # of rows, before the window is closed and another one is opened
PATIENCE = (0.2, 0.5, 1.5, 3.0)  # seconds in the middle of a use
NUMBERS = ("abc", "-7", "999999", "1e9", "0,5", "12.5", "--", "50 %%", "3", "40")
NAMES = ("Nobody", "Other", "", "Camera", "No such thing, anywhere")
COLORS = ("#336699", "#00ff00", "#101010")
KEYS = ("Left", "Right", "Up", "Down", "Page_Up", "Home")
GROUPS_SHARE = 0.25  # of the uses collapse a group or open it


Way = Callable[[Row], None]


class Lost(Exception):
    """OBS has ended by itself."""


class RandomHand:
    """``faults`` has what was wrong, ``counts`` how often; ``uses`` what was done, a line each.

    ``actions`` counts clicks, drags, turns of the wheel and words typed.
    """

    def __init__(self, seed: int, pictures: Path | None = None) -> None:
        self.actions = 0
        self.pixels = 0  # the farthest that a row has moved
        self.scrolled = 0  # the farthest that OBS itself has moved all rows
        self.clicks_missed = 0  # clicks that did nothing, and were made again
        self.used: Counter[tuple[str, str, str]] = Counter()  # panel, row, kind of use
        self.uses: list[str] = []
        self.faults: list[str] = []
        self.counts: Counter[Fault] = Counter()
        self.chance = random.Random(seed)
        self._pictures = pictures

    def sit_down(self, sitting: Sitting, actions: int) -> None:
        """Use the panels for ``actions`` actions. Raises Lost if OBS does not live that long."""
        before = self.actions
        while sitting.hand.actions < actions:
            try:
                self._use_a_window(sitting, actions)
            except (AssertionError, ObsError, WindowsError) as error:
                self.note(error, sitting)
                self._recover(sitting, error)
            finally:
                self.actions = before + sitting.hand.actions

    def _recover(self, sitting: Sitting, error: Exception) -> None:
        try:
            if sitting.stage.obs.running:
                sitting.recover()
                return
        except WindowsError as gone:
            self.note(gone)
        raise Lost from error

    def _use_a_window(self, sitting: Sitting, actions: int) -> None:
        which = self.chance.choice((CAMERA_PANEL, CAMERA_PANEL, SCENE_PANEL, SCRIPTS_PANEL))
        self.uses.append(f"open the panel of the {which}")
        panel = sitting.open(which)
        use = _Use(sitting, panel, sitting.kept(which), self)
        for _ in range(USES):
            if sitting.hand.actions >= actions or not use.some_row():
                break
        self.scrolled = max(self.scrolled, use.rows.scrolled)
        self.clicks_missed += use.rows.clicks_missed
        sitting.close(panel)

    def note(self, error: Exception, sitting: Sitting | None = None) -> None:
        """Count what went wrong; without a sitting, OBS has not ended well."""
        alive = sitting is not None and sitting.stage.obs.running
        fault = error.fault if isinstance(error, HandError) else Fault.UNUSABLE
        if not alive:
            fault = Fault.CRASH
        self.counts[fault] += 1
        self.pixels = max(self.pixels, getattr(error, "pixels", 0))
        self.faults.append(f"{fault.value} after {self.uses[-1:]}: {error}")
        print(self.faults[-1], file=sys.stderr, flush=True)
        if sitting is not None and alive and self._pictures is not None:
            self._pictures.mkdir(parents=True, exist_ok=True)
            sitting.desk.picture(self._pictures / f"fault{len(self.faults)}.png")


class _Use:
    """Rows of one panel used at random."""

    def __init__(
        self,
        sitting: Sitting,
        panel: Panel,
        kept: Kept | None,
        hand: RandomHand,
    ) -> None:
        self._sitting, self._panel, self._kept = sitting, panel, kept
        self._chance, self._told, self._used = hand.chance, hand.uses, hand.used
        self.rows = Rows(panel, PATIENCE[0])
        self._replaced = False
        self._texts = set(sitting.texts.values())

    def _is_ours(self, row: Row) -> bool:
        if row.text == GROUP:
            return row.has("check box")
        # No test uses the network, and the camera has to keep its filter.
        if row.text in map(self._sitting.word, ("Panel.Fetch", "Panel.Add", "Panel.TakeOff")):
            return False
        return re.sub(r" \d$", "", row.text) in self._texts

    def some_row(self) -> bool:
        """Use one of the rows used least; return whether the panel is still there."""
        self.rows.patience = self._chance.choice(PATIENCE)
        ours = [row for row in rows_in(self.rows.after) if self._is_ours(row)]
        groups = [row for row in ours if row.text == GROUP]
        others = [row for row in ours if row.text != GROUP]
        fold = groups and self._chance.random() < GROUPS_SHARE
        can = [(row, way) for row in (groups if fold else others)
               for role, way in self._ways() if row.has(role)]  # fmt: skip
        fewest = min(self._count(row, way) for row, way in can)
        row, way = self._chance.choice(
            [(row, way) for row, way in can if self._count(row, way) == fewest]
        )
        self._used[self._use(row, way)] += 1
        self._told.append(f"{way.__name__[1:]} {row.text!r} ({row.number})")
        way(row)
        print(self._told[-1], file=sys.stderr, flush=True)
        if not self._sitting.stage.obs.running:
            raise HandError(Fault.CRASH, "OBS has ended.")
        return not self._replaced

    def _use(self, row: Row, way: Way) -> tuple[str, str, str]:
        number = str(row.number) if row.text == GROUP else ""
        return self._panel.title, row.text + number, way.__name__[1:]

    def _count(self, row: Row, way: Way) -> int:
        return self._used[self._use(row, way)]

    def _ways(self) -> list[tuple[str, Way]]:
        return [
            ("combo box", self._list),
            ("slider", self._drag),
            ("slider", self._keys),
            ("spin button", self._number),
            ("check box", self._box),
            ("push button", self._button),
        ]

    def _say(self, more: str) -> None:
        self._told[-1] += f": {more}"

    def _must(self, holds: bool, row: Row, what: str) -> None:
        if not holds:
            raise HandError(
                Fault.WRONG_VALUE, f"{row.text!r} keeps another value than the one chosen: {what}."
            )

    def _list(self, row: Row) -> None:
        field = row.field("combo box")
        if field.find("text") and self._chance.random() < 0.5:
            self._name(row)
            return
        if self._chance.random() < 0.3:
            self._say("leave")
            self.rows.leave_list(row.text, row.number)
            return
        item, shown = self.rows.choose_one(row.text, self._chance.choice, row.number)
        self._say(item)
        self._must(shown in ("", item), row, f"{item!r} is shown as {shown!r}")
        if self._kept and shown:
            self._must(self._kept.word(row.text, item), row, item)

    def _name(self, row: Row) -> None:
        name = self._chance.choice(NAMES)
        self._say(name)
        shown = self.rows.type_name(row.text, name, row.number)
        self._must(shown == name, row, f"{name!r} is shown as {shown!r}")
        if self._kept:
            self._must(self._kept.same(row.text, name), row, name)

    def _drag(self, row: Row) -> None:
        share = round(self._chance.random(), 2)
        self._say(f"{share}")
        self.rows.drag(row.text, share, row.number)
        self._number_kept(row)

    def _keys(self, row: Row) -> None:
        key, times = self._chance.choice(KEYS), self._chance.randint(1, 4)
        self._say(f"{times} times {key}")
        self.rows.step(row.text, key, times, row.number)
        self._number_kept(row)

    def _number(self, row: Row) -> None:
        typed = self._chance.choice(NUMBERS)
        self._say(typed)
        self.rows.type_number(row.text, typed, row.number)
        self._number_kept(row)

    def _number_kept(self, row: Row) -> None:
        low, high = row.field("spin button").range

        def is_kept(number: float) -> bool:
            return self._kept is None or self._kept.number(row.text, number)

        shown = self.rows.number(row.text, row.number, is_kept)
        self._must(low <= shown <= high, row, f"{shown} is not within {low} and {high}")
        self._must(is_kept(shown), row, f"{shown} is shown")

    def _box(self, row: Row) -> None:
        before = "CHECKED" in row.field("check box").states
        times = self._chance.choice((1, 1, 2))
        self._say(f"{times} times")
        self.rows.press(row.text, times, row.number)
        after = self.rows.ticked(row.text, row.number, before != (times == 1))
        self._must((after != before) == (times == 1), row, f"it was {before} and is {after}")
        if self._kept and row.text != GROUP:
            self._must(self._kept.same(row.text, after), row, f"{after} is shown")

    def _button(self, row: Row) -> None:
        cancel = self._chance.random() < 0.4
        if row.has("text"):
            self._file(row, cancel)
        elif row.text == row.field("push button").name:
            times = self._chance.choice((1, 2))
            self._say(f"{times} times")
            if row.text in (self._sitting.word("Panel.OwnScene"), self._sitting.word("Scene.Own")):
                self._own_scene(row)
                return
            self.rows.press(row.text, times, row.number)
            if self._panel.others():
                raise HandError(Fault.UNUSABLE, f"{row.text!r} has opened a window.")
        else:
            color = self._chance.choice(COLORS)
            self._say(f"{color}, {cancel=}")
            self.rows.pick_color(row.text, color, cancel=cancel, number=row.number)
            if self._kept and not cancel:
                self._must(self._kept.color(row.text, color), row, color)

    def _own_scene(self, row: Row) -> None:
        """Press the button that opens the filters of a scene: OBS has one such window at a time."""
        self.rows.press(row.text, 1, row.number, stays=False)
        self._panel.dialog()
        self._replaced = not self._panel.is_open()
        if not self._replaced:
            self._panel.answer("Escape")

    def _file(self, row: Row, cancel: bool) -> None:
        before = row.field("text").text
        path = str(self._chance.choice(self._sitting.files(row.text)))
        self._say(f"{Path(path).name}, {cancel=}")
        shown = self.rows.pick_file(row.text, path, cancel=cancel, number=row.number)
        wanted = before if cancel else path
        self._must(shown == wanted, row, f"{wanted!r} is shown as {shown!r}")
        if self._kept:
            self._must(self._kept.same(row.text, wanted), row, wanted)
