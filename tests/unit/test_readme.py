"""What both READMEs say of the settings and the files is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests import readme_settings
from vb_link.settings import SETTINGS

ROOT = Path(__file__).resolve().parents[2]
READMES = (("README.md", "en-US"), ("README.ja.md", "ja-JP"))


@pytest.mark.parametrize(("name", "locale"), READMES)
def test_the_table_of_settings_is_the_settings_table(name: str, locale: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    assert readme_settings.renewed(text, locale) == text
    keys = set(re.findall(r"^\| `(\w+)` \|", text, re.M))
    assert {setting.key for setting in SETTINGS} <= keys


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
