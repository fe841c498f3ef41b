"""What the script hands the Lua half survives the way there."""

from __future__ import annotations

from pathlib import Path

import pytest

from vb_link.settings import SETTINGS
from vb_script import lua_half, model_list


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
    table = lua_half.half(address=1, texts={}, models=[("a", "A")])
    assert [row["key"] for row in table["settings"]] == [setting.key for setting in SETTINGS]
    assert table["models"] == [{"value": "a", "text": "A"}]
    assert lua_half.literal(table)


def test_models_are_listed_by_title_and_the_users_win(tmp_path: Path) -> None:
    shipped, own = tmp_path / "shipped", tmp_path / "own"
    shipped.mkdir()
    own.mkdir()
    (shipped / "b.toml").write_text('name = "b"\ntitle = "Zebra"\n[source]\nname = "not this"\n')
    (shipped / "a.toml").write_text('name = "a" # comment\n')
    (own / "b.toml").write_text('title = "Apple"\nname = "b"\n')
    assert model_list.model_list([shipped, own, tmp_path / "missing"]) == [
        ("b", "Apple"),
        ("a", "a"),
    ]
