"""A machine to install on: any system, its files in a folder of the test's own."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from vb_install.interpreters import _PROBE
from vb_install.system import Finished, Process, System
from vb_link import child

SCENES = {
    "Untitled": b'{"name":"Untitled","modules":{"scripts-tool":[{"path":"/x/clock.lua",'
    b'"settings":{"source":"T"}}],"auto-scene-switcher":{"interval":300}},"sources":[],'
    b'"gain":0.1}',
    "Pretty": '{\n    "name": "Szene \u5c71",\n    "modules": {},\n    "sources": []\n}\n'.encode(),
    "Bare": b'{"name":"Bare","sources":[]}',
}


class FakeSystem(System):
    """Records what is run; nothing but files under ``root`` is touched.

    ``answers`` maps the beginning of a command to what it gives; Pythons are answered for by
    ``pythons``, from command to version.
    """

    def __init__(self, root: Path, name: str = "linux") -> None:
        self.root = root
        self.name = name
        self.machine = "x86_64"
        self.home = root / "home"
        self.home.mkdir(exist_ok=True)
        self.environment: Mapping[str, str] = {}
        self.executable = Path("/usr/bin/python3")
        self.base_prefix = Path("/usr")
        self.data = self.home / "data" / "obs-virtual-background"
        self.root_user = False
        self.programs: dict[str, str] = {}
        self.answers: dict[tuple[str, ...], Finished] = {}
        self.pythons: dict[tuple[str, ...], tuple[int, int, int]] = {
            ("/usr/bin/python3",): (3, 11, 2)
        }
        self.lacking: set[str] = set()
        self.running: list[Process] = []
        self.ran: list[list[str]] = []
        self.handed: list[tuple[list[str], dict[str, str]]] = []
        self.pip_says: tuple[str, ...] = ()
        self.pip_code = 0
        self.hand_codes: dict[str, int] = {}
        self.prefix = "/usr"
        self.framework = ""
        self.registered: list[Path] = []
        self.long_paths = True  # a test's own folder may have a long one
        self.console: list[str] = []
        self.instructions_lacking: list[str] = []

    def is_root(self) -> bool:
        return self.root_user

    def which(self, program: str) -> str | None:
        return self.programs.get(program)

    def run(self, command: Sequence[str], timeout: float = 60.0) -> Finished:
        words = _without_utf8(command)
        self.ran.append(words)
        if words[-1] == _PROBE:
            return self._probe(tuple(words[:-3]))
        for start, answer in self.answers.items():
            if tuple(words[: len(start)]) == start:
                return answer
        if "-I" in words:
            return Finished(0, "")
        return Finished(127, "", "no such program")

    def stream(self, command: Sequence[str], on_line: Callable[[str], None]) -> int:
        words = _without_utf8(command)
        self.ran.append(words)
        if "venv" in words:
            folder = Path(words[-1])
            version = self._version(tuple(words[: words.index("-I")]))
            assert version is not None
            for program in ("bin/python", "Scripts/python.exe"):
                (folder / program).parent.mkdir(parents=True, exist_ok=True)
                (folder / program).write_text(json.dumps(version))
            return 0
        if "install" in words and "--require-hashes" in words:
            for line in self.pip_says:
                on_line(line)
            return self.pip_code
        return 0

    def hand_over(self, command: Sequence[str], more: Mapping[str, str], folder: Path) -> int:
        words = list(command)
        self.handed.append((words, dict(more)))
        return next((code for name, code in self.hand_codes.items() if name in words), 0)

    def processes(self) -> list[Process]:
        return self.running

    def console_programs(self) -> list[str]:
        return self.console

    def lacking_instructions(self) -> list[str]:
        return self.instructions_lacking

    def takes_long_paths(self) -> bool:
        return self.long_paths

    def registered_pythons(self) -> list[Path]:
        return self.registered

    def registry(self, key: str) -> str | None:
        return self.answers.get(("registry", key), Finished(1, "")).out or None

    def streamed(self, word: str) -> list[list[str]]:
        """Return the recorded commands that hold this word."""
        return [command for command in self.ran if word in command]

    def _version(self, command: tuple[str, ...]) -> tuple[int, ...] | None:
        # A Windows that plays another system writes paths in its own way.
        named = {tuple(Path(word) for word in words): words for words in self.pythons}
        words = named.get(tuple(Path(word) for word in command))
        if words is not None:
            return self.pythons[words]
        program = Path(command[2].partition("=")[2] if command[:1] == ("flatpak",) else command[0])
        try:
            return tuple(json.loads(program.read_text()))
        except (OSError, ValueError):
            return None

    def _probe(self, command: tuple[str, ...]) -> Finished:
        version = self._version(command)
        if version is None:
            return Finished(127, "")
        packages = Path(command[0]).parent.parent / "site-packages"
        if command[:1] == ("flatpak",):
            packages = Path(command[2].partition("=")[2]).parent.parent / "site-packages"
        if str(packages).startswith(str(self.root)):
            packages.mkdir(parents=True, exist_ok=True)
        facts = {
            "executable": command[0],
            "prefix": self.prefix,
            "framework": self.framework,
            "packages": str(packages),
            "version": list(version),
            "cpython": True,
            "bits": 64,
            "venv": "venv" not in self.lacking,
            "ensurepip": "ensurepip" not in self.lacking,
        }
        return Finished(0, json.dumps(facts))


def _without_utf8(command: Sequence[str]) -> list[str]:
    """Return a command's words but for those that ask a Python for UTF-8, which stand before -I."""
    words = list(command)
    if "-I" in words:
        at = words.index("-I") - 2
        assert tuple(words[at : at + 3]) == child.ISOLATED, "a Python of ours without UTF-8"
        del words[at : at + 2]
    return words


def add_scenes(config: Path, scenes: Mapping[str, bytes] = SCENES) -> Path:
    """Write scene collections as OBS has them and return their folder."""
    folder = config / "basic" / "scenes"
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in scenes.items():
        (folder / f"{name}.json").write_bytes(content)
    return folder


def snapshot(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder with its content."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def scenes_of(system: FakeSystem) -> Path:
    """Return the folder of the scene collections of this system's OBS."""
    return system.home / ".config" / "obs-studio" / "basic" / "scenes"
