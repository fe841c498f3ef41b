"""``install.py`` in Windows' Python for users with various names: install, check, remove.

The packages come from the bench's own wheels, so that no run needs the network.
"""

from __future__ import annotations

import json
import os
import pty
import select
import shutil
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from tests.windows import packages
from tests.windows.wine import BenchError, Wine
from vb_install import environment, scene_collections

USERS = ("plain", "First Last", "ユーザー 名")
_SECONDS, _QUIET_SECONDS = 1800.0, 5.0
_SCENES = b'{"name":"Untitled","modules":{"scripts-tool":[]},"sources":[]}'
# Wine resets these folders in the first process it starts, but in no other.
_RUN = (
    "import json, os, subprocess, sys; os.environ.update(json.loads(sys.argv[1])); "
    "sys.exit(subprocess.call([sys.executable, *sys.argv[2:]]))"
)
Say = Callable[[bool, str], None]


def check(wine: Wine, folder: Path, only: str, say: Say) -> None:
    """Do this for each user whose name contains ``only``; ``installer.log`` has all the output.

    ``folder`` is the bench's.
    """
    lock = (environment.LOCKS / "worker.lock").read_text("utf-8")
    wheels = wine.drive / "wheels"
    shutil.rmtree(wheels, ignore_errors=True)
    wheels.mkdir()
    for wheel in packages.wheels(lock, folder / "packages/wheels"):
        shutil.copyfile(wheel, wheels / wheel.name)
    obs = wine.drive / "Program Files/obs-studio/bin/64bit/obs64.exe"
    obs.parent.mkdir(parents=True, exist_ok=True)
    obs.touch()
    with (folder / "installer.log").open("w", encoding="utf-8", buffering=1) as out:
        for user in USERS:
            if only in user:
                _User(wine, user, out.write, say).check()
    shutil.rmtree(wheels)


class _User:
    """A user of the bench's Windows, whose folders are made and removed here."""

    def __init__(self, wine: Wine, name: str, write: Callable[[str], object], say: Say) -> None:
        self.wine, self.name, self._write, self._say = wine, name, write, say
        self.home = wine.drive / "users" / name
        self.data = self.home / "AppData/Local/obs-virtual-background"
        self.scenes = self.home / "AppData/Roaming/obs-studio/basic/scenes"

    def check(self) -> None:
        shutil.rmtree(self.home, ignore_errors=True)
        self.scenes.mkdir(parents=True)
        collection = self.scenes / "Untitled.json"
        collection.write_bytes(_SCENES)
        self._run("piped", ["--dry-run"], 0)
        self._claim("a dry run changes nothing", not self.data.exists())
        self._run("piped", ["--yes"], 0)
        script = f"C:/Users/{self.name}/AppData/Local/obs-virtual-background/app/obs_script"
        added = json.loads(collection.read_bytes())["modules"]["scripts-tool"]
        paths = [entry["path"].replace("\\", "/").lower() for entry in added]
        wanted = f"{script}/{scene_collections.SCRIPT_NAME}".lower()
        self._claim(f"the collection loads {paths}", paths == [wanted])
        self._run("on a console", ["--yes"], 0)
        # No OBS has been started here, which is the only problem that the check finds.
        told = self._run("piped", ["doctor"], 1)
        self._claim("a worker makes a mask", "its mask came back" in told)
        self._claim("one thing is to be mended", "1 thing(s) to mend" in told)
        self._run("on a console", ["doctor"], 1)
        self._run("piped", ["--uninstall", "--purge", "--yes"], 0)
        self._claim("the collection is as before", collection.read_bytes() == _SCENES)
        self._claim("no file is left", not self.data.exists())
        shutil.rmtree(self.home)

    def _claim(self, what: str, good: bool) -> None:
        self._say(good, f"installer, {self.name}: {what}")

    def _run(self, how: str, words: list[str], status: int) -> str:
        home = f"C:\\Users\\{self.name}"
        variables = {
            "USERPROFILE": home,
            "USERNAME": self.name,
            "APPDATA": f"{home}\\AppData\\Roaming",
            "LOCALAPPDATA": f"{home}\\AppData\\Local",
            "OBS_VIRTUAL_BACKGROUND_DATA": "",
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": "C:\\wheels",
        }
        code, told = _python(self.wine, ["C:/product/install.py", *words], variables, how)
        self._write(f"== {self.name}, {how}: install.py {' '.join(words)}: {code}\n{told}\n")
        ended = code == status and "Traceback" not in told
        what = f"{how}: install.py {' '.join(words)} ends with {code}"
        self._claim(what if ended else f"{what}: {told.strip()[-400:]}", ended)
        return told


def _python(
    wine: Wine, words: list[str], variables: Mapping[str, str], how: str
) -> tuple[int, str]:
    """Run Windows' Python with more variables, on a console or piped; return status and output."""
    command = ["C:/Python312/python.exe", "-c", _RUN, json.dumps(dict(variables)), *words]
    if how == "piped":
        done = wine.run(command, timeout=_SECONDS)
        return done.returncode, done.stdout.decode("utf-8", "replace")
    ours, theirs = pty.openpty()
    process = wine.popen(command, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    told, deadline = b"", time.monotonic() + _SECONDS
    with suppress(OSError):  # raised at the end of a console
        while process.poll() is None and time.monotonic() < deadline:
            # A console window that is about to close waits for Enter.
            if not select.select([ours], [], [], _QUIET_SECONDS)[0]:
                os.write(ours, b"\r")
                continue
            told += os.read(ours, 65536)
    os.close(ours)
    if time.monotonic() >= deadline:
        process.kill()
        raise BenchError(f"install.py did not end within {_SECONDS:.0f} s.")
    return process.wait(), told.decode("utf-8", "replace")
