"""``install.py`` in Windows' Python for users with various names: install, check, remove.

One user's data is on another drive and the OBS is one of the versions that kept their Python in
``global.ini``; one's product is in a folder that OneDrive keeps; one may not write where the
installer must, and has the Microsoft Store's stand-in for Python. The packages come from wheels of
the bench, so that no run needs the network.
"""

from __future__ import annotations

import contextlib
import json
import os
import pty
import select
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from tests.windows import compile_times, packages
from tests.windows.wine import BenchError, Wine
from vb_doctor import report
from vb_install import environment, obs_python, scene_collections
from vb_link import folders, texts

USERS = ("plain", "First Last", "ユーザー 名")
WITHOUT_RIGHTS, ON_ANOTHER_DRIVE, IN_ONEDRIVE = USERS
_ONEDRIVE = "OneDrive - Büro/デスクトップ/obs-virtual-background"
_PYTHON = "C:/Python312"
# Where Windows puts what comes from its store, and the files of no bytes that stand for it.
_STORE = "Program Files/WindowsApps/PythonSoftwareFoundation.Python.3.12_3.12.2800.0_x64__qbz5n2kf"
_ALIASES = "AppData/Local/Microsoft/WindowsApps"
PIP = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "C:\\wheels"}  # variables for pip
_NOBODY = 65534
_SECONDS, _QUIET_SECONDS = 1800.0, 5.0
_INI = b"\xef\xbb\xbf[General]\r\nFirstRun=true\r\n\r\n[Basic]\r\nProfile=Untitled\r\n"
_LOG = "12:00:00.000: OBS {} (64-bit, windows)\r\n"
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
    _put_obs(wine)
    log = (folder / "installer.log").open("w", encoding="utf-8", buffering=1)
    with wheels(wine, folder), log as out:
        for user in USERS:
            if only in user:
                _User(wine, user, out.write, say).check()


@contextlib.contextmanager
def wheels(wine: Wine, folder: Path) -> Iterator[None]:
    """Have the worker's packages on drive C, where :data:`PIP` looks for them.

    ``folder`` is the bench's. Raises BenchError.
    """
    lock = (environment.LOCKS / "worker.lock").read_text("utf-8")
    on_drive = wine.drive / "wheels"
    shutil.rmtree(on_drive, ignore_errors=True)
    on_drive.mkdir()
    for wheel in packages.wheels(lock, folder / "packages/wheels"):
        shutil.copyfile(wheel, on_drive / wheel.name)
    yield
    shutil.rmtree(on_drive)


def _put_obs(wine: Wine) -> None:
    """Put OBS where its installer does; its own program is in no package."""
    (wine.drive / "obs31/bin/64bit/obs64.exe").touch()
    programs = wine.drive / "Program Files/obs-studio"
    shutil.rmtree(programs, ignore_errors=True)
    programs.mkdir(parents=True)
    (programs / "bin").symlink_to("../../obs31/bin")
    compile_times.clear_cache(wine)


class _User:
    """A user of the bench's Windows, whose folders are made and removed here."""

    def __init__(self, wine: Wine, name: str, write: Callable[[str], object], say: Say) -> None:
        self.wine, self.name, self._write, self._say = wine, name, write, say
        self.home = wine.drive / "users" / name
        self.product = "C:/product"
        self.named_data = ""  # by the environment variable
        self.data = self.home / f"AppData/Local/{folders.APP}"
        self.seen_data = f"C:/Users/{name}/AppData/Local/{folders.APP}"
        self.config = self.home / "AppData/Roaming/obs-studio"
        self.collection = self.config / "basic/scenes/Untitled.json"
        old = name == ON_ANOTHER_DRIVE
        self.obs_version = "30.2.3" if old else "32.2.2"
        self.settings = self.config / ("global.ini" if old else "user.ini")

    def check(self) -> None:
        shutil.rmtree(self.home, ignore_errors=True)
        collection, settings = self.collection, self.settings
        for folder in (collection.parent, self.config / "logs", self.home / _ALIASES):
            folder.mkdir(parents=True)
        (self.home / _ALIASES / "python.exe").touch()
        collection.write_bytes(_SCENES)
        settings.write_bytes(_INI)
        self._write_log(self.obs_version)
        if self.name == ON_ANOTHER_DRIVE:
            self._use_another_drive()
        if self.name == IN_ONEDRIVE:
            self.product = f"C:/users/{self.name}/{_ONEDRIVE}"
            shutil.copytree(self.wine.drive / "product", self.home / _ONEDRIVE)
        told = self._run("piped", ["--dry-run"], 0)
        self._claim("a dry run says which Python OBS gets", f"let OBS use {_PYTHON}" in told)
        self._claim("a dry run changes nothing", self._untouched() and not self.data.exists())
        if self.name == WITHOUT_RIGHTS:
            self._may_not_write()
            self._has_store_python()
        told = self._run("piped", ["--yes", "--offline"], 0)
        self._claim("the shaders are compiled ahead", "Compiled " in told and " effects in" in told)
        self._claim("OBS has its Python", obs_python.value(settings.read_bytes()) == _PYTHON)
        script = f"{self.seen_data}/app/obs_script"
        added = json.loads(collection.read_bytes())["modules"]["scripts-tool"]
        paths = [entry["path"].replace("\\", "/").lower() for entry in added]
        wanted = f"{script}/{scene_collections.SCRIPT_NAME}".lower()
        self._claim(f"the collection loads {paths}", paths == [wanted])
        self._again()
        told = self._run("piped", ["doctor"], 0)
        answered = texts.english("Doctor.")["Worker"].partition("{")[0]
        self._claim("a worker finds the person", answered in told)
        self._claim("all is well", "all is well" in told)
        self._claim("OBS's version is known", self.obs_version in told)
        written = (self.data / report.NAME).read_text("utf-8")
        self._claim("the report does not name the user", self.name not in written)
        self._run("on a console", ["doctor"], 0)
        self._run("piped", ["--uninstall", "--purge", "--yes"], 0)
        self._claim("the collection is as before", collection.read_bytes() == _SCENES)
        self._claim("OBS has no Python", obs_python.value(settings.read_bytes()) is None)
        self._claim(
            "the rest of OBS's settings is as before", settings.read_bytes()[: len(_INI)] == _INI
        )
        self._claim("no file is left", not self.data.exists())
        self._refused()
        shutil.rmtree(self.home)

    def _untouched(self) -> bool:
        return self.collection.read_bytes() == _SCENES and self.settings.read_bytes() == _INI

    def _write_log(self, version: str) -> None:
        log = self.config / "logs/2026-01-01 12-00-00.txt"
        log.write_text(_LOG.format(version), newline="")

    def _may_not_write(self) -> None:
        """Install where a folder may not be written: a sentence, and nothing is half done."""
        before = sorted(self.home.rglob("*"))
        for folder in (self.data.parent, self.collection.parent):
            with _locked(folder):
                told = self._run("piped", ["--yes", "--offline"], 1)
            said = "may not be changed (" in told and "): give your user the right" in told
            self._claim(f"no right to write in {folder.name}: {told.strip()[-200:]}", said)
            self._claim("OBS's files are as before", self._untouched())
            if folder == self.data.parent:
                self._claim("nothing was made", sorted(self.home.rglob("*")) == before)

    def _has_store_python(self) -> None:
        """Run the installer with a Python of the Microsoft Store; find the store's stand-in."""
        store = self.wine.drive / _STORE
        store.parent.mkdir(exist_ok=True)
        store.unlink(missing_ok=True)
        store.symlink_to("../../Python312")
        told = self._run("piped", ["--yes", "--offline"], 1, python=f"C:/{_STORE}")
        self._claim("its Python is refused", "comes from the Microsoft Store, which hides" in told)
        store.unlink()
        self._write_log("29.1.3")  # which loads Python 3.11 at most: all there are are looked at
        told = self._run("piped", ["--dry-run"], 0)
        none = "OBS needs a 64-bit Python 3.10 to 3.11 for its scripts and none was found"
        self._claim(f"the stand-in is no Python: {told.strip()[-300:]}", none in told)
        self._write_log(self.obs_version)
        alias = f"C:/users/{self.name}/{_ALIASES}/python.exe"
        told = self._run("piped", ["--dry-run", "--python", alias], 1)
        self._claim("nor where it is named", "is not a Python that runs" in told)

    def _again(self) -> None:
        """Install once more; the first user may not write into OBS's cache of shaders."""
        if self.name != WITHOUT_RIGHTS:
            self._run("on a console", ["--yes", "--offline"], 0)
            return
        compile_times.clear_cache(self.wine)
        with _locked(self.wine.drive / compile_times.CACHE):
            told = self._run("on a console", ["--yes", "--offline"], 0)
        said = "not done (" in told and "may not be written" in told and "Compiled " not in told
        self._claim("a cache of shaders that keeps none is said", said)

    def _use_another_drive(self) -> None:
        folder = self.wine.root / "bench/drive_d"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        (self.wine.drive.parent / "dosdevices/d:").unlink(missing_ok=True)
        (self.wine.drive.parent / "dosdevices/d:").symlink_to("/bench/drive_d")
        self.named_data, self.data = "D:\\OBS data", folder / "OBS data"
        self.seen_data = "D:/OBS data"

    def _refused(self) -> None:
        """Name folders for the data that cannot be: one sentence, and nothing is made."""
        before = sorted(self.home.rglob("*"))
        file = f"C:\\Users\\{self.name}\\AppData\\Roaming\\obs-studio\\{self.settings.name}"
        for data, sentence in (
            ("C:\\" + "\\".join(["a long folder"] * 20), "is too long for Windows"),
            (f"{file}\\data", "cannot be used, as a file is where a folder has to be"),
        ):
            self.named_data = data
            told = self._run("piped", ["--yes", "--offline"], 1)
            self._claim(f"{sentence}: {told.strip()[-300:]}", sentence in told)
        made = (self.wine.drive / "a long folder").exists()
        self._claim("nothing was made", sorted(self.home.rglob("*")) == before and not made)

    def _claim(self, what: str, good: bool) -> None:
        self._say(good, f"installer, {self.name}: {what}")

    def _run(self, how: str, words: list[str], status: int, python: str = _PYTHON) -> str:
        home = f"C:\\Users\\{self.name}"
        variables = {
            "USERPROFILE": home,
            "USERNAME": self.name,
            "APPDATA": f"{home}\\AppData\\Roaming",
            "LOCALAPPDATA": f"{home}\\AppData\\Local",
            "PATH": f"{home}\\{_ALIASES}".replace("/", "\\") + r";C:\windows\system32",
            folders.DATA_VARIABLE: self.named_data,
            **PIP,
        }
        command = [f"{python}/python.exe", "-c", _RUN, json.dumps(variables)]
        command += [f"{self.product}/install.py", *words]
        code, told = _finished(self.wine, command, how)
        self._write(f"== {self.name}, {how}: install.py {' '.join(words)}: {code}\n{told}\n")
        ended = code == status and "Traceback" not in told
        what = f"{how}: install.py {' '.join(words)} ends with {code}"
        self._claim(what if ended else f"{what}: {told.strip()[-400:]}", ended)
        return told


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Let Windows' programs write into a folder no longer: it belongs to somebody else."""
    before = folder.stat()
    os.chown(folder, _NOBODY, -1)
    folder.chmod(0o755)
    try:
        yield
    finally:
        os.chown(folder, before.st_uid, -1)
        folder.chmod(before.st_mode & 0o7777)


def _finished(wine: Wine, command: list[str], how: str) -> tuple[int, str]:
    """Run a program of Windows on a console or piped; return its status and output."""
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
