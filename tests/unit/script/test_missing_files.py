"""Files and models that filters name and this computer lacks: listed, and found in a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.fake_obspython import World
from tests.unit.script.filters import camera_filter
from tests.unit.script.requests import refused, run
from vb_link import folders, texts
from vb_link.settings import SCENE_FILTER_ID
from vb_script import missing_files

ENGLISH = texts.load("en-US")
WINDOWS = r"C:\Users\Ann\Pictures\office\wall.jpg"


@pytest.fixture(autouse=True)
def own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(folders.DATA_VARIABLE, str(tmp_path / "data"))


@pytest.fixture
def torn(world: World, tmp_path: Path) -> World:
    """A collection from another computer: files of a camera's filter and of a scene's are gone."""
    there = tmp_path / "there.png"
    there.touch()
    world.inputs[0].filters[0].settings = {
        "background_image": WINDOWS, "cover_image": str(there), "model": "mine",
        "zone_picture": "/home/ann/zones.png",
    }  # fmt: skip
    world.scenes[1].filters.append(
        camera_filter(SCENE_FILTER_ID, background_video="/home/ann/beach/Clip.MP4")
    )
    world.inputs[1].filters[1].settings = {"background_image": WINDOWS}
    return world


def _put(path: Path, text: str = "x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


@pytest.mark.usefixtures("torn")
def test_all_that_is_missing_is_listed_in_one_place_with_who_names_it() -> None:
    said = missing_files.lines(ENGLISH, missing_files.found()).split("\n")
    assert sorted(said) == [
        "Clip.MP4 (Beach)", "the model mine (Camera)", "wall.jpg (Camera, Second)",
        "zones.png (Camera)",
    ]  # fmt: skip


@pytest.mark.usefixtures("world")
def test_where_nothing_is_missing_nothing_is_said(tmp_path: Path) -> None:
    assert missing_files.found() == [] and refused("mend_files", tmp_path) == "Missing.Nothing"


def test_one_folder_mends_all_that_lie_in_it(torn: World, tmp_path: Path) -> None:
    folder = tmp_path / "from the old computer"
    _put(folder / "a" / "wall.jpg")
    best = _put(folder / "b" / "Office" / "WALL.JPG")
    _put(folder / "c" / "wall.jpg")
    clip = _put(folder / "clip.mp4")
    said = run("mend_files", folder)
    assert "3" in said and "missing: 2" in said
    camera, second = torn.inputs[0].filters[0], torn.inputs[1].filters[1]
    assert camera.settings["background_image"] == best.as_posix()
    assert second.settings["background_image"] == best.as_posix()
    assert torn.scenes[1].filters[0].settings["background_video"] == clip.as_posix()
    assert camera.settings["zone_picture"] == "/home/ann/zones.png"
    assert refused("mend_files", folder) == "Missing.NotThere"


@pytest.mark.usefixtures("torn")
def test_a_model_is_copied_to_the_users_models_with_its_file(tmp_path: Path) -> None:
    folder = tmp_path / "models of mine"
    manifest = 'name = "mine"\ntitle = "Mine"\nfile = "mine.onnx"\n[output]\nkind = "alpha"\n'
    _put(folder / "mine.toml", manifest)
    assert refused("mend_files", folder) == "Missing.NotThere", "its file is not there"
    _put(folder / "mine.onnx", "weights")
    run("mend_files", folder)
    assert (folders.user_models_dir() / "mine.onnx").read_text("utf-8") == "weights"
    assert "the model" not in missing_files.lines(ENGLISH, missing_files.found())


@pytest.mark.usefixtures("torn")
def test_a_manifest_takes_no_file_from_elsewhere(tmp_path: Path) -> None:
    folder = tmp_path / "models of mine"
    _put(tmp_path / "secret.onnx")
    _put(folder / "mine.toml", 'name = "mine"\nfile = "../secret.onnx"\n')
    assert refused("mend_files", folder) == "Missing.NotThere"
    assert not (folders.user_models_dir() / "secret.onnx").exists()


@pytest.mark.usefixtures("torn")
def test_a_folder_that_cannot_be_looked_through_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert refused("mend_files", tmp_path / "gone") == "Missing.NoFolder"
    _put(tmp_path / "many" / "1.txt")
    monkeypatch.setattr(missing_files, "MOST_FILES", 0)
    assert refused("mend_files", tmp_path / "many") == "Missing.TooMany"
