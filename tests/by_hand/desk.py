"""A screen with a window manager and the D-Bus and AT-SPI buses that report its windows."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import cv2
import numpy as np
from Xlib import X, display

from tests.by_hand.input_queue import InputQueue
from vb_demo.child_guard import Guarded
from vb_demo.virtual_display import VirtualDisplay

PYTHON = "/usr/bin/python3"  # Debian's own: it has GObject
SIZE = (1600, 1200)
_NEEDED = ("openbox", "xdotool", "dbus-daemon", "dbus-send", "Xvfb", PYTHON)
_GOBJECT = "import gi; gi.require_version('Atspi', '2.0'); from gi.repository import Atspi"
# By default openbox grabs each click in a window, to focus it, and has it replayed: on a busy
# machine one in about a hundred was never seen by the program. Nothing here needs it.
_OPENBOX = '<openbox_config xmlns="http://openbox.org/3.4/rc"><mouse/><keyboard/></openbox_config>'
_STATUS = ("--dest=org.a11y.Bus", "/org/a11y/bus", "org.freedesktop.DBus.Properties.Set",
           "string:org.a11y.Status")  # fmt: skip


def missing() -> str:
    """Return what is missing here for these tests, in a few words, or nothing."""
    absent = [name for name in _NEEDED if shutil.which(name) is None]
    if absent:
        return f"not installed: {', '.join(absent)}"
    asked = subprocess.run([PYTHON, "-c", _GOBJECT], capture_output=True, check=False)
    return "" if asked.returncode == 0 else "not installed: python3-gi, gir1.2-atspi-2.0"


class Desk:
    """``environment`` is what programs on this screen need."""

    def __init__(self, folder: str, display_name: str) -> None:
        self._programs: list[Guarded] = []
        self.input = InputQueue(display_name)
        self.environment = {
            "LIBGL_ALWAYS_SOFTWARE": "1",
            "QT_QPA_PLATFORM": "xcb",
            "QT_LINUX_ACCESSIBILITY_ALWAYS_ON": "1",
            # Other tests' buses have sockets of the same names in the user's folder.
            "XDG_CACHE_HOME": folder,
            "XDG_RUNTIME_DIR": folder,
        }
        self._display_name = display_name
        self._folder = Path(folder)

    def open(self) -> None:
        # Its services must not see a screen: Qt 5 cannot use a bus address stored there.
        bus = self._start("dbus-daemon", "--session", "--nofork", "--print-address=1")
        assert bus.stdout is not None
        self.environment["DBUS_SESSION_BUS_ADDRESS"] = bus.stdout.readline().strip()
        self.environment["DISPLAY"] = self._display_name
        rules = self._folder / "openbox.xml"
        rules.write_text(_OPENBOX, "utf-8")
        self._start("openbox", "--config-file", str(rules))
        time.sleep(0.5)

    def close(self) -> None:
        while self._programs:
            self.end(self._programs[-1].process)
        self.input.close()

    def end(self, program: subprocess.Popen[str]) -> None:
        """End one of this desk's programs and everything it started."""
        guarded = next(each for each in self._programs if each.process is program)
        self._programs.remove(guarded)
        # The bus's services are in its session and do not end with it.
        os.killpg(program.pid, signal.SIGTERM)
        program.wait()
        guarded.end()
        for pipe in (program.stdin, program.stdout):
            if pipe is not None:
                pipe.close()

    def run(self, *words: str) -> str:
        """Run a program on this screen and return what it prints."""
        done = subprocess.run(
            words, env=self._everything(), capture_output=True, text=True,
            timeout=60, check=False,
        )  # fmt: skip
        return done.stdout

    def _everything(self) -> dict[str, str]:
        outer = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
        return {**outer, **self.environment}

    def picture(self, path: Path) -> None:
        """Save what is on the screen."""
        connection = display.Display(self.environment["DISPLAY"])
        try:
            raw = connection.screen().root.get_image(0, 0, *SIZE, X.ZPixmap, 0xFFFFFFFF)
        finally:
            connection.close()
        pixels = np.frombuffer(raw.data, np.uint8).reshape(SIZE[1], SIZE[0], 4)
        cv2.imwrite(str(path), pixels[..., :3])

    def announce(self) -> None:
        """Tell the programs on this screen that a screen reader is running.

        Qt 5 does not notice one that was running before the program started.
        """
        for value in ("false", "true"):
            for name in ("IsEnabled", "ScreenReaderEnabled"):
                words = (f"string:{name}", f"variant:boolean:{value}")
                self.run("dbus-send", "--session", "--print-reply", *_STATUS, *words)

    def reader(self) -> subprocess.Popen[str]:
        """Start the program that reads the windows; it ends with the desk."""
        return self._start(PYTHON, str(Path(__file__).with_name("read_windows.py")))

    def _start(self, *words: str) -> subprocess.Popen[str]:
        guarded = Guarded(
            words, env=self._everything(), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self._programs.append(guarded)
        return guarded.process


@contextmanager
def desk() -> Iterator[Desk]:
    with (
        tempfile.TemporaryDirectory(prefix="desk") as folder,
        closing(VirtualDisplay(*SIZE)) as screen,
        closing(Desk(folder, screen.name)) as made,
    ):
        made.open()
        yield made
