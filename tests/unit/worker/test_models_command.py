"""``models install`` and ``models add``: whole or not at all, and in plain words."""

from __future__ import annotations

import io
import random
import shutil
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.unit.worker.model_files import PACKAGE, SHIPPED, SUM, WEIGHTS, far_model
from vb_link import limits
from vb_worker import cli
from vb_worker.catalogue import fetching, packages
from vb_worker.errors import UserError
from vb_worker.models import find_models, open_model


class _Server(ThreadingHTTPServer):
    """Serves one file; ``cut`` ends the first answers after so many bytes."""

    cut: int = 0
    cuts_left: int = 0
    ranges: list[str | None]
    body: bytes = WEIGHTS


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        server = self.server
        assert isinstance(server, _Server)
        wanted = self.headers.get("Range")
        server.ranges.append(wanted)
        start = int(wanted.split("=")[1].rstrip("-")) if wanted else 0
        if start >= len(server.body):
            self.send_error(416)
            return
        body = server.body[start:]
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if server.cuts_left:
            server.cuts_left -= 1
            body = body[: server.cut]
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[_Server]:
    made = _Server(("127.0.0.1", 0), _Handler)
    made.ranges = []
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()
    thread.join()


def _url(server: _Server) -> str:
    return f"http://127.0.0.1:{server.server_port}/selfie.onnx"


def test_a_model_is_fetched_from_its_address(
    data: Path, server: _Server, capsys: pytest.CaptureFixture[str]
) -> None:
    far_model(data, f'url = "{_url(server)}"\nsha256 = "{SUM}"')
    assert not find_models([data])["far"].installed
    assert cli.main(["models", "install", "far"]) == 0
    assert "finds 9" in capsys.readouterr().out
    assert sorted(path.name for path in data.iterdir()) == ["far.onnx", "far.toml"]
    assert open_model(find_models([data])["far"]).input_size == (256, 144)
    assert cli.main(["models", "install", "far"]) == 0
    assert "already" in capsys.readouterr().out
    assert len(server.ranges) == 1


def test_a_download_that_broke_off_goes_on(tmp_path: Path, server: _Server) -> None:
    server.cut, server.cuts_left = 100_000, 2
    target = tmp_path / "file"
    fetching.fetch(_url(server), target, SUM, quiet=True)
    assert target.read_bytes() == WEIGHTS
    assert server.ranges == [None, "bytes=100000-", "bytes=200000-"]
    assert not target.with_name("file.part").exists()


def test_a_download_goes_on_in_the_next_run(tmp_path: Path, server: _Server) -> None:
    part = tmp_path / "file.part"
    part.write_bytes(WEIGHTS[:1234])
    fetching.fetch(_url(server), tmp_path / "file", SUM, quiet=True)
    assert server.ranges == ["bytes=1234-"]
    part.write_bytes(WEIGHTS)  # all of it, but never moved
    (tmp_path / "file").unlink()
    fetching.fetch(_url(server), tmp_path / "file", SUM, quiet=True)
    assert (tmp_path / "file").read_bytes() == WEIGHTS


def test_another_file_than_asked_for_is_thrown_away(data: Path, server: _Server) -> None:
    server.body = b"not a model"
    far_model(data, f'url = "{_url(server)}"\nsha256 = "{SUM}"')
    assert cli.main(["models", "install", "far"]) == 1
    assert not (data / "far.onnx").exists()
    assert not list(data.rglob("*.part"))


def test_without_a_connection_it_says_which_file_to_put_where(
    data: Path, server: _Server, capsys: pytest.CaptureFixture[str]
) -> None:
    url = _url(server)
    server.shutdown()
    server.server_close()
    far_model(data, f'url = "{url}"\nsha256 = "{SUM}"')
    assert cli.main(["models", "install", "far"]) == 1
    told = capsys.readouterr().err
    place = data / "downloads" / "selfie.onnx"
    assert url in told and f"put it to {place}" in told
    assert told.count("\n") == 1
    place.parent.mkdir(exist_ok=True)
    place.write_bytes(WEIGHTS)
    assert cli.main(["models", "install", "far"]) == 0


def _package(path: Path, content: bytes = WEIGHTS) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        info = tarfile.TarInfo("package/m.onnx")
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    return path


def test_a_package_fetched_by_hand_is_used(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    far_model(data, PACKAGE)
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    assert cli.main(["models", "install", "far"]) == 1
    told = capsys.readouterr().err
    place = data / "downloads" / "some-model-1.2.3.tgz"
    assert str(place) in told and "npm is not on this computer" in told
    place.parent.mkdir(exist_ok=True)
    _package(place)
    assert cli.main(["models", "install", "far"]) == 0
    assert not place.exists()
    (data / "far.onnx").unlink()
    elsewhere = _package(tmp_path / "got.tgz")
    assert cli.main(["models", "install", "far", "--file", str(elsewhere)]) == 0
    assert elsewhere.exists()


def test_no_script_of_a_package_is_run(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    far_model(data, PACKAGE)
    asked: list[list[str]] = []

    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        asked.append(command)
        return subprocess.CompletedProcess(command, 1, "", "no")

    monkeypatch.setattr(shutil, "which", lambda _name: "npm")
    monkeypatch.setattr(subprocess, "run", run)
    assert cli.main(["models", "install", "far"]) == 1
    assert asked == [["npm", "pack", "--silent", "--ignore-scripts", "@some/model@1.2.3"]]


def test_a_package_with_another_member_is_refused(data: Path, tmp_path: Path) -> None:
    far_model(data, PACKAGE)
    wrong = _package(tmp_path / "got.tgz", b"something else")
    assert cli.main(["models", "install", "far", "--file", str(wrong)]) == 1
    (tmp_path / "got.tgz").write_bytes(b"no archive")
    assert cli.main(["models", "install", "far", "--file", str(wrong)]) == 1
    with pytest.raises(UserError, match="does not hold"):
        packages.members(_package(tmp_path / "b.tgz"), ("package/other",))
    assert sorted(path.name for path in data.iterdir()) == ["far.toml"]


def test_a_damaged_package_is_one_sentence(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    far_model(data, PACKAGE)
    whole = _package(tmp_path / "got.tgz", random.Random(1).randbytes(50_000)).read_bytes()
    for number in range(40):
        broken = bytearray(whole[: len(whole) - 1000 * (number % 2)])
        for at in range(500 * number, 500 * number + 400):
            broken[at] ^= 0x55
        (tmp_path / "got.tgz").write_bytes(broken)
        command = ["models", "install", "far", "--file", str(tmp_path / "got.tgz")]
        assert cli.main(command) == 1
        told = capsys.readouterr().err
        assert "got.tgz" in told and told.count("\n") == 1


def test_what_is_given_is_one_sentence_where_it_cannot_be_read(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    far_model(data, f'url = "https://far.example/m.tflite"\nsha256 = "{SUM}"')
    given = tmp_path / "m.tflite"
    given.write_bytes(WEIGHTS)
    command = ["models", "install", "far", "--file", str(given)]
    monkeypatch.setattr(limits, "MODEL_BYTES", 1000)
    assert cli.main(command) == 1
    told = capsys.readouterr().err
    assert f"{given} is too large" in told and told.count("\n") == 1


def test_what_is_fetched_is_one_sentence_where_it_cannot_be_put(
    data: Path, server: _Server, capsys: pytest.CaptureFixture[str]
) -> None:
    far_model(data, f'url = "{_url(server)}"\nsha256 = "{SUM}"')
    (data / "downloads" / "selfie.onnx").mkdir(parents=True)
    assert cli.main(["models", "install", "far"]) == 1
    told = capsys.readouterr().err.splitlines()[-1]
    assert told.startswith("virtual-background: ") and "downloads" in told
    # the system's words; those of Wine are the second
    windows = ("Access is denied.", "Access denied.")
    assert told.endswith(windows if sys.platform == "win32" else "Is a directory.")


@pytest.mark.posix("Windows has no limit to a file's size")
def test_a_full_disk_is_one_sentence_and_loses_nothing(
    data: Path, server: _Server, capsys: pytest.CaptureFixture[str]
) -> None:
    import resource  # noqa: PLC0415 - posix only

    far_model(data, f'url = "{_url(server)}"\nsha256 = "{SUM}"')
    (data / "other.onnx").write_bytes(b"another model")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(WEIGHTS) // 2, before[1]))
    try:
        assert cli.main(["models", "install", "far"]) == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    said = [line for line in capsys.readouterr().err.splitlines() if "virtual-background" in line]
    assert len(said) == 1 and "cannot be written (File too large)" in said[0]
    assert server.ranges == [None], "a full disk is no broken connection"
    assert not find_models([data])["far"].installed
    assert (data / "other.onnx").read_bytes() == b"another model"
    assert cli.main(["models", "install", "far"]) == 0
    assert server.ranges[1] == f"bytes={len(WEIGHTS) // 2}-"
    assert find_models([data])["far"].weights.read_bytes() == WEIGHTS


def test_a_stop_while_it_is_put_in_place_leaves_a_model_that_is_not_installed(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    far_model(data, "", sha256='""')
    text = (data / "far.toml").read_text(encoding="utf-8")
    (data / "far.toml").write_text(text.replace('sha256 = ""\n', ""), encoding="utf-8")
    given = tmp_path / "given.onnx"
    given.write_bytes(WEIGHTS)
    moved: list[str] = []
    real = Path.replace

    def stop(self: Path, target: Path) -> Path:
        if moved:
            raise KeyboardInterrupt
        moved.append(target.name)
        return real(self, target)

    command = ["models", "install", "far", "--file", str(given)]
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", stop)
        assert cli.main(command) == 130
    assert moved == ["far.sha256"] and not find_models([data])["far"].installed
    assert cli.main(command) == 0
    open_model(find_models([data])["far"])


def test_terms_are_told_before_anything_is_fetched(
    data: Path, server: _Server, capsys: pytest.CaptureFixture[str]
) -> None:
    source = f'url = "{_url(server)}"\nsha256 = "{SUM}"'
    far_model(data, source, licence='"CC-BY-NC-4.0"', commercial="false")
    assert cli.main(["models", "install", "far"]) == 1
    captured = capsys.readouterr()
    assert "does NOT allow commercial use" in captured.out
    assert "--yes" in captured.err
    assert server.ranges == []
    assert cli.main(["models", "install", "far", "--yes"]) == 0
    far_model(data, source, name="copyleft", licence='"GPL-3.0-only"')
    assert cli.main(["models", "install", "copyleft"]) == 0
    assert "under the same licence" in capsys.readouterr().out


def test_a_model_that_does_not_find_people_leaves_nothing(
    data: Path, server: _Server, capsys: pytest.CaptureFixture[str]
) -> None:
    far_model(data, f'url = "{_url(server)}"\nsha256 = "{SUM}"', scale="1.0")
    assert cli.main(["models", "install", "far"]) == 1
    told = capsys.readouterr().err
    assert '"input.scale" is wrong' in told
    assert str(data / "far.toml") in told
    assert not list(data.rglob("*.onnx")) or all(
        path.parent.name == "downloads" for path in data.rglob("*.onnx")
    )


def test_what_has_to_be_exported_says_so(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["models", "install", "bisenetv2"]) == 1
    told = capsys.readouterr().err
    page = find_models([SHIPPED])["bisenetv2"].source
    assert page is not None and page.page in told and "--file FILE.onnx" in told
