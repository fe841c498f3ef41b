"""What the user reads: the filters' status lines and the first lines of the script's panel."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace

from vb_script import away_scene, libobs, shown_twice, status
from vb_script.reload_state import survivors
from vb_script.worker_process import WorkerProcess

# How long the answer to a request stays in the filters' status lines.
NOTICE_SECONDS = 20.0


class StatusBoard:
    """Collects the status texts and writes them into the link.

    ``worker`` returns the worker, if there is one, ``eased`` why its load is lowered, if it is,
    and ``answers`` what the panel's slow buttons have led to, "" for nothing.
    """

    def __init__(
        self,
        texts: dict[str, str],
        worker: Callable[[], WorkerProcess | None],
        eased: Callable[[], str],
        answers: Callable[[], list[str]],
    ) -> None:
        self._texts = texts
        self._worker = worker
        self._eased = eased
        self._answers = answers
        self._lock = threading.Lock()
        self._notice, self._noticed = "", 0.0
        self._warning = ""  # about scenes: see ``look_at_scenes``
        self.problem = ""  # why nothing works at all

    def note(self, sentence: str, *, warning: bool = False) -> None:
        """Show one sentence: the answer to a request of the user's."""
        self._notice, self._noticed = sentence, time.monotonic()
        libobs.log(sentence, warning=warning)

    def look_at_scenes(self) -> None:
        """Look for a layer that the scene shows as well, and for a missing scene to switch to.

        On OBS's UI thread.
        """
        self._warning = away_scene.warning(self._texts) or shown_twice.sentence(self._texts)

    def write(self) -> None:
        """Update the filters' status lines; from any thread."""
        with self._lock:
            segment = survivors().memory.segment
            worker = self._worker()
            problem = worker.problem if worker else None
            notice = self._current_notice() or self._warning
            eased = self._eased()
            for channel in segment.channels:
                if not channel.used:
                    continue
                figures = status.channel_figures(segment, channel, problem)
                figures = replace(figures, notice=notice, eased=eased if figures.eased else "")
                status.write(channel, figures.text(self._texts), figures.figures(self._texts))

    def summary(self) -> str:
        """Return the first lines of the script's own panel."""
        lines = self._worker_lines()
        if survivors().memory is not None and survivors().memory.segment.panic:
            lines.insert(0, self._texts["Status.Panic"])
        return "\n".join(line for line in lines if line)

    def news(self) -> str:
        """Return the last lines of the script's own panel: all that comes and goes."""
        lines = [self._current_notice(), self._warning, *self._answers()]
        return "\n".join(line for line in lines if line)

    def _current_notice(self) -> str:
        fresh = time.monotonic() - self._noticed < NOTICE_SECONDS
        return self._notice if fresh else ""

    def _worker_lines(self) -> list[str]:
        if self.problem:
            return [self.problem]
        worker = self._worker()
        if worker is None or survivors().memory is None:
            return [self._texts["Status.NoScript"]]
        if worker.problem is not None:
            return [worker.problem.text(self._texts)]
        channels = [c for c in survivors().memory.segment.channels if c.used]
        lines = [self._texts["Panel.Worker"].format(pid=worker.pid, filters=len(channels))]
        return lines + [c.status.decode("utf-8", "replace").split("\n")[0] for c in channels]
