"""The button that fetches the recommended model: the worker's own command, in a process of its own.

A thread reads what the command prints and calls nothing of OBS's but its log. The worker has no
network and sees the new model as any other that comes.
"""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable

from vb_link import child, fetch_command, folders, isolated
from vb_link.texts import say

Texts = dict[str, str]


class ModelFetch:
    """``sentence`` is how it is going or how it ended; ``tell`` is called with the end."""

    def __init__(self, texts: Texts, tell: Callable[[str], None]) -> None:
        self._texts = texts
        self._tell = tell
        self._thread: threading.Thread | None = None
        self._process: subprocess.Popen[str] | None = None
        self._stopped = False
        self.sentence = ""

    def start(self) -> None:
        """Start fetching unless that is under way; returns at once."""
        if self._thread is not None and self._thread.is_alive():
            return
        self._stopped = False
        self._say("Panel.Fetching", percent=0)
        self._thread = threading.Thread(target=self._fetch, name="model fetch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End it; what came so far is gone on with the next time."""
        self._stopped = True
        process = self._process
        if process is not None and process.poll() is None:
            process.terminate()
        self.wait(2.0)

    def wait(self, seconds: float) -> None:
        """Wait for the end."""
        if self._thread is not None:
            self._thread.join(seconds)

    def _fetch(self) -> None:
        python = folders.venv_python()
        if not python.exists():
            self._end("Status.NoEnvironment", detail=python)
            return
        try:
            code, last = self._run(
                isolated.command(python, folders.PACKAGES, "vb_worker", *fetch_command.WORDS)
            )
        except OSError as error:
            code, last = 1, error.strerror or type(error).__name__
        if self._stopped:
            self.sentence = ""
        elif code == 0:
            self._end("Panel.Fetched")
        else:
            self._end("Panel.FetchFailed", reason=fetch_command.reason(last))

    def _run(self, command: list[str]) -> tuple[int, str]:
        """Return the command's exit status and last line. Raises OSError."""
        last = ""
        with subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=child.environment(), cwd=folders.PACKAGES,
            **child.TEXT, **child.QUIET,
        ) as process:  # fmt: skip
            self._process = process
            assert process.stdout is not None
            for line in process.stdout:
                percent = fetch_command.percent_of(line)
                if percent is not None:
                    self._say("Panel.Fetching", percent=percent)
                elif line.strip():
                    last = line
        return process.returncode, last

    def _end(self, key: str, **details: object) -> None:
        self._say(key, **details)
        self._tell(self.sentence)

    def _say(self, key: str, **details: object) -> None:
        self.sentence = say(self._texts, key, title=fetch_command.TITLE, **details)
