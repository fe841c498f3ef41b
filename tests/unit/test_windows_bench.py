"""The Windows bench's own judgements; the bench itself is run by hand (tests/windows)."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from tests.windows import macos, packages, scenes
from tests.windows.wine import BenchError


def test_a_file_with_another_hash_is_refused_and_deleted(tmp_path: Path) -> None:
    package = packages.Package("npm", "p", "1", "p-1.tgz", hashlib.sha256(b"good").hexdigest())
    path = tmp_path / package.file
    path.write_bytes(b"good")
    assert packages.fetch(package, tmp_path) == path
    path.write_bytes(b"evil")
    with pytest.raises(BenchError, match=r"p-1\.tgz is not the file that was recorded"):
        packages.fetch(package, tmp_path)
    assert not path.exists()


def test_a_package_that_cannot_be_fetched_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = packages.Package("npm", "p", "1", "p-1.tgz", "0")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BenchError, match="npm is missing"):
        packages.fetch(package, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_rim_is_no_difference_and_a_patch_is_one() -> None:
    picture, _ = scenes.camera()
    rim, patch = picture.copy(), picture.copy()
    rim[100:102] ^= 0x40
    patch[100:103, 100:103] ^= 0x40
    assert scenes.differing(picture, picture) == 0
    assert scenes.differing(rim, picture) == 0
    assert scenes.differing(patch, picture) == 1


def test_the_secret_room_is_told_from_what_hides_it() -> None:
    picture, alpha = scenes.camera()
    assert scenes.room_pixels(picture) > 100_000
    hidden = np.where(alpha[..., None] > 0, picture, scenes.background()).astype(np.uint8)
    assert scenes.room_pixels(hidden) == 0


def test_looks_cover_every_background_and_output() -> None:
    for background in scenes.BACKGROUNDS:
        names = [look.name for look in scenes.looks(background, "file")]
        assert len(names) == len(set(names))
        for output in scenes.OUTPUTS:
            for look in ("none", "none-locked", "all", "all-locked"):
                assert f"{background}-{output}-{look}" in names


def test_a_function_that_macos_lacks_is_named(tmp_path: Path) -> None:
    (tmp_path / "libobs").write_bytes(b"\0_obs_data_create\0")
    told: list[tuple[bool, str]] = []
    macos.check(tmp_path, lambda good, text: told.append((good, text)))
    assert not told[0][0]
    assert "obs_data_release" in told[0][1]
    assert "obs_data_create," not in told[0][1]
