"""Compiling every effect ahead; with Windows' libraries tests/windows does it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from tests.unit.lua import Lua
from vb_script import compile_ahead, lua_half


def test_every_file_is_among_the_effects_and_no_name_stands_for_two() -> None:
    effects = compile_ahead.every_effect(Lua())
    names = [effect.name for effect in effects]
    assert len(names) == len(set(names))
    for path in lua_half.FOLDER.glob("*.effect"):
        text = path.read_text("utf-8")
        assert any(effect.text.endswith(text) for effect in effects), path.name
    words = [effect.text for effect in effects if effect.text.startswith("#define BACKGROUND_OUT")]
    assert words and "\n#define BLUR\n" in "".join(words)


def test_libraries_that_are_not_there_are_an_error_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    compile_ahead.main(str(tmp_path))
    told = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    assert list(told) == ["error"] and "lua51.dll" in told["error"]


class _Libobs:
    """Compiles everything but the effect ``bad``."""

    def __init__(self) -> None:
        self.living = 0

    def gs_effect_create(self, text: bytes, name: bytes, error: None) -> int | None:
        if name == b"bad.effect":
            return None
        self.living += 1
        return self.living

    def gs_effect_destroy(self, effect: object) -> None:
        self.living -= 1


@pytest.fixture
def libobs() -> Any:
    made: Any = _Libobs()
    made.gs_effect_create = mock.Mock(side_effect=made.gs_effect_create)
    return made


def test_effects_that_do_not_compile_are_named_and_none_is_kept(libobs: Any) -> None:
    effects = [compile_ahead.Effect(name, "text") for name in ("a", "bad", "c")]
    assert compile_ahead.compile_all(libobs, effects, lambda: False) == ["bad"]
    assert libobs.living == 0 and libobs.gs_effect_create.call_count == 3


def test_an_obs_that_is_started_meanwhile_has_its_cache_for_itself(libobs: Any) -> None:
    effects = [compile_ahead.Effect(name, "text") for name in ("a", "b", "c")]
    runs = iter([False, True])
    with pytest.raises(OSError, match="OBS was started"):
        compile_ahead.compile_all(libobs, effects, lambda: next(runs))
    assert libobs.gs_effect_create.call_count == 1


def test_a_cache_that_is_not_there_keeps_nothing(tmp_path: Path) -> None:
    assert compile_ahead.kept_in(tmp_path / "shader-cache") == 0
    (tmp_path / "1234.v2").touch()
    assert compile_ahead.kept_in(tmp_path) == 1
