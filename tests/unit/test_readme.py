"""What both READMEs say of the settings and the files is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests import readme_settings
from vb_link import limits
from vb_link.settings import SETTINGS
from vb_worker.models import find_models

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


@pytest.mark.parametrize(("name", "_locale"), READMES)
def test_the_table_of_models_has_every_manifest(name: str, _locale: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)`(?: \(.+?\))? \| ([\w.-]+) \| (\d+)x(\d+) \|", text, re.M)
    told = {row[0]: (row[1], int(row[2]), int(row[3])) for row in rows}
    assert told == {
        model.name: (model.licence, model.input.width, model.input.height)
        for model in find_models([ROOT / "models"]).values()
    }


def test_both_readmes_have_the_same_parts() -> None:
    english, japanese = ((ROOT / name).read_text("utf-8") for name, _ in READMES)
    for pattern in (r"^## ", r"^\|", r"^```", r"^!\["):
        assert len(re.findall(pattern, english, re.M)) == len(re.findall(pattern, japanese, re.M))


@pytest.mark.parametrize(
    ("name", "millions"),
    [
        ("README.md", ("100 million", "200 million", "67 million")),
        ("README.ja.md", ("1 億画素", "2 億画素", "6700 万画素")),
    ],
)
def test_the_limits_are_those_that_are_held(name: str, millions: tuple[str, ...]) -> None:
    text = (ROOT / name).read_text("utf-8")
    section = re.split(r"^### (?:Limits|上限)$", text, flags=re.M)[1].split("\n## ")[0]
    numbers = [
        f"{limits.MANIFEST_BYTES // limits.KIB} KiB", f"{limits.PRESET_BYTES // limits.KIB} KiB",
        f"{limits.MODEL_BYTES // limits.MIB} MiB", f"{limits.TENSOR_BYTES // limits.MIB} MiB",
        f"{limits.PICTURE_BYTES // limits.MIB} MiB", f"{limits.WORKER_BYTES // limits.MIB} MiB",
        *(f"{one}" for one in (limits.GRAPH_NODES, *limits.OPSETS, limits.TRIAL_SECONDS,
          limits.OPEN_SECONDS, limits.PICTURE_SECONDS, limits.MODEL_DEATHS,
          limits.DEATHS_SECONDS)),
    ]  # fmt: skip
    for number in numbers:
        assert re.search(rf"(?<!\d){number}(?!\d)", section), number
    pixels = (limits.OBS_PICTURE_PIXELS, limits.PICTURE_PIXELS, limits.VIDEO_PIXELS)
    assert [one // 1_000_000 for one in pixels] == [100, 200, 67]
    for words in millions:
        assert words in section


def test_the_tests_that_the_threat_model_names_are_there() -> None:
    text = (ROOT / "SECURITY.md").read_text("utf-8")
    named = re.findall(r"`((?:unit|obs)/test_\w+\.py)`", text)
    assert len(named) > 5
    for name in named:
        assert (ROOT / "tests" / name).is_file(), name
