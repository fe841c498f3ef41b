"""ONNX files that mean harm are refused with a sentence, before or while they are tried."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from tests import hostile_models
from vb_link import folders, limits
from vb_worker.catalogue import quarantine
from vb_worker.models import ManifestError, ModelError, open_model
from vb_worker.models.manifest_reader import load, parse
from vb_worker.runtime import onnx_check
from vb_worker.units import results


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's models' folder: the quarantine can read no other."""
    monkeypatch.setenv(folders.DATA_VARIABLE, str(tmp_path))
    folder = folders.user_models_dir()
    folder.mkdir()
    return folder


@pytest.mark.parametrize("name", hostile_models.REFUSED)
def test_what_reaches_out_or_is_too_much_is_not_handed_to_onnxruntime(
    name: str, tmp_path: Path
) -> None:
    make, key = hostile_models.REFUSED[name]
    path = hostile_models.put(tmp_path, "bad", make())
    with pytest.raises(ModelError) as caught:
        open_model(load(path))
    assert caught.value.key == key
    assert "\n" not in str(caught.value) and str(tmp_path) in str(caught.value)


def test_what_ships_and_what_is_harmless_is_let_through(tmp_path: Path) -> None:
    for path in folders.models_dir().glob("*.onnx"):
        onnx_check.check(path.read_bytes(), path)
    onnx_check.check(hostile_models.harmless(), tmp_path)


def test_a_file_that_is_too_large_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = hostile_models.put(tmp_path, "large", hostile_models.harmless())
    monkeypatch.setattr(limits, "MODEL_BYTES", 20)
    with pytest.raises(ModelError) as caught:
        open_model(load(path))
    assert caught.value.key == "ModelTooLarge"


def test_a_file_is_checked_each_time_it_is_opened(tmp_path: Path) -> None:
    path = hostile_models.put(tmp_path, "mine", hostile_models.harmless())
    open_model(load(path))
    changed = bytearray(hostile_models.harmless())
    changed[-1] ^= 1
    (tmp_path / "mine.onnx").write_bytes(changed)
    with pytest.raises(ModelError) as caught:
        open_model(load(path))
    assert caught.value.key == "FileChanged"


def test_the_quarantine_ends_in_time_whatever_the_model_does(own: Path) -> None:
    path = hostile_models.put(own, "endless", hostile_models.endless_loop())
    problem = quarantine.Attempt(path, seconds=2).result()
    assert problem is not None and problem.key == "ModelTooSlow"
    assert problem.arguments == {"path": str(path), "seconds": "2"}


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("huge_when_run", "FailedOnPicture"),
        ("short_tensor", "CannotLoad"),
        ("harmless", "WrongManifest"),
    ],
)
def test_the_quarantine_says_what_is_wrong(own: Path, name: str, key: str) -> None:
    path = hostile_models.put(own, name, getattr(hostile_models, name)())
    problem = quarantine.Attempt(path).result()
    assert problem is not None
    assert problem.key == key


def test_a_file_is_run_apart_before_the_command_adds_it(tmp_path: Path) -> None:
    path = tmp_path / "any.onnx"
    path.write_bytes(hostile_models.harmless())
    quarantine.check_file(path)
    path.write_bytes(hostile_models.endless_loop())
    with pytest.raises(ModelError) as caught:
        quarantine.check_file(path, seconds=2)
    assert caught.value.key == "ModelTooSlow"


def test_a_companion_that_was_not_tried_is_not_opened(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile_models.put(own, "second", hostile_models.harmless())
    path = hostile_models.put(own, "first", hostile_models.harmless())
    with path.open("a", encoding="utf-8") as text:
        text.write('companion = "second"\n')
    results.note_tried(quarantine.key_of(load(path)))
    quarantine.Quarantine().allow(load(path))
    hostile_models.put(own, "second", hostile_models.endless_loop())
    # However sure it is of the first: the second is opened with it.
    for sure in (False, True):
        if sure:
            monkeypatch.setattr(
                quarantine, "needs_quarantine", lambda model: model.name == "second"
            )
        tried = quarantine.Quarantine()
        with pytest.raises(ModelError) as caught:
            tried.allow(load(path))
        assert caught.value.key == "BeingTried"
        tried.close()


def test_only_files_that_this_version_does_not_name_are_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(folders.DATA_VARIABLE, str(tmp_path))
    shipped = load(folders.models_dir() / "selfie_square.toml")
    assert not quarantine.needs_quarantine(shipped)
    assert not quarantine.needs_quarantine(load(folders.models_dir() / "grabcut.toml"))
    assert quarantine.needs_quarantine(dataclasses.replace(shipped, sha256=""))
    assert quarantine.needs_quarantine(
        dataclasses.replace(shipped, path=folders.user_models_dir() / "selfie_square.toml")
    )


SELFIE = (folders.models_dir() / "selfie_square.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", hostile_models.PACKAGES)
def test_a_manifest_can_name_a_package_of_the_registry_and_nothing_else(name: str) -> None:
    text = hostile_models.with_source(SELFIE, hostile_models.package_source(name))
    with pytest.raises(ManifestError, match=r'"source\.(package|version)"'):
        parse(Path("m.toml"), text)


@pytest.mark.parametrize("address", hostile_models.ADDRESSES)
def test_a_manifest_can_name_a_file_of_the_web_and_no_other(address: str) -> None:
    with pytest.raises(ManifestError, match=r'"source\.url"'):
        parse(Path("m.toml"), hostile_models.with_source(SELFIE, f'url = "{address}"'))
