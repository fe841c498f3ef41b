"""A libobs that is not what is declared is refused in words, before anything is registered."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path, PureWindowsPath
from typing import Any

import pytest

from vb_link import texts
from vb_script import libobs, lua_half
from vb_script.libobs import LibraryError

ENGLISH = texts.load("en-US")


class Function:
    """A function of a library: what was declared of it, and what it returns."""

    def __init__(self, result: Any = None) -> None:
        self.restype: Any = ...
        self.argtypes: Any = ...
        self._result = result
        self.calls: list[tuple[Any, ...]] = []

    def __call__(self, *arguments: Any) -> Any:
        self.calls.append(arguments)
        return self._result


class Library:
    """A library with all that ``tables`` declare but what is ``lacking``."""

    def __init__(self, *tables: dict[str, Any], lacking: str = "", **results: Any) -> None:
        for name in (name for table in tables for name in table if name != lacking):
            setattr(self, name, Function(results.get(name)))


def _obs(monkeypatch: pytest.MonkeyPatch, version: tuple[int, int, int], **results: Any) -> Library:
    number = version[0] << 24 | version[1] << 16 | version[2]
    library = Library(
        libobs._LIBOBS, libobs._SCRIPTING, **{"obs_get_version": number, **results}
    )  # fmt: skip
    monkeypatch.setattr(libobs, "libobs", lambda: library)
    monkeypatch.setattr(libobs, "scripting", lambda: library)
    return library


def _obs_with_lua(monkeypatch: pytest.MonkeyPatch, **results: Any) -> Any:
    """Return an OBS whose queue of tasks is 9 and whose Lua script, which loads, is 7."""
    loaded = {"os_task_queue_create": 9, "obs_script_create": 7, "obs_script_loaded": True}
    return _obs(monkeypatch, (30, 0, 0), **{**loaded, **results})


def test_every_function_gets_its_declaration() -> None:
    library = Library(libobs._LIBOBS)
    assert libobs._declare(library, libobs._LIBOBS, "libobs") is library
    for name, (result, arguments) in libobs._LIBOBS.items():
        function = getattr(library, name)
        assert (function.restype, function.argtypes) == (result, arguments)


def test_no_function_is_asked_for_that_nobody_calls() -> None:
    files = Path(libobs.__file__).parent.glob("*.py")
    script = "\n".join(path.read_text("utf-8") for path in files)
    for name in (*libobs._LIBOBS, *libobs._SCRIPTING, *libobs._FRONTEND):
        assert f".{name}(" in script, name


@pytest.mark.parametrize("table", [libobs._LIBOBS, libobs._SCRIPTING, libobs._FRONTEND])
def test_a_function_that_is_missing_is_named(table: dict[str, Any]) -> None:
    for name in table:
        with pytest.raises(LibraryError) as caught:
            libobs._declare(Library(table, lacking=name), table, "libobs-x")
        sentence = caught.value.text(ENGLISH)
        assert name in sentence and "libobs-x" in sentence and "update" in sentence


@pytest.mark.parametrize("version", [(27, 2, 4), (28, 1, 2)])
def test_an_older_obs_is_refused(
    version: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    _obs(monkeypatch, version)
    with pytest.raises(LibraryError) as caught:
        libobs.check_version()
    sentence = caught.value.text(ENGLISH)
    assert ".".join(map(str, version)) in sentence and "29.0 or newer" in sentence


@pytest.mark.parametrize("version", [(29, 0, 0), (29, 0, 2), (31, 1, 2), (32, 2, 9)])
def test_a_tested_obs_is_taken(
    version: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    _obs(monkeypatch, version)
    assert libobs.check_version()


@pytest.mark.parametrize("version", [(32, 3, 0), (33, 0, 0)])
def test_a_newer_obs_is_taken_and_named(
    version: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    _obs(monkeypatch, version)
    assert not libobs.check_version()
    sentence = texts.say(ENGLISH, "Note.NewObs", **libobs.untested())
    assert ".".join(map(str, version)) in sentence and "32.2" in sentence


def test_the_lua_half_that_refuses_is_unloaded_and_says_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    refusal = b"Error.OldObs\ngs_one, gs_two"
    made = _obs_with_lua(monkeypatch, obs_data_get_string=refusal)
    with pytest.raises(LibraryError) as caught:
        lua_half.load({})
    assert "libobs has no gs_one, gs_two" in caught.value.text(ENGLISH)
    assert made.obs_script_destroy.calls == [(7,)]
    assert made.os_task_queue_destroy.calls == [(9,)]


def test_a_lua_half_without_objection_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    made = _obs_with_lua(monkeypatch)
    loaded = lua_half.load({})
    assert loaded == (7, 9)
    table = made.obs_data_set_string.calls[0][2]
    assert b'["queue"]=9' in table
    assert b'["libobs.lua"]=' in table and b'["blur.effect"]=' in table
    assert not made.obs_script_destroy.calls
    lua_half.destroy(loaded)
    assert made.obs_script_destroy.calls == [(7,)]
    assert made.os_task_queue_destroy.calls == [(9,)]


def test_on_windows_too_obs_finds_the_folder_of_the_lua_half(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = _obs_with_lua(monkeypatch)
    windows = PureWindowsPath("C:\\Users\\太郎\\vb_filter\\virtual_background.lua")
    monkeypatch.setattr(lua_half, "PATH", windows)
    lua_half.load({})
    ((path, _),) = made.obs_script_create.calls
    assert path == "C:/Users/太郎/vb_filter/virtual_background.lua".encode()


@pytest.mark.parametrize(("handle", "loaded"), [(None, False), (7, False)])
def test_a_lua_half_that_does_not_load_is_named(
    handle: int | None, loaded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = _obs_with_lua(monkeypatch, obs_script_create=handle, obs_script_loaded=loaded)
    with pytest.raises(LibraryError) as caught:
        lua_half.load({})
    assert "virtual_background.lua" in caught.value.text(ENGLISH)
    assert made.os_task_queue_destroy.calls == [(9,)]


# Where the libraries are


@pytest.mark.parametrize(("system", "name"), [("win32", "obs"), ("linux", None), ("darwin", None)])
def test_libobs_by_system(system: str, name: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str | None] = []

    def load(path: str | None) -> Library:
        opened.append(path)
        return Library(libobs._LIBOBS)

    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(ctypes, "CDLL", load)
    libobs.libobs.cache_clear()
    try:
        libobs.libobs()
    finally:
        libobs.libobs.cache_clear()
    assert opened == [name]


@pytest.mark.parametrize(
    ("library", "image"),
    [
        ("obs-scripting", b"/Applications/OBS.app/Contents/Frameworks/libobs-scripting.dylib"),
        (
            "obs-frontend-api",
            b"/Applications/OBS.app/Contents/Frameworks/libobs-frontend-api.1.dylib",
        ),
    ],
)
def test_a_companion_on_a_mac_is_the_one_loaded(
    library: str, image: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = [b"/usr/lib/libSystem.B.dylib", None, image]

    class GetName:
        restype: Any = None

        def __call__(self, index: int) -> bytes | None:
            return images[index]

    class Loader:
        def __init__(self, _path: None) -> None:
            self._dyld_image_count = Function(len(images))
            self._dyld_get_image_name = GetName()

    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(ctypes, "CDLL", Loader)
    assert libobs._path(library) == image.decode()
    with pytest.raises(LibraryError):
        libobs._path("no-such-library")


def test_a_companion_on_linux_is_the_one_mapped(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    maps = (
        "7f00-7f01 r-xp 0 08:01 12 /opt/my obs/lib/libobs-scripting.so.30\n"
        "7f02-7f03 r-xp 0 08:01 13 /opt/my obs/lib/libobs.so.30\n"
    )
    monkeypatch.setattr(Path, "read_text", lambda *_: maps)
    assert libobs._path("obs-scripting") == "/opt/my obs/lib/libobs-scripting.so.30"
    with pytest.raises(LibraryError) as caught:
        libobs._path("obs-frontend-api")
    assert "libobs-frontend-api" in caught.value.text(ENGLISH)


def test_a_companion_on_windows_goes_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert libobs._path("obs-scripting") == "obs-scripting"
