"""Texts in lines that fit into a narrow panel."""

from __future__ import annotations

import pytest

from vb_link import texts
from vb_script import text_lines


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("one two three", ["one two", "three"]),
        ("Scene: Blur\nOther", ["Scene:", "Blur", "Other"]),
        ("/a/long/path.json", ["/a/long/", "path.jso", "n"]),
        ("背景は単色。 次", ["背景は単", "色。 次"]),
        ("背景は単。", ["背景は", "単。"]),  # no line begins with a full stop
        ("", [""]),
    ],
)
def test_a_line_is_broken_where_its_language_allows(text: str, lines: list[str]) -> None:
    assert text_lines.broken(text, 8) == lines


def test_a_text_has_no_fewer_lines_than_it_is_given_room() -> None:
    assert text_lines.padded("one", 3) == "one\n \n "
    assert text_lines.padded("1\n2\n3", 2) == "1\n2\n3"


def test_a_long_word_can_be_broken() -> None:
    path = "/" + "x" * 60
    made = texts.breakable(f"Saved as {path}.")
    assert made.replace("\N{ZERO WIDTH SPACE}", "") == f"Saved as {path}."
    assert max(map(len, made.replace("\N{ZERO WIDTH SPACE}", " ").split())) <= 24
    assert texts.breakable("short words 背景背景背景背景背景背景背景背景背景") == (
        "short words 背景背景背景背景背景背景背景背景背景"
    )
