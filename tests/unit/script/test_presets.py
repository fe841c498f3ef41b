"""Presets come back as they went; nothing that is not ours is read, written over or lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vb_link import texts
from vb_link.setting_values import suits
from vb_link.settings import SETTINGS, defaults
from vb_link.texts import SaidError
from vb_script import presets

ENGLISH = texts.load("en-US")


def _refused(path: Path) -> str:
    with pytest.raises(SaidError) as caught:
        presets.load(str(path))
    sentence = caught.value.text(ENGLISH)
    assert str(path) in sentence
    return caught.value.key


def _file(folder: Path, settings: Any, **more: Any) -> Path:
    path = folder / "preset.json"
    path.write_text(json.dumps({presets.MARK: 1, "settings": settings, **more}))
    return path


def test_a_preset_comes_back_as_it_went(tmp_path: Path) -> None:
    path = tmp_path / "プリセット.json"
    settings = {**defaults(), "background": "color", "background_image": "/壁紙/海.png"}
    presets.save(str(path), {**settings, "stranger": 1})
    assert presets.load(str(path)) == settings
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("preset", "preset.json"),
        ("v1.2 new", "v1.2 new.json"),
        ("my.json", "my.json"),
        ("my.bak", "my.bak"),
        ("海", "海.json"),
    ],
)
def test_a_preset_without_an_ending_gets_one(tmp_path: Path, name: str, written: str) -> None:
    assert presets.save(str(tmp_path / name), {"threshold": 0.25}) == tmp_path / written
    assert presets.load(str(tmp_path / written)) == {"threshold": 0.25}


def test_every_default_is_a_value_its_setting_can_have() -> None:
    assert all(suits(row, row.default) for row in SETTINGS)


def test_a_preset_written_over_is_kept_beside(tmp_path: Path) -> None:
    path = tmp_path / "preset.json"
    for threshold in (0.1, 0.2, 0.3):
        presets.save(str(path), {"threshold": threshold})
    assert presets.load(str(path)) == {"threshold": 0.3}
    assert presets.load(f"{path}.bak") == {"threshold": 0.2}


@pytest.mark.parametrize("name", ["preset.json", "preset.json.bak"])
def test_another_file_is_never_written_over(tmp_path: Path, name: str) -> None:
    path = tmp_path / "preset.json"
    presets.save(str(path), {"threshold": 0.5})
    (tmp_path / name).write_text("my diary")
    with pytest.raises(SaidError) as caught:
        presets.save(str(path), {"threshold": 0.6})
    assert caught.value.key == "Preset.NotOurs"
    assert (tmp_path / name).read_text() == "my diary"


@pytest.mark.parametrize(
    "body",
    [b"", b"my diary", b"[1]", b'{"settings": {}}', b"\xff\xfe", b"[" * 100_000,
     b"{" + b" " * 300_000],
)  # fmt: skip
def test_what_is_no_preset_is_refused(tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "preset.json"
    path.write_bytes(body)
    assert _refused(path) == "Preset.NotOurs"
    assert path.read_bytes() == body


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("active", 1), ("active", "true"), ("threshold", True), ("threshold", 1.5),
        ("threshold", "0.5"), ("threshold", None), ("threshold", float("nan")), ("grow", -31),
        ("background", "sea"), ("background", 3), ("background_color", -1),
        ("background_color", 1 << 32), ("background_color", 0.5), ("background_image", ["a"]),
        ("background_image", "a\0b"), ("model", "x" * 5000),
    ],
)  # fmt: skip
def test_a_value_its_setting_cannot_have_is_refused(
    tmp_path: Path, key: str, value: object
) -> None:
    assert _refused(_file(tmp_path, {"softness": 0.5, key: value})) == "Preset.BadValue"


def test_unknown_settings_and_versions_are_refused(tmp_path: Path) -> None:
    assert _refused(_file(tmp_path, {"threshhold": 0.5})) == "Preset.UnknownSetting"
    assert _refused(_file(tmp_path, [])) == "Preset.OtherVersion"
    assert _refused(_file(tmp_path, {}, script="x")) == "Preset.OtherVersion"
    path = tmp_path / "preset.json"
    path.write_text(json.dumps({presets.MARK: 2, "settings": {}}))
    assert _refused(path) == "Preset.OtherVersion"


def test_places_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    assert _refused(tmp_path / "missing.json") == "Preset.CannotRead"
    for path, key in (("", "Preset.NoPath"), ("preset.json", "Preset.NotWhole"),
                      (str(tmp_path / "no" / "p.json"), "Preset.CannotWrite"),
                      (str(tmp_path), "Preset.NotOurs")):  # fmt: skip
        with pytest.raises(SaidError) as caught:
            presets.save(path, {})
        assert caught.value.key == key


def test_a_full_disk_leaves_the_old_preset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "preset.json"
    presets.save(str(path), {"threshold": 0.1})

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(SaidError) as caught:
        presets.save(str(path), {"threshold": 0.2})
    assert "No space left" in caught.value.text(ENGLISH)
    assert presets.load(str(path)) == {"threshold": 0.1}
    assert list(tmp_path.iterdir()) == [path]


@given(st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8,
))  # fmt: skip
def test_no_value_at_all_breaks_the_check(value: object) -> None:
    for row in SETTINGS:
        assert suits(row, value) in (True, False)
