"""The recipes of docs/recipes.md, each followed to the letter in a copy of the code."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.shader_faults import faults, skip_without_tools
from tests.shader_variants import variants
from vb_link import isolated

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "recipes.md").read_text("utf-8")
MOST_FILES = 3  # of a recipe, the words aside


def recipe(title: str) -> str:
    """Return what stands under the heading ``title``."""
    return re.split(r"^##+ ", PAGE.split(f"\n## {title}\n", 1)[1], maxsplit=1, flags=re.M)[0]


def changes(title: str) -> dict[str, list[tuple[str, str]]]:
    """Return the recipe's hunks by file, each as (text before, text after)."""
    found: dict[str, list[tuple[str, str]]] = {}
    for block in re.findall(r"^```diff\n(.*?)^```", recipe(title), flags=re.M | re.S):
        for name, hunks in re.findall(r"^\+\+\+ b/(\S+)\n(.*?)(?=^--- |\Z)", block, re.M | re.S):
            for hunk in re.split(r"^@@.*\n", hunks, flags=re.M)[1:]:
                lines = [line for line in hunk.splitlines(keepends=True) if line != "\\n"]
                before = "".join(line[1:] for line in lines if line[0] in " -")
                after = "".join(line[1:] for line in lines if line[0] in " +")
                found.setdefault(name, []).append((before, after))
    assert found, title
    return found


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the code and the models."""
    for name in ("obs_script", "models"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def follow(title: str, copy: Path) -> None:
    """Make the changes of a recipe; each must fit exactly one place."""
    files = changes(title)
    assert len([name for name in files if not name.endswith(".ini")]) <= MOST_FILES
    for name, hunks in files.items():
        path = copy / name
        text = path.read_text("utf-8") if path.exists() else ""
        for before, after in hunks:
            assert text.count(before) == 1 or not text, f"{title}: {name}: {before}"
            text = text.replace(before, after) if text else after
        path.write_text(text, "utf-8")


def asked(copy: Path, code: str) -> Any:
    """Return what a program prints as JSON, run with the copy's packages."""
    (copy / "obs_script" / "recipe_check.py").write_text(code, "utf-8")
    command = isolated.command(sys.executable, copy / "obs_script", "recipe_check")
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=copy)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_a_setting(copy: Path) -> None:
    follow("Add a setting", copy)
    code = """
import json
from vb_link import layout, settings
from vb_link import texts
(row,) = [row for row in settings.SETTINGS if row.key == "calm"]
words = [texts.load(name)[key] for name in ("en-US", "ja-JP") for key in (row.text, "Calm.Hint")]
print(json.dumps([settings.defaults()["calm"], layout.offsets()["vb_channel.calm"] > 0, words]))
"""
    default, travels, words = asked(copy, code)
    assert (default, travels) == (0.5, True)
    assert words[:2] == ["Calm", "How still the edge is held."]
    assert words[2:] == ["落ち着き", "輪郭をどれだけ静かに保つか。"]


def test_a_look(copy: Path) -> None:
    """``tests/obs/test_new_look.py`` draws it."""
    skip_without_tools()
    follow("Add a look", copy)
    found = variants(copy / "obs_script" / "vb_filter")
    new = [variant for variant in found if "#define GREY\n" in variant.text]
    shared = [variant for variant in new if "#define PERSON_OUT\n" in variant.text]
    assert len(shared) == 1 and len(new) > 100
    # Those with no other look, and the step that it shares with others where there are many.
    few = [variant for variant in new if variant.text.split("//")[0].count("#define ") <= 4]
    assert len(few) > 10
    assert faults(few + shared, copy) == []


def test_a_model(copy: Path) -> None:
    follow("Add a model", copy)
    code = """
import json
from vb_worker.models import find_models, open_model
from vb_worker.models import sample_check
from pathlib import Path
model = find_models([Path("models")])["selfie_small"]
print(json.dumps([model.title, sample_check.check(open_model(model), thorough=True)]))
"""
    title, found = asked(copy, code)
    assert title == "Selfie 256, another copy" and found > 0.8


def test_a_model_family(copy: Path) -> None:
    follow("Add a model family", copy)
    code = """
import json
from pathlib import Path
from vb_worker.catalogue.adding import text_of
from vb_worker.models import open_model, sample_check
from vb_worker.models.manifest_reader import parse
path = Path("models/selfie_square.toml")
plain = parse(path, path.read_text("utf-8"))
other = parse(path, path.read_text("utf-8").replace('"probability"', '"inverted"'))
picture, _ = sample_check.sample()
both = open_model(plain)(picture) + open_model(other)(picture)
print(json.dumps([float(abs(both - 1).max()), parse(path, text_of(other)).kind]))
"""
    difference, kind = asked(copy, code)
    assert difference < 1e-5 and kind == "inverted"


def test_a_language(copy: Path) -> None:
    (line,) = re.findall(r"^cp (\S+) (\S+)$", recipe("Add a language"), re.M)
    shutil.copyfile(copy / line[0], copy / line[1])
    path = copy / line[1]
    path.write_text(path.read_text("utf-8").replace('Active="On"', 'Active="Ein"'), "utf-8")
    code = """
import json
from vb_link import texts
print(json.dumps([texts.load(name)["Active"] for name in ("de-DE", "de-AT", "fr-FR")]))
"""
    assert asked(copy, code) == ["Ein", "Ein", "On"]


def test_a_function_of_libobs(copy: Path) -> None:
    follow("Call another function of libobs", copy)
    code = """
import json
from vb_script import libobs, libobs_symbols
print(json.dumps([libobs_symbols.count(), "obs_get_active_fps" in libobs._LIBOBS]))
"""
    after, called = asked(copy, code)
    shutil.copytree(ROOT / "obs_script", copy / "obs_script", dirs_exist_ok=True)
    before, _ = asked(copy, code)
    assert (after, called) == (before + 1, True)
