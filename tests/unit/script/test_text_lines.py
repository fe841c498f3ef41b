"""Texts in lines that fit into a narrow panel."""

from __future__ import annotations

import pytest

from vb_link import texts
from vb_link.settings import SETTINGS
from vb_script import text_lines


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("one two three", ["one two", "three"]),
        ("Scene: Blur\nOther", ["Scene:", "Blur", "Other"]),
        ("/a/long/path.json", ["/a/long/p", "ath.json"]),
        ("背景は単色。 次", ["背景は単", "色。 次"]),
        ("背景は単。", ["背景は", "単。"]),  # no line begins with a full stop
        ("IMG_2026", ["IMG_202", "6"]),  # capitals are wider
        ("", [""]),
    ],
)
def test_a_line_is_broken_where_its_language_allows(text: str, lines: list[str]) -> None:
    assert text_lines.broken(text, 8) == lines


def test_a_text_has_no_fewer_lines_than_it_is_given_room() -> None:
    assert text_lines.padded("one", 3).split("\n") == ["one\u3000", " \u3000", " \u3000"]
    assert text_lines.padded("背\n景\n物", 2) == "背\n景\n物"


def test_all_lines_have_a_letter_of_the_font_whose_lines_are_higher() -> None:
    assert text_lines.padded("/a.json\n背景", 3) == "/a.json\u3000\n背景\n \u3000"


def test_a_line_of_wide_letters_has_fewer_of_them() -> None:
    sentence = "The preset was saved as /home/WWW/MMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMM.json."
    lines = text_lines.broken(sentence, 32)
    assert "".join(lines).replace(" ", "") == sentence.replace(" ", "")
    assert max(line.count("M") for line in lines) <= 20
    assert max(map(len, text_lines.broken("i" * 80, 32))) > 40


def test_a_name_in_a_list_keeps_both_ends_and_differs_from_the_others() -> None:
    names = ["Streaming: front view", "Streaming: back view", "Scene", "Streaming: front view"]
    short = text_lines.short_entries(names, 16)
    assert len(set(short)) == 4 and short[2] == "Scene"
    for name, made in zip(names, short, strict=True):
        assert made[:4] == name[:4] and len(made) <= 17
    assert short[0].endswith("nt view") and short[1].endswith("ck view")
    assert text_lines.short_entries(["仕事用の背景を使うシーン"], 16) == ["仕事用の…シーン"]


@pytest.mark.parametrize(("locale", "label", "button"), [("en-US", 9, 19), ("ja-JP", 6, 16)])
def test_what_the_scripts_panel_cannot_break_fits_beside_obs_own_buttons(
    locale: str, label: int, button: int
) -> None:
    words = texts.load(locale)
    for key in ("Source", "Scene", "Camera", "PresetSave", "PresetLoad"):
        assert text_lines.width(words[f"Panel.{key}"]) <= label, key
    for key in ("SetUp", "Cancel", "Add", "TakeOff", "OwnScene", "DefaultScene", "Copy", "Save",
                "Load", "Check"):  # fmt: skip
        assert text_lines.width(words[f"Panel.{key}"]) <= button, key


@pytest.mark.parametrize("locale", ["en-US", "ja-JP"])
def test_the_rows_of_each_group_of_the_filters_panel_fit_beside_their_labels(locale: str) -> None:
    words = texts.load(locale)
    for group in {setting.group for setting in SETTINGS}:
        rows = [setting for setting in SETTINGS if setting.group == group]
        # A hint's mark is as wide as three letters, a list's arrow with its margins as six.
        labels = [
            text_lines.width(words[row.text]) + 3 * (f"{row.text}.Hint" in words)
            for row in rows
            if row.kind != "bool"
        ]
        fields = [
            text_lines.width(words[f"{row.text}.{choice}"]) + 6
            for row in rows
            for choice in row.choices
        ]
        boxes = [text_lines.width(words[row.text]) + 6 for row in rows if row.kind == "bool"]
        assert max(labels, default=0) + max(fields + boxes, default=0) <= 68, group


def test_a_long_word_can_be_broken() -> None:
    path = "/" + "x" * 60
    made = texts.breakable(f"Saved as {path}.")
    assert made.replace("\N{ZERO WIDTH SPACE}", "") == f"Saved as {path}."
    assert max(map(len, made.replace("\N{ZERO WIDTH SPACE}", " ").split())) <= 24
    assert texts.breakable("short words 背景背景背景背景背景背景背景背景背景") == (
        "short words 背景背景背景背景背景背景背景背景背景"
    )
