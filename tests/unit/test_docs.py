"""What the documents say of settings, models, limits and files is so, in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests import settings_table
from vb_link import limits
from vb_link.settings import SETTINGS
from vb_worker.models import find_models

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(path.name for path in (ROOT / "docs" / "ja").glob("*.md"))
PAIRS = (("README.md", "README.ja.md"), *((f"docs/{name}", f"docs/ja/{name}") for name in PAGES))
ALL = sorted(
    str(path.relative_to(ROOT)) for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))
)
MOST_LINES = 130  # of a README


def _read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


@pytest.mark.parametrize(("name", "locale"), settings_table.PAGES)
def test_the_table_of_settings_is_the_settings_table(name: str, locale: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    assert settings_table.renewed(text, locale) == text
    keys = set(re.findall(r"^\| `(\w+)` \|", text, re.M))
    assert {setting.key for setting in SETTINGS} <= keys


@pytest.mark.parametrize("name", ALL)
def test_files_that_are_linked_exist(name: str) -> None:
    for link in re.findall(r"\]\(([^)#:]+)\)", _read(name)):
        assert (ROOT / name).parent.joinpath(link).exists(), link


@pytest.mark.parametrize("name", PAIRS[0])
def test_a_readme_is_short(name: str) -> None:
    text = _read(name)
    assert len(text.splitlines()) <= MOST_LINES
    for command in ("python3 install.py demo", "python3 install.py test"):
        assert command in text


@pytest.mark.parametrize("name", ["docs/models.md", "docs/ja/models.md"])
def test_the_table_of_models_has_every_manifest(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)`(?: \(.+?\))? \| ([\w.-]+) \| (\d+)x(\d+) \|", text, re.M)
    told = {row[0]: (row[1], int(row[2]), int(row[3])) for row in rows}
    assert told == {
        model.name: (model.licence, model.input.width, model.input.height)
        for model in find_models([ROOT / "models"]).values()
    }


@pytest.mark.parametrize(("english", "japanese"), PAIRS)
def test_both_languages_have_the_same_parts(english: str, japanese: str) -> None:
    texts = _read(english), _read(japanese)
    for pattern in (r"^## ", r"^\|", r"^```", r"^!\[", r"^- ", r"^\d\. "):
        counts = [len(re.findall(pattern, text, re.M)) for text in texts]
        assert counts[0] == counts[1], pattern


@pytest.mark.parametrize(
    ("name", "millions"),
    [
        ("docs/limits.md", ("100 million", "200 million", "67 million")),
        ("docs/ja/limits.md", ("1 億画素", "2 億画素", "6700 万画素")),
    ],
)
def test_the_limits_are_those_that_are_held(name: str, millions: tuple[str, ...]) -> None:
    text = (ROOT / name).read_text("utf-8")
    section = text
    numbers = [
        f"{limits.MANIFEST_BYTES // limits.KIB} KiB", f"{limits.PRESET_BYTES // limits.KIB} KiB",
        f"{limits.MODEL_BYTES // limits.MIB} MiB", f"{limits.TENSOR_BYTES // limits.MIB} MiB",
        f"{limits.PICTURE_BYTES // limits.MIB} MiB", f"{limits.WORKER_BYTES // limits.MIB} MiB",
        *(str(most) for most in (limits.GRAPH_NODES, *limits.OPSETS, limits.QUARANTINE_SECONDS,
          limits.OPEN_SECONDS, limits.PICTURE_SECONDS, limits.MODEL_DEATHS,
          limits.DEATHS_SECONDS)),
    ]  # fmt: skip
    for number in numbers:
        assert re.search(rf"(?<!\d){number}(?!\d)", section), number
    pixels = (limits.OBS_PICTURE_PIXELS, limits.PICTURE_PIXELS, limits.VIDEO_PIXELS)
    assert [pixel // 1_000_000 for pixel in pixels] == [100, 200, 67]
    for words in millions:
        assert words in section


def test_the_tests_that_the_threat_model_names_are_there() -> None:
    text = (ROOT / "SECURITY.md").read_text("utf-8")
    named = re.findall(r"`((?:unit|obs)/test_\w+\.py)`", text)
    assert len(named) > 5
    for name in named:
        assert (ROOT / "tests" / name).is_file(), name
