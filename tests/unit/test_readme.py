"""What both READMEs say of the settings and the files is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from vb_link.settings import SETTINGS, Setting
from vb_script import texts

ROOT = Path(__file__).resolve().parents[2]
READMES = (("README.md", "en-US"), ("README.ja.md", "ja-JP"))


def _row(setting: Setting, table: dict[str, str]) -> str:
    default = setting.default
    if setting.kind == "float":
        assert isinstance(default, float)
        shown = f"{default:g}"
    elif setting.kind == "bool":
        shown = str(default).lower()
    elif setting.kind == "color" or not default:
        shown = str(default)
    else:
        shown = f"`{default}`"
    return f"| {shown} | {table[setting.text]} |"


@pytest.mark.parametrize(("name", "locale"), READMES)
def test_every_setting_stands_with_its_default(name: str, locale: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    rows = {m[1]: m[0] for m in re.finditer(r"^\| `(\w+)` \|.*$", text, re.M)}
    for setting in SETTINGS:
        assert setting.key in rows
        assert rows[setting.key].endswith(_row(setting, texts.load(locale))), setting.key
        for choice in setting.choices:
            assert f"`{choice}`" in rows[setting.key]
        if setting.kind == "float":
            assert f"{setting.minimum:g}" in rows[setting.key]
            assert f"{setting.maximum:g}" in rows[setting.key]


@pytest.mark.parametrize(("name", "_locale"), READMES)
def test_files_that_are_linked_exist(name: str, _locale: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    links = re.findall(r"\]\(([^)#:]+)\)", text)
    assert links
    for link in links:
        assert (ROOT / link).exists(), link


def test_both_readmes_have_the_same_parts() -> None:
    english, japanese = ((ROOT / name).read_text("utf-8") for name, _ in READMES)
    for pattern in (r"^## ", r"^\|", r"^```", r"^!\["):
        assert len(re.findall(pattern, english, re.M)) == len(re.findall(pattern, japanese, re.M))
