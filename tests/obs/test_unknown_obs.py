"""An OBS that does not match the Lua half's declarations is refused, with a message and no room."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.obs.stage import CAMERA, FILTER, SECRET, Stage, person, wait_for
from vb_demo.errors import ObsError
from vb_demo.obs_session import SCRIPT
from vb_link.settings import FILTER_ID

StartObs = Callable[..., Any]


@pytest.fixture
def product(tmp_path: Path) -> Path:
    """A copy of the product to modify; returns its script."""
    packages = tmp_path / "product" / "obs_script"
    shutil.copytree(SCRIPT.parent, packages, ignore=shutil.ignore_patterns("__pycache__"))
    packages.with_name("models").symlink_to(SCRIPT.parent.parent / "models")
    return packages / SCRIPT.name


def _change(script: Path, old: str, new: str) -> None:
    file = script.parent / "vb_filter" / "libobs.lua"
    text = file.read_text("utf-8")
    assert text.count(old) == 1
    file.write_text(text.replace(old, new), "utf-8")


def _logged(stage: Stage, text: str) -> None:
    wait_for(lambda: text in stage.obs.log(), 5, f"{text} in the log")


@pytest.mark.versions
def test_a_function_that_libobs_lacks_is_named_and_nothing_is_registered(
    start_obs: StartObs, product: Path
) -> None:
    known = "void obs_enter_graphics(void);\n"
    _change(product, known, known + "void obs_of_a_future(int when);\n")
    with start_obs(scripts=((product, {}),)) as stage:
        sentence = "libobs has no obs_of_a_future: update"
        stage.expected.append(sentence)
        _logged(stage, sentence)
        stage.picture(CAMERA, person(room=SECRET)[0])
        with pytest.raises(ObsError):
            stage.obs.add_filter(CAMERA, FILTER, FILTER_ID)


@pytest.mark.versions
def test_a_source_that_is_laid_out_otherwise_is_not_written_to_and_stays_hidden(
    start_obs: StartObs, product: Path
) -> None:
    known = "\tconst char *unversioned_id;\n"
    _change(product, known, "\tvoid *invented;\n" + known)
    with start_obs(scripts=((product, {}),)) as stage:
        sentence = "have a layout that is not known"
        stage.expected.append(sentence)
        stage.picture(CAMERA, person(room=SECRET)[0])
        stage.add_filter(background="transparent", cover="camera")
        _logged(stage, sentence)
        stage.wait_frames(10)
        assert (stage.shot(CAMERA, (1280, 720))[..., 3] == 0).all()


@pytest.mark.parametrize(
    ("effect", "settings"), [("shrink", {}), ("composite", {}), ("matte", {"grow": -5.0})]
)
def test_a_shader_that_the_driver_refuses_is_named_and_no_room_is_shown(
    start_obs: StartObs, product: Path, effect: str, settings: dict[str, Any]
) -> None:
    file = product.parent / "vb_filter" / f"{effect}.effect"
    file.write_text(file.read_text("utf-8") + "\nno effect {\n", "utf-8")
    with start_obs(scripts=((product, {}),)) as stage:
        sentence = f"The effect {effect} does not compile on this graphics driver"
        stage.expected.append(sentence)
        stage.picture(CAMERA, person(room=SECRET)[0])
        stage.add_filter(background="color", cover="color", **settings)
        _logged(stage, sentence)
        stage.wait_frames(10)
        assert (stage.shot(CAMERA, (1280, 720))[..., 3] == 0).all()
        logged = [line for line in stage.obs.log().splitlines() if line[:2].isdigit()]
        assert sum(sentence in line for line in logged) == 1  # and not with every frame
