"""*Set up*, pressed in the script's panel in an OBS of Windows that has nothing yet.

The filter is on a camera in a room of one secret colour from the beginning. The packages come from
wheels of the bench, and the recommended model cannot be fetched.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.obs import stage
from tests.windows import installer, life, pictures, scenes
from tests.windows.obs_host import ObsHost
from tests.windows.wine import BenchError, Wine
from vb_link import folders, isolated, steps, texts
from vb_script.set_up import MODULE

USER = "First Last"
_DATA = f"Users/{USER}/AppData/Local/{folders.APP}"
_PYTHON = "C:/Python312/python.exe"
_PRODUCT = "C:/product"
_SECONDS = 1500.0  # for pip to unpack all packages
_ENGLISH = texts.load("en-US")
_NO_NETWORK = "http://127.0.0.1:9"  # where no proxy listens
Claim = Callable[[str, bool], None]


@contextlib.contextmanager
def nothing_yet(wine: Wine, folder: Path) -> Iterator[None]:
    """Name an empty folder for the data and the wheels for pip; ``folder`` is the bench's."""
    before = wine.environment
    wine.environment = {
        **before,
        folders.DATA_VARIABLE: "C:\\" + _DATA.replace("/", "\\"),
        **installer.PIP,
        **dict.fromkeys(("http_proxy", "https_proxy"), _NO_NETWORK),
    }
    try:
        with installer.wheels(wine, folder):
            yield
    finally:
        wine.environment = before


def prepare(wine: Wine) -> Path:
    """Return the user's folder for the data, which is not there."""
    home = wine.drive / "users" / USER
    shutil.rmtree(home, ignore_errors=True)
    data = wine.drive / _DATA.replace("Users", "users", 1)
    data.parent.mkdir(parents=True)
    return data


def press(wine: Wine, host: ObsHost, data: Path, claim: Claim) -> None:
    """Begin, begin again beside it, cancel, and begin once more; then everything works."""
    file = scenes.set_stage(host)
    host.do("show", "Scene", "Camera", "0")
    host.add_filter("Camera", "VB", cover="color", cover_color=scenes.COVER_COLOR,
                    background="image", background_image=file)  # fmt: skip
    host.watch(pictures.hidden(), stage.SECRET)
    host.do("show", "Scene", "Camera", "1")
    said = _line(host, "refresh")
    claim(f"it says what is missing: {said}", said == _in_one_line(_ENGLISH["SetUp.Missing"]))
    claim("nothing is begun", not data.exists() and not _pythons(host))
    _begin(host)
    before = host.seen()["set_up"]
    _line(host, "set_up")
    host.wait_frames(20)
    claim("pressed again it begins no other", _runs(host) and host.seen()["set_up"] == before)
    told = _another(wine)
    claim(f"another beside it waits its turn: {told}", told.get("fault") == "busy")
    claim("and does not disturb it", _runs(host))
    _line(host, "cancel")
    cancelled = _in_one_line(_ENGLISH["SetUp.Cancelled"])
    host.wait_for(lambda: _line(host, "refresh") == cancelled, "what it says when cancelled")
    host.wait_for(lambda: not _pythons(host), "the end of all it has started")
    half = (data / folders.UNFINISHED).exists()
    claim("half an environment is none", half and not host.masks())
    _claim_no_room(host, "until it was cancelled", claim)
    _begin(host)
    host.wait_for(lambda: not _runs(host), "the end of the set-up", _SECONDS)
    said = _line(host, "refresh")
    done = _in_one_line(_ENGLISH["SetUp.DoneNoModel"].partition("{")[0])
    claim(f"in the end it says what it did: {said}", said.startswith(done))
    claim("the environment is whole", not (data / folders.UNFINISHED).exists())
    host.wait_for(host.masks, "the first mask")
    scenes.settle_mask(host)
    problem = life.Moment("set up", host.shot(), (), True, pictures.background()).problem()
    claim(f"the person is before the background{problem and ': ' + problem}", not problem)
    _claim_no_room(host, "until the first mask and after it", claim)


def remove(wine: Wine, data: Path, claim: Claim) -> None:
    """Uninstall what *Set up* made."""
    words = [_PYTHON, f"{_PRODUCT}/install.py", "--uninstall", "--purge", "--yes"]
    done = wine.run(words)
    told = done.stdout.decode("utf-8", "replace").strip()
    claim(f"install.py --uninstall ends with {done.returncode}: {told[-200:]}",
          done.returncode == 0 and "Traceback" not in told)  # fmt: skip
    claim("no file is left", not data.exists())
    shutil.rmtree(wine.drive / "users" / USER)


def _claim_no_room(host: ObsHost, when: str, claim: Claim) -> None:
    seen = host.watched()
    claim(f"{seen.room} room pixels in the worst of {seen.frames} frames {when}",
          seen.frames > 0 and seen.room == 0)  # fmt: skip


def _begin(host: ObsHost) -> None:
    """Press the button and wait until pip unpacks: the longest step."""
    _line(host, "set_up")
    first, _ = steps.STEPS["packages"]
    host.wait_for(lambda: _percent(host) >= first, "pip at work", _SECONDS)


def _percent(host: ObsHost) -> int:
    words = _line(host, "refresh").split()
    if "%" not in words:
        raise BenchError(f"The set-up ended: {' '.join(words)}")
    return int(words[words.index("%") - 1])


def _runs(host: ObsHost) -> bool:
    return "%" in _line(host, "refresh").split()


def _line(host: ObsHost, button: str) -> str:
    """Press a button of the script's panel; return what the panel's first line then says."""
    return _in_one_line(host.do("press", str(host.script), button, "set_up_line"))


def _in_one_line(text: str) -> str:
    return " ".join(text.split())


def _pythons(host: ObsHost) -> list[str]:
    """Return the number and name of each Python below OBS."""
    return [each for each in host.do("children").split() if ":py" in each.lower()]


def _another(wine: Wine) -> dict[str, object]:
    """Run what another OBS's panel would start; return the last it tells."""
    command = isolated.command(_PYTHON, Path(_PRODUCT, "obs_script"), MODULE)
    told = wine.run_beside(command)
    found = [found for line in told.splitlines() if (found := steps.read(line))]
    return found[-1] if found else {"said": told[-300:]}
