"""Every text exists in every language, with the same figures in it."""

from __future__ import annotations

import re
import string
import sys
from pathlib import Path

import pytest

from vb_link import texts
from vb_link.settings import SETTINGS

LANGUAGES = sorted(texts.FOLDER.glob("*.ini"))
SCRIPT = texts.FOLDER.parents[1] / "vb_script"
FILTER = SCRIPT.parent / "vb_filter"


def _fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("path", LANGUAGES, ids=lambda path: path.stem)
def test_a_language_is_complete(path: Path) -> None:
    english, other = texts.read(texts.FOLDER / "en-US.ini"), texts.read(path)
    assert set(other) == set(english)
    for key, text in other.items():
        assert text.strip(), key
        assert _fields(text) == _fields(english[key]), key


@pytest.mark.parametrize("path", LANGUAGES, ids=lambda path: path.stem)
def test_no_line_of_a_language_is_lost(path: Path) -> None:
    lines = [line for line in path.read_text("utf-8").splitlines() if line.strip()]
    assert len(texts.read(path)) == len(lines)


@pytest.mark.parametrize("path", LANGUAGES, ids=lambda path: path.stem)
def test_no_text_speaks_of_how_it_is_made(path: Path) -> None:
    """A streamer reads them. Those of the worker are read by who adds a model, too."""
    inner = re.compile(
        r"\b(workers?|process(es)?|pid|threads?|tensors?|inferences?|segments?|IPC|mask age)\b"
        r"|ワーカー|プロセス(?!ッサ)|スレッド|推論|テンソル|マスク(?!を白黒で)",
        re.IGNORECASE,
    )
    said = {key: text for key, text in texts.read(path).items() if inner.search(text)}
    assert said == {}


@pytest.mark.parametrize("path", LANGUAGES, ids=lambda path: path.stem)
def test_figures_of_how_it_runs_are_under_advanced_alone(path: Path) -> None:
    figures = {"milliseconds", "rate", "age_ms", "age_frames", "delay_frames", "pid", "compute"}
    table = texts.read(path)
    said = {key for key, text in table.items() if _fields(text) & figures}
    shown = {key for key in said if key.startswith(("Status.", "Panel.", "Eased.", "Plate."))}
    assert shown == {"Status.Figures"}


@pytest.mark.parametrize("path", LANGUAGES, ids=lambda path: path.stem)
def test_a_text_names_buttons_and_choices_as_they_are_named(path: Path) -> None:
    """In quotation marks in Japanese, by its first word in English."""
    table = texts.read(path)
    named = {re.sub(r"\W*\{.*", "", text) for text in table.values()}
    obs = {"ツール", "スクリプト", "フィルタ", "エフェクトフィルタ", "ヘルプ", "ログファイル",
           "ソース", "参照", "自動", "輪郭を正確に"}  # fmt: skip
    for key, text in table.items():
        for quoted in re.findall("「([^「」{}]+)」", text):
            assert quoted in named | obs, (key, quoted)
        if path.stem == "en-US":
            for button in re.findall(r"[Pp]ress ((?:[A-Z]\w+ ?)+)", text):
                assert any(text.startswith(button.strip()) for text in named | {"Reload"}), key


@pytest.mark.parametrize(
    ("system", "command"),
    [("win32", "py install.py"), ("darwin", "python3 install.py"), ("linux", "python3 install.py")],
)
@pytest.mark.parametrize("locale", [path.stem for path in LANGUAGES])
def test_install_py_is_named_by_the_command_of_this_system(
    locale: str, system: str, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = (texts.FOLDER / f"{locale}.ini").read_text("utf-8")
    assert not re.search(r"\bpy(thon\S*)? install\.py", lines), "a command of one system alone"
    monkeypatch.setattr(sys, "platform", system)
    table = texts.load(locale)
    named = {key for key, text in table.items() if command in text}
    assert {"Status.NoEnvironment", "Doctor.ProductOld", "Doctor.WorkerSilent"} <= named
    assert not [key for key, text in table.items() if "{installer}" in text]
    both = texts.say(table, "Status.NoEnvironment", detail="x")
    assert command in both and "{" not in both


def test_the_hotkey_that_shows_the_room_says_so() -> None:
    assert "shows the room" in texts.load("en-US")["Hotkey.Toggle"]
    assert "部屋が映ります" in texts.load("ja-JP")["Hotkey.Toggle"]


def test_every_setting_and_choice_has_its_text() -> None:
    table = texts.load("en-US")
    for setting in SETTINGS:
        assert setting.text in table
        assert setting.elsewhere is None or setting.elsewhere.text in table
        for choice in setting.choices:
            assert f"{setting.text}.{choice}" in table
        if setting.group != "main":
            assert f"Group.{setting.group}" in table


def test_every_key_in_the_code_is_in_the_table() -> None:
    table = texts.load("en-US")
    files = [*FILTER.glob("*.lua"), *SCRIPT.glob("*.py")]
    code = "".join(path.read_text("utf-8") for path in files)
    groups = "Status|Error|Panel|Plate|Hotkey|Asset|Request|Preset"
    keys = set(re.findall(rf'"((?:{groups})\.[A-Za-z]+|(?:Scene)?FilterName|ImageFiles)"', code))
    assert len(keys) > 10
    assert keys <= set(table)


def test_every_sentence_of_the_worker_and_the_doctor_is_used_and_there() -> None:
    for room, prefix, call in (("vb_worker", "Worker.", "ModelError"), (".", "Doctor.", "finding")):
        code = "".join(path.read_text("utf-8") for path in (SCRIPT.parent / room).rglob("*.py"))
        keys = set(texts.english(prefix))
        assert set(re.findall(rf'\b{call}\(\s*"([A-Z]\w+)"', code)) <= keys
        assert [key for key in keys if f'"{key}"' not in code] == []


@pytest.mark.parametrize(
    ("locale", "expected"),
    [("ja-JP", "バーチャル背景"), ("ja-XX", "バーチャル背景"), ("xx-YY", "Virtual Background")],
)
def test_the_language_is_chosen_from_obs(locale: str, expected: str) -> None:
    assert texts.load(locale)["FilterName"] == expected
