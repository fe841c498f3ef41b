"""Folders as Windows' users have them: with spaces, foreign letters, long, elsewhere, locked."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

import pytest

from tests.unit.install_fakes import FakeSystem, add_scenes, snapshot
from vb_install import cli, data_folder, files, product, scene_collections
from vb_install.system import Finished, InstallError
from vb_link import folders, whole_file

CLOUD_OFF = OSError(errno.EINVAL, "The cloud file provider is not running")


@pytest.fixture(autouse=True)
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A product that is quick to copy."""
    source = tmp_path / "OneDrive - Büro" / "デスクトップ" / "obs-virtual-background"
    for name in ("install.py", "LICENSE", "models/m.toml", "obs_script/virtual_background.py"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(name)
    monkeypatch.setattr(product, "SOURCE", source)
    return source


def _windows(tmp_path: Path, user: str) -> FakeSystem:
    """A Windows whose user has this name, with OBS and its scenes; data may be elsewhere."""
    system = FakeSystem(tmp_path, "win32")
    system.home = tmp_path / "Users" / user
    roaming = system.home / "AppData" / "Roaming"
    program_files = tmp_path / "Program Files"
    (program_files / "obs-studio" / "bin" / "64bit").mkdir(parents=True)
    (program_files / "obs-studio" / "bin" / "64bit" / "obs64.exe").touch()
    system.environment = {"APPDATA": str(roaming), "ProgramFiles": str(program_files)}
    system.data = system.home / "AppData" / "Local" / folders.APP
    system.answers["tasklist",] = Finished(0, "")
    add_scenes(roaming / "obs-studio")
    return system


@pytest.mark.parametrize("user", ["plain", "First Last", "ユーザー 名", "O'Brien & Söhne 100%"])
def test_any_user_s_name_does(
    user: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    system = _windows(tmp_path, user)
    scenes = system.home / "AppData" / "Roaming" / "obs-studio" / "basic" / "scenes"
    before = snapshot(scenes)
    assert cli.main(["--yes"], system) == 0, capsys.readouterr()
    script = system.data / "app" / "obs_script" / "virtual_background.py"
    assert script.is_file()
    for path in scenes.glob("*.json"):
        assert scene_collections.is_registered(path.read_bytes(), script)
    assert cli.main(["--uninstall", "--yes"], system) == 0, capsys.readouterr()
    assert snapshot(scenes) == before and not (system.data / "app").exists()


def test_data_on_another_drive_than_the_user_and_the_product(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    system = _windows(tmp_path, "plain")
    system.data = tmp_path / "E" / "OBS data"
    system.environment = {**system.environment, folders.DATA_VARIABLE: str(system.data)}
    assert cli.main(["--yes"], system) == 0, capsys.readouterr()
    assert (system.data / "app" / "install.py").is_file()
    assert cli.main(["--uninstall", "--yes"], system) == 0, capsys.readouterr()
    left = [path.name for path in system.data.iterdir()]
    assert sorted(left) == ["backups", data_folder.MARK]


def test_a_path_too_long_is_said_before_anything_is_done(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    system = _windows(tmp_path, "plain")
    system.long_paths = False
    system.data = tmp_path.joinpath(*["long folder"] * 12, folders.APP)
    before = snapshot(tmp_path)
    assert cli.main(["--yes"], system) == 1
    error = capsys.readouterr().err
    assert "is too long for Windows" in error and len(error.strip().splitlines()) == 1
    assert snapshot(tmp_path) == before


def test_a_product_that_onedrive_keeps_elsewhere_is_named_and_nothing_is_half_made(
    checkout: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    system = _windows(tmp_path, "plain")
    read = Path.read_bytes

    def online_only(path: Path) -> bytes:
        if path.name == "m.toml" and checkout in path.parents:
            raise CLOUD_OFF
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", online_only)
    assert cli.main(["--yes"], system) == 1
    error = capsys.readouterr().err
    assert "m.toml cannot be read (The cloud file provider is not running)" in error
    assert len(error.strip().splitlines()) == 1
    assert not list(system.data.glob("app*"))


@pytest.mark.parametrize("what", ["data", "scenes"])
def test_a_folder_that_may_not_be_written_is_named_and_nothing_is_half_made(
    what: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    system = _windows(tmp_path, "plain")
    scenes = system.home / "AppData" / "Roaming" / "obs-studio" / "basic" / "scenes"
    locked = system.data.parent if what == "data" else scenes
    before = snapshot(scenes)
    make, write = Path.mkdir, whole_file.write

    def refuse(path: Path) -> None:
        if locked in (path, *path.parents):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))

    def mkdir(path: Path, *words: object, **options: object) -> None:
        refuse(path)
        make(path, *words, **options)  # type: ignore[arg-type]

    def write_whole(path: Path, body: bytes) -> None:
        refuse(path)
        write(path, body)

    monkeypatch.setattr(Path, "mkdir", mkdir)
    monkeypatch.setattr(whole_file, "write", write_whole)
    assert cli.main(["--yes"], system) == 1
    told = capsys.readouterr()
    assert "may not be changed (Permission denied): give your user the right" in told.err
    assert "Traceback" not in told.err and snapshot(scenes) == before


@pytest.mark.parametrize("number", [32, 33])
def test_a_file_that_obs_has_open_is_no_lack_of_rights(number: int) -> None:
    error = PermissionError(errno.EACCES, "it is being used by another process")
    error.winerror = number  # type: ignore[attr-defined,unused-ignore]
    assert "in use by another program: close OBS" in str(files.explain(error, Path("app")))


def test_what_is_copied_no_longer_says_that_it_came_from_the_internet(
    checkout: Path, tmp_path: Path
) -> None:
    source = checkout / "obs_script" / "virtual_background.py"
    if sys.platform == "win32":
        Path(f"{source}:Zone.Identifier").write_text("[ZoneTransfer]\nZoneId=3\n")
        if len(list(source.parent.iterdir())) > 1:
            pytest.skip("Not under Wine: it makes another file of a stream")
        there = Path(f"{tmp_path / 'app' / 'obs_script' / source.name}:Zone.Identifier")
        assert product.copy(tmp_path / "app") and not there.exists()
        return
    try:
        os.setxattr(source, "user.xdg.origin.url", b"https://example.org/a.zip")
    except (AttributeError, OSError):
        pytest.skip("this file system has no extended attributes")
    source.chmod(0o755)
    assert product.copy(tmp_path / "app")
    copied = tmp_path / "app" / "obs_script" / source.name
    assert os.listxattr(copied) == []
    assert copied.stat().st_mode & 0o777 == 0o755


def test_an_installed_product_that_cannot_be_read_is_copied_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = tmp_path / "app"
    assert product.copy(app) and not product.copy(app)
    read = Path.read_bytes

    def broken(path: Path) -> bytes:
        if app in path.parents:
            raise OSError(errno.EIO, "Input/output error")
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", broken)
    assert product.copy(app)


def test_an_unreadable_product_is_an_install_error(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "read_bytes", lambda _path: (_ for _ in ()).throw(CLOUD_OFF))
    with pytest.raises(InstallError, match="cannot be read"):
        product.copy(checkout.parent / "app")
    assert not list(checkout.parent.glob("app*"))
