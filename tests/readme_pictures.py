"""Makes the README's screenshots of a real OBS: ``python tests/readme_pictures.py FOLDER``.

Needs, beside the tests' own, Debian's openbox, xdotool and imagemagick, and the folder
``obs_script`` on the path. Each picture is made in English and in Japanese.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from vb_demo import clip
from vb_demo.child_guard import Guarded
from vb_demo.obs_session import ObsSession
from vb_demo.virtual_display import VirtualDisplay
from vb_link import folders, texts
from vb_link.settings import FILTER_ID

NAMES = {"en-US": "Virtual Background", "ja-JP": "バーチャル背景"}
SCENE_NAMES = {locale: texts.load(locale)["SceneFilterName"] for locale in NAMES}
SCENES = {"en-US": ("Beach", "Desk"), "ja-JP": ("浜辺", "机")}


class Screen:
    """The virtual screen OBS is on, with a window manager."""

    def __init__(self, name: str) -> None:
        self._environment = {**os.environ, "DISPLAY": name}
        self._manager = Guarded(["openbox"], env=self._environment, stderr=subprocess.DEVNULL)
        time.sleep(0.5)

    def close(self) -> None:
        self._manager.end()

    def do(self, *words: object) -> str:
        """Run xdotool and return what it prints."""
        done = subprocess.run(
            ["xdotool", *map(str, words)],
            check=False,
            env=self._environment,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def window(self, title: str) -> str:
        return self.do("search", "--onlyvisible", "--name", title).split("\n")[-1]

    def windows(self) -> set[str]:
        return set(self.do("search", "--onlyvisible", "--name", ".+").split("\n"))

    def opened(self, open_it: Callable[[], object]) -> str:
        """Return the window that ``open_it`` opens."""
        before = self.windows()
        open_it()
        deadline = time.monotonic() + 30
        while True:
            time.sleep(0.5)
            found = self.windows() - before
            if found:
                time.sleep(1)
                return found.pop()
            if time.monotonic() > deadline:
                raise SystemExit("The window did not open within 30 seconds.")

    def save(self, window: str, path: Path, crop: str = "") -> None:
        words = ["import", "-window", window, *(["-crop", crop] if crop else []), "+repage"]
        subprocess.run([*words, str(path)], env=self._environment, check=True)


def _close(screen: Screen, filters: str) -> None:
    screen.do("mousemove", "--window", filters, 806, 696, "click", 1)
    time.sleep(1)


def filter_window(screen: Screen, session: ObsSession, folder: Path, locale: str) -> None:
    """The camera's filters, and the list of those that can be added."""
    language = locale.split("-", maxsplit=1)[0]
    filters = screen.opened(
        lambda: session.request("OpenInputFiltersDialog", {"inputName": "Camera"})
    )
    screen.do("windowmove", filters, 30, 30)
    time.sleep(1)
    screen.do("mousemove", "--window", filters, 120, 418, "click", 1)
    time.sleep(4)
    screen.save(filters, folder / f"filter-{language}.png")
    screen.do("mousemove", "--window", filters, 28, 698, "click", 1)
    time.sleep(1)
    screen.save("root", folder / f"add-{language}.png", "400x620+30+735")
    screen.do("key", "Escape")
    time.sleep(1)
    _close(screen, filters)


def scene_window(screen: Screen, session: ObsSession, folder: Path, locale: str) -> None:
    """A scene's own background."""
    language = locale.split("-", maxsplit=1)[0]
    scene = SCENES[locale][0]
    # A panel that is open shows no rows for what others choose.
    _close(screen, screen.opened(lambda: session.ask("own_scene", scene)))
    session.set_filter(
        scene,
        SCENE_NAMES[locale],
        {"background": "image", "group_layers": True, "own_layers": True},
    )
    filters = screen.opened(lambda: session.ask("own_scene", scene))
    screen.do("windowmove", filters, 30, 30)
    time.sleep(3)
    screen.save(filters, folder / f"scene-{language}.png")
    _close(screen, filters)


def script_window(screen: Screen, session: ObsSession, folder: Path, locale: str) -> None:
    """OBS's scripts with ours."""
    language = locale.split("-", maxsplit=1)[0]
    main = screen.window("OBS ")
    screen.do("windowmove", main, 30, 30)
    screen.do("windowactivate", main)
    time.sleep(1)
    screen.save(main, folder / f"main-{language}.png")
    tools = (378, 12) if language == "en" else (560, 12)
    screen.do("mousemove", "--window", main, *tools, "click", 1)
    time.sleep(1)
    screen.save("root", folder / f"tools-{language}.png", "1000x700+0+0")
    scripts = screen.opened(
        lambda: screen.do("mousemove", "--window", main, tools[0] + 30, 150, "click", 1)
    )
    screen.do("windowsize", scripts, 900, 640)
    screen.do("windowmove", scripts, 30, 30)
    time.sleep(1)
    screen.do("mousemove", "--window", scripts, 120, 62, "click", 1)
    time.sleep(2)
    screen.save(scripts, folder / f"panel-{language}.png")


def make(folder: Path, locale: str, video: Path) -> None:
    display = VirtualDisplay(1500, 2700)
    os.environ["DISPLAY"] = display.name
    os.environ["LIBGL_ALWAYS_SOFTWARE"] = "1"
    screen = Screen(display.name)
    with tempfile.TemporaryDirectory() as scratch:
        session = ObsSession(Path(scratch), locale=locale)
        session.start()
        try:
            session.add_input(
                "Scene", "Camera", "ffmpeg_source", {"local_file": str(video), "looping": True}
            )
            # Software OpenGL may be late: the pictures show what users see on their own machines.
            session.add_filter("Camera", NAMES[locale], FILTER_ID, {"governor": "off"})
            for scene in SCENES[locale]:
                session.request("CreateScene", {"sceneName": scene})
            time.sleep(5)
            for picture in (filter_window, scene_window, script_window):
                picture(screen, session, folder, locale)
        finally:
            session.stop()
    screen.close()
    display.close()
    del os.environ["DISPLAY"]


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    data = tempfile.TemporaryDirectory()
    (Path(data.name) / "venv").symlink_to(sys.prefix)
    os.environ[folders.DATA_VARIABLE] = data.name
    with tempfile.TemporaryDirectory() as scratch:
        video = Path(scratch) / "clip.mp4"
        clip.make_clip(video, seconds=6.0)
        for locale in NAMES:
            make(folder, locale, video)


if __name__ == "__main__":
    main()
