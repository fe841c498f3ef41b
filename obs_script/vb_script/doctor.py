"""The check behind the panel's button: what only OBS can see, and all that needs no OBS.

It runs in its own thread, which starts a worker and waits for it, and calls only libobs's own
functions, without the GIL.
"""

from __future__ import annotations

import platform
import threading
from collections.abc import Callable

from vb_doctor import checks, report
from vb_doctor.findings import Finding, checked, finding
from vb_link import layout
from vb_link.texts import SaidError, say
from vb_script import libobs, libobs_symbols
from vb_script.reload_state import survivors

Texts = dict[str, str]


class Doctor:
    """``sentence`` is the result of the last check; ``tell`` is called with each new one."""

    def __init__(self, texts: Texts, tell: Callable[[str], None]) -> None:
        self._texts = texts
        self._tell = tell
        self._thread: threading.Thread | None = None
        self.sentence = ""

    def start(self) -> None:
        """Start a check unless one is running; returns at once."""
        if self._thread is not None and self._thread.is_alive():
            return
        self.sentence = self._texts["Panel.Checking"]
        self._thread = threading.Thread(target=self._check, name="doctor", daemon=True)
        self._thread.start()

    def wait(self, seconds: float) -> None:
        """Wait for a running check."""
        if self._thread is not None:
            self._thread.join(seconds)

    def _check(self) -> None:
        found = [*of_this_obs(), *checked(checks.all_of_them)]
        person = report.this_person()
        try:
            path = report.write(report.render(found, person))
        except OSError as error:
            self._say("Panel.CheckUnwritten", reason=error.strerror or type(error).__name__)
            return
        wrong = [finding for finding in found if not finding.good]
        if wrong:
            every = (f"- {finding.text(self._texts, prefix='Doctor.')}" for finding in wrong)
            self._say("Panel.CheckBad", count=len(wrong), all="\n".join(every), path=path)
        else:
            self._say("Panel.CheckGood", path=path)

    def _say(self, key: str, **details: object) -> None:
        self.sentence = say(self._texts, key, **details)
        self._tell(self.sentence)


def of_this_obs() -> list[Finding]:
    """Return the findings about the OBS this runs in."""
    return [
        finding("Python", version=platform.python_version(), where="OBS"),
        *checked(_functions),
        *checked(_in_use),
    ]


def _functions() -> list[Finding]:
    try:
        found = libobs.version()
        tested = libobs.check_version()
        libraries = {
            "libobs": libobs.libobs(),
            "scripting": libobs.scripting(),
            "frontend": libobs.frontend(),
        }
    except SaidError as error:
        return [finding("FunctionsMissing", names=", ".join(map(str, error.details.values())))]
    version = ".".join(map(str, found))
    if tested:
        known = finding("Obs", version=version, kind=platform.system())
    else:
        known = finding("ObsNew", **libobs.untested())
    lacking = libobs_symbols.lacking(libraries)
    if lacking:
        return [known, finding("FunctionsMissing", names=", ".join(lacking))]
    return [known, finding("Functions", count=libobs_symbols.count())]


def _in_use() -> Finding:
    shared = survivors().memory
    channels = (
        [] if shared is None else [channel for channel in shared.segment.channels if channel.used]
    )
    masks = sum(channel.state == layout.STATE_MASK for channel in channels)
    return finding("InUse", filters=len(channels), masks=masks)
