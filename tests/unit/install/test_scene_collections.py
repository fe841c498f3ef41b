"""The script in OBS's scene collections: in, out, safely."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.unit.install_fakes import SCENES, add_scenes, snapshot
from vb_install import files, scene_collections
from vb_install.system import InstallError

SCRIPT = Path("/home/a b/app/obs_script/virtual_background.py")


def register(scenes: Path, backups: Path, script: Path = SCRIPT) -> Path | None:
    plan = scene_collections.plan_registration(scenes, script)
    return scene_collections.apply(plan, backups)


@pytest.mark.parametrize("name", SCENES)
def test_adds_our_entry_and_nothing_else(tmp_path: Path, name: str) -> None:
    scenes = add_scenes(tmp_path, {name: SCENES[name]})
    before = json.loads(SCENES[name])
    register(scenes, tmp_path / "backups")
    after = json.loads((scenes / f"{name}.json").read_bytes())
    ours = after["modules"]["scripts-tool"].pop()
    assert ours == {"path": SCRIPT.as_posix(), "settings": {}}
    before.setdefault("modules", {}).setdefault("scripts-tool", [])
    assert after == before
    assert list(after)[: len(json.loads(SCENES[name]))] == list(json.loads(SCENES[name]))


def test_keeps_the_manner_of_writing(tmp_path: Path) -> None:
    scenes = add_scenes(tmp_path)
    register(scenes, tmp_path / "backups")
    pretty = (scenes / "Pretty.json").read_bytes().decode()
    assert pretty.startswith('{\n    "name": "Szene \u5c71",\n') and pretty.endswith("}\n")
    compact = (scenes / "Untitled.json").read_bytes()
    assert b": " not in compact and b"\n" not in compact and b'"gain":0.1' in compact


def test_the_backup_is_the_original(tmp_path: Path) -> None:
    scenes = add_scenes(tmp_path)
    original = snapshot(scenes)
    backup = register(scenes, tmp_path / "backups")
    assert backup is not None and snapshot(backup) == original


@pytest.mark.parametrize("system", ["linux", "windows"])
def test_nothing_changes_without_a_backup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, system: str
) -> None:
    scenes = add_scenes(tmp_path)
    original = snapshot(scenes)
    backups = tmp_path / "backups"
    backups.write_text("a file where the folder should be")
    made = Path.mkdir

    def as_windows_says(path: Path, *arguments: Any, **options: Any) -> None:
        if backups in path.parents:
            raise FileExistsError(17, "File exists", str(path))
        made(path, *arguments, **options)

    if system == "windows":  # it names what is above, for ever
        monkeypatch.setattr(Path, "mkdir", as_windows_says)
    with pytest.raises(InstallError, match="a file is where a folder has to be"):
        register(scenes, tmp_path / "backups")
    assert snapshot(scenes) == original


def test_registering_again_changes_nothing(tmp_path: Path) -> None:
    scenes = add_scenes(tmp_path)
    register(scenes, tmp_path / "backups")
    once = snapshot(tmp_path)
    assert register(scenes, tmp_path / "backups") is None
    assert snapshot(tmp_path) == once


def test_another_path_of_ours_is_replaced_and_keeps_its_settings(tmp_path: Path) -> None:
    entries = [
        {"path": "C:\\old\\virtual_background.py", "settings": {"language": "ja"}},
        {"path": "/other/clock.py", "settings": {}},
        {"path": "/older/virtual_background.py", "settings": {}},
    ]
    content = json.dumps({"modules": {"scripts-tool": entries}}).encode()
    scenes = add_scenes(tmp_path, {"A": content})
    register(scenes, tmp_path / "backups")
    assert json.loads((scenes / "A.json").read_bytes())["modules"]["scripts-tool"] == [
        {"path": SCRIPT.as_posix(), "settings": {"language": "ja"}},
        {"path": "/other/clock.py", "settings": {}},
    ]


def test_removal_gives_the_very_bytes_back(tmp_path: Path) -> None:
    scenes = add_scenes(tmp_path)
    original = snapshot(scenes)
    register(scenes, tmp_path / "backups")
    assert snapshot(scenes) != original
    plan = scene_collections.plan_removal(scenes, tmp_path / "backups")
    scene_collections.apply(plan, tmp_path / "backups")
    assert snapshot(scenes) == original
    assert not scene_collections.plan_removal(scenes, tmp_path / "backups").changes


def test_removal_keeps_what_the_user_did_since(tmp_path: Path) -> None:
    scenes = add_scenes(tmp_path, {"Untitled": SCENES["Untitled"]})
    register(scenes, tmp_path / "backups")
    path = scenes / "Untitled.json"
    data = json.loads(path.read_bytes())
    data["sources"] = [{"name": "Camera"}]
    data["modules"]["scripts-tool"][1]["settings"] = {"a": 1}
    path.write_text(json.dumps(data))
    plan = scene_collections.plan_removal(scenes, tmp_path / "backups")
    scene_collections.apply(plan, tmp_path / "backups")
    expected = {**json.loads(SCENES["Untitled"]), "sources": [{"name": "Camera"}]}
    assert json.loads(path.read_bytes()) == expected


@pytest.mark.parametrize(
    ("code", "sentence"), [(errno.ENOSPC, "is full"), (errno.EACCES, "may not be changed")]
)
def test_a_failed_write_leaves_the_original_and_no_litter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, sentence: str
) -> None:
    scenes = add_scenes(tmp_path / "config")
    original = snapshot(scenes)
    plan = scene_collections.plan_registration(scenes, SCRIPT)
    replace = os.replace

    def fail(source: Path, target: Path) -> None:
        if Path(target).parent == scenes:
            raise OSError(code, os.strerror(code), str(target))
        replace(source, target)

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(InstallError, match=sentence):
        scene_collections.apply(plan, tmp_path / "backups")
    assert snapshot(scenes) == original


def test_a_collection_that_changed_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    scenes = add_scenes(tmp_path, {"A": SCENES["Bare"]})
    plan = scene_collections.plan_registration(scenes, SCRIPT)
    (scenes / "A.json").write_bytes(SCENES["Untitled"])
    with pytest.raises(InstallError, match="changed meanwhile"):
        scene_collections.apply(plan, tmp_path / "backups")
    assert (scenes / "A.json").read_bytes() == SCENES["Untitled"]


def test_a_collection_or_backup_that_vanished_meanwhile_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenes = add_scenes(tmp_path, {"A": SCENES["Bare"]})
    plan = scene_collections.plan_registration(scenes, SCRIPT)
    (scenes / "A.json").unlink()
    with pytest.raises(InstallError, match=r"A\.json changed meanwhile"):
        scene_collections.apply(plan, tmp_path / "backups")
    monkeypatch.setattr(files, "write_atomically", lambda path, data: None)
    with pytest.raises(InstallError, match="check the disk"):
        scene_collections.apply(plan, tmp_path / "backups")


@pytest.mark.parametrize("indent", [None, 4])
def test_half_a_character_stays_as_it_was_written(tmp_path: Path, indent: int | None) -> None:
    content = json.dumps({"name": "\ud83d \u5c71 \\\udc00", "sources": []}, indent=indent)
    scenes = add_scenes(tmp_path, {"A": content.encode()})
    register(scenes, tmp_path / "backups")
    written = (scenes / "A.json").read_bytes()
    assert scene_collections.is_registered(written, SCRIPT)
    assert json.loads(written)["name"] == json.loads(content)["name"]


@pytest.mark.posix("paths of Windows are text")
def test_a_path_that_is_no_text_is_refused(tmp_path: Path) -> None:
    scenes = add_scenes(tmp_path)
    script = Path("/home/caf\udce9/virtual_background.py")
    with pytest.raises(InstallError, match="cannot hold the path '/home/caf"):
        scene_collections.plan_registration(scenes, script)


@pytest.mark.parametrize("backup", [b"{", None])
def test_a_broken_backup_does_not_keep_the_script_in(tmp_path: Path, backup: bytes | None) -> None:
    scenes = add_scenes(tmp_path, {"Bare": SCENES["Bare"]})
    folder = register(scenes, tmp_path / "backups")
    assert folder is not None
    if backup is not None:
        (folder / "Bare.json").write_bytes(backup)
    else:
        (folder / "Bare.json").unlink()
        (folder / "Bare.json").mkdir()
    plan = scene_collections.plan_removal(scenes, tmp_path / "backups")
    scene_collections.apply(plan, tmp_path / "backups")
    assert not plan.skipped
    assert SCRIPT.name.encode() not in (scenes / "Bare.json").read_bytes()


def test_what_cannot_be_taken_out_is_told(tmp_path: Path) -> None:
    scenes = add_scenes(tmp_path, {"Broken": b"{"})
    plan = scene_collections.plan_removal(scenes, tmp_path / "backups")
    assert len(plan.skipped) == 1 and "remove it in Tools > Scripts" in plan.skipped[0]


@pytest.mark.parametrize(
    "content",
    [b"{", b"\xff\xfe{}", b"[]", b'{"modules":[]}', b'{"modules":{"scripts-tool":{}}}'],
)
def test_what_is_not_a_collection_is_skipped_with_a_sentence(
    tmp_path: Path, content: bytes
) -> None:
    scenes = add_scenes(tmp_path, {"Broken": content, "Bare": SCENES["Bare"]})
    plan = scene_collections.plan_registration(scenes, SCRIPT)
    assert [change.path.name for change in plan.changes] == ["Bare.json"]
    assert len(plan.skipped) == 1 and "stays as it is" in plan.skipped[0]
    scene_collections.apply(plan, tmp_path / "backups")
    assert (scenes / "Broken.json").read_bytes() == content


def test_backups_of_obs_are_left_alone(tmp_path: Path) -> None:
    scenes = add_scenes(tmp_path)
    (scenes / "Untitled.json.bak").write_bytes(SCENES["Untitled"])
    register(scenes, tmp_path / "backups")
    assert (scenes / "Untitled.json.bak").read_bytes() == SCENES["Untitled"]


@pytest.mark.posix("Windows lets few users make links")
def test_keeps_permissions_and_follows_a_link(tmp_path: Path) -> None:
    scenes = add_scenes(tmp_path, {})
    real = tmp_path / "synchronised.json"
    real.write_bytes(SCENES["Bare"])
    real.chmod(0o600)
    (scenes / "A.json").symlink_to(real)
    register(scenes, tmp_path / "backups")
    assert (scenes / "A.json").is_symlink()
    assert scene_collections.is_registered(real.read_bytes(), SCRIPT)
    assert real.stat().st_mode & 0o777 == 0o600
