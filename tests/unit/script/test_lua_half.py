"""What the script hands the Lua half survives the way there."""

from __future__ import annotations

from pathlib import Path

import pytest

from vb_link import folders, texts, unit_file
from vb_link.settings import SETTINGS
from vb_script import list_choices, lua_half


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
    table = lua_half.half(
        address=1, texts={}, models=[("a", "A")], depth_models=[("d", "D")], units=[("cpu", "CPU")]
    )
    assert [row["key"] for row in table["settings"]] == [setting.key for setting in SETTINGS]
    assert table["models"] == [{"value": "a", "text": "A"}]
    assert table["units"] == [{"value": "cpu", "text": "CPU"}]
    assert table["depth_models"] == [{"value": "d", "text": "D"}]
    assert lua_half.literal(table)


def test_models_are_listed_by_title_and_those_that_ship_win(tmp_path: Path) -> None:
    shipped, own = tmp_path / "shipped", tmp_path / "own"
    shipped.mkdir()
    own.mkdir()
    (shipped / "b.toml").write_text('name = "b"\ntitle = "Zebra"\n[source]\nname = "not this"\n')
    (shipped / "a.toml").write_text('name = "a" # comment\n')
    (own / "b.toml").write_text('title = "Apple"\nname = "b"\n')
    (own / "c.toml").write_text('title = "Apple"\nname = "c"\n')
    lists = list_choices.model_lists([shipped, own, tmp_path / "missing"])
    assert lists.people == [("c", "Apple"), ("b", "Zebra"), ("a", "a")]
    assert lists.depth == []


def test_depth_models_have_their_own_list_and_the_file_must_be_there(tmp_path: Path) -> None:
    shipped, own = tmp_path / "shipped", tmp_path / "own"
    shipped.mkdir()
    own.mkdir()
    (shipped / "d.toml").write_text(
        'name = "d"\nfile = "d.onnx"\n[output] # what it answers\nkind = "depth"\n'
    )
    (shipped / "p.toml").write_text('name = "p"\nfile = "p.onnx"\n[output]\nkind = "alpha"\n')
    assert list_choices.model_lists([shipped, own]) == list_choices.ModelLists([], [])
    (own / "d.onnx").touch()
    (shipped / "p.onnx").touch()
    lists = list_choices.model_lists([shipped, own])
    assert lists == list_choices.ModelLists([("p", "p")], [("d", "d")])


def test_the_shipped_person_models_are_listed() -> None:
    names = [name for name, _ in list_choices.model_lists([folders.models_dir()]).people]
    assert "selfie_landscape" in names


def test_a_model_that_comes_is_noticed(tmp_path: Path) -> None:
    shipped, own = tmp_path / "shipped", tmp_path / "own"
    shipped.mkdir()
    (shipped / "later.toml").write_text('name = "later"\nfile = "later.onnx"\n')
    (shipped / "cut.toml").write_text('name = "cut"\n[output]\nkind = "grabcut"\n')
    folders = [shipped, own]
    assert list_choices.model_lists(folders).people == [("cut", "cut")]
    before = list_choices.state_of(folders)
    assert list_choices.state_of(folders) == before
    own.mkdir()
    (own / "later.onnx").write_bytes(b"")
    assert list_choices.state_of(folders) != before
    assert ("later", "later") in list_choices.model_lists(folders).people


def test_units_show_their_time_or_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(folders.DATA_VARIABLE, str(tmp_path))
    words = texts.load("en-US")
    assert list_choices.unit_list(words)[1:] == [("cpu", "CPU")]
    unit_file.write(
        {
            "units": [{"name": name, "title": name.upper()} for name in ("cpu", "cuda", "qnn")],
            "measured": {
                "old": {"units": {"cpu": {"ms": 99.0}}},
                "new": {"units": {"cpu": {"ms": 1.25, "reason": ""}, "cuda": {"reason": "no GPU"}}},
            },
        }
    )
    listed = dict(list_choices.unit_list(words))
    assert list(listed) == ["auto", "cpu", "cuda", "qnn"]
    assert listed["cpu"] == "CPU · 1.2 ms"
    assert listed["cuda"] == "CUDA · not usable: no GPU"
    assert listed["qnn"] == "QNN"
    for damaged in ("[1]", "{", '{"units": 3}'):
        unit_file.path().write_text(damaged)
        assert list_choices.unit_list(words)[1:] == [("cpu", "CPU")]
