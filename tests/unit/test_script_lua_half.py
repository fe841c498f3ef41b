"""What the script hands the Lua half survives the way there."""

from __future__ import annotations

from pathlib import Path

import pytest

from vb_link import places, unit_file
from vb_link.settings import SETTINGS
from vb_script import lua_half, model_list, texts, unit_list


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "nil"),
        (True, "true"),
        (0.5, "0.5"),
        (4281216550, "4281216550"),
        ('a"b\\c\nd', '"a\\034b\\092c\\010d"'),
        ("背", '"\\232\\131\\140"'),
        ([1, "x"], '{1,"x"}'),
        ({"k": (1, 2)}, '{["k"]={1,2}}'),
    ],
)
def test_literals(value: object, expected: str) -> None:
    assert lua_half.literal(value) == expected


def test_what_has_no_literal_is_refused() -> None:
    with pytest.raises(TypeError):
        lua_half.literal(object())


def test_the_table_holds_every_setting_in_order() -> None:
    table = lua_half.half(address=1, texts={}, models=[("a", "A")], units=[("cpu", "CPU")])
    assert [row["key"] for row in table["settings"]] == [setting.key for setting in SETTINGS]
    assert table["models"] == [{"value": "a", "text": "A"}]
    assert table["units"] == [{"value": "cpu", "text": "CPU"}]
    assert lua_half.literal(table)


def _manifest(folder: Path, name: str, text: str, *, there: bool = True) -> None:
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.toml").write_text(text)
    if there:
        (folder / f"{name}.onnx").write_bytes(b"")


def test_models_are_listed_by_title_and_the_users_win(tmp_path: Path) -> None:
    shipped, own = tmp_path / "shipped", tmp_path / "own"
    _manifest(
        shipped, "b", 'name = "b"\ntitle = "Zebra"\nfile = "b.onnx"\n[source]\nname = "not this"\n'
    )
    _manifest(shipped, "a", 'name = "a" # comment\nfile = "a.onnx"\n')
    _manifest(own, "b", 'title = "Apple"\nname = "b"\nfile = "b.onnx"\n')
    expected = [("b", "Apple"), ("a", "a")]
    assert model_list.model_list([tmp_path / "missing", shipped, own]) == expected


def test_only_installed_models_that_find_people_are_listed(tmp_path: Path) -> None:
    shipped, own = tmp_path / "shipped", tmp_path / "own"
    own.mkdir()
    for name in ("here", "later"):
        text = f'name = "{name}"\nfile = "{name}.onnx"\n[output]\nkind = "alpha"\n'
        _manifest(shipped, name, text, there=name == "here")
    _manifest(shipped, "far", 'name = "far"\nfile = "far.onnx"\n[output]\nkind = "depth"\n')
    _manifest(shipped, "cut", 'name = "cut"\n[output]\nkind = "grabcut"\n', there=False)
    folders = [shipped, own]
    assert model_list.model_list(folders) == [("cut", "cut"), ("here", "here")]
    before = model_list.state_of(folders)
    assert model_list.state_of(folders) == before
    (own / "later.onnx").write_bytes(b"")
    assert model_list.state_of(folders) != before
    assert ("later", "later") in model_list.model_list(folders)


def test_units_show_their_time_or_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(places.DATA_VARIABLE, str(tmp_path))
    words = texts.load("en-US")
    assert unit_list.unit_list(words)[1:] == [("cpu", "CPU")]
    unit_file.write(
        {
            "units": [{"name": name, "title": name.upper()} for name in ("cpu", "cuda", "qnn")],
            "measured": {
                "old": {"units": {"cpu": {"ms": 99.0}}},
                "new": {"units": {"cpu": {"ms": 1.25, "reason": ""}, "cuda": {"reason": "no GPU"}}},
            },
        }
    )
    listed = dict(unit_list.unit_list(words))
    assert list(listed) == ["auto", "cpu", "cuda", "qnn"]
    assert listed["cpu"] == "CPU · 1.2 ms"
    assert listed["cuda"] == "CUDA · not usable: no GPU"
    assert listed["qnn"] == "QNN"
    for damaged in ("[1]", "{", '{"units": 3}'):
        unit_file.path().write_text(damaged)
        assert unit_list.unit_list(words)[1:] == [("cpu", "CPU")]
