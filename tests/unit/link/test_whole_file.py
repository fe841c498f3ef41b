"""Writing a file whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from vb_link import whole_file


def test_a_folder_that_may_not_be_written_is_an_error_at_once_on_windows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # On Windows os.access() says yes to any folder, and tempfile takes that for a name in use.
    tried = []

    def refuse(path: Any, *options: Any, **more: Any) -> int:
        tried.append(path)
        assert len(tried) < 100, "it tries for ever"
        raise PermissionError(13, "Permission denied", str(path))

    file = tmp_path / "file"
    file.write_bytes(b"old")
    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refuse)
        patch.setattr(os, "name", "nt")
        with pytest.raises(PermissionError):
            whole_file.write(file, b"new")
    assert len(tried) == 1 and file.read_bytes() == b"old"


def test_a_file_that_cannot_take_its_place_is_removed(tmp_path: Path) -> None:
    folder = tmp_path / "file"
    (folder / "inside").mkdir(parents=True)
    with pytest.raises(OSError, match="file"):
        whole_file.write(folder, b"new")
    assert list(tmp_path.iterdir()) == [folder]


def test_bytes_are_written_as_they_are_and_for_the_user_alone(tmp_path: Path) -> None:
    file = tmp_path / "file"
    whole_file.write(file, b"1\n2\r\n\x1a3")
    assert file.read_bytes() == b"1\n2\r\n\x1a3"
    if os.name == "posix":
        assert file.stat().st_mode & 0o777 == 0o600
    whole_file.write(file, b"4")
    assert file.read_bytes() == b"4" and list(tmp_path.iterdir()) == [file]
