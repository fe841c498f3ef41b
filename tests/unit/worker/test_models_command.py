"""``models install`` and ``models add``: whole or not at all, and in plain words."""

from __future__ import annotations

import hashlib
import io
import json
import random
import shutil
import subprocess
import tarfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.unit.onnx_graphs import FLOAT, INT64, Graph, manifest_for
from vb_link import limits, places
from vb_worker import cli
from vb_worker.catalogue import fetching, packages
from vb_worker.errors import UserError
from vb_worker.models import default_folders, find_models, open_model, sample_check
from vb_worker.models.manifest_reader import load

SHIPPED = places.models_dir()
WEIGHTS = (SHIPPED / "selfie_landscape.onnx").read_bytes()
SUM = hashlib.sha256(WEIGHTS).hexdigest()


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


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's models' folder, empty."""
    monkeypatch.setenv(places.DATA_VARIABLE, str(tmp_path / "data"))
    (tmp_path / "data" / "models").mkdir(parents=True)
    return tmp_path / "data" / "models"


def _url(server: _Server) -> str:
    return f"http://127.0.0.1:{server.server_port}/selfie.onnx"


def _far(folder: Path, source: str, name: str = "far", **changes: str) -> Path:
    """A manifest of a model that is not here yet."""
    text = (SHIPPED / "selfie_landscape.toml").read_text(encoding="utf-8")
    before, after = text.split("[source]")
    _, after = after.split("# What the network is fed")
    text = f"{before}[source]\n{source}\npage = 'there'\n\n# What the network is fed{after}"
    text = text.replace('"selfie_landscape"', f'"{name}"').replace(
        "selfie_landscape.onnx", f"{name}.onnx"
    )
    for key, value in changes.items():
        line = next(line for line in text.splitlines() if line.startswith(f"{key} ="))
        text = text.replace(line, f"{key} = {value}")
    path = folder / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_model_is_fetched_from_its_address(
    data: Path, server: _Server, capsys: pytest.CaptureFixture[str]
) -> None:
    _far(data, f'url = "{_url(server)}"\nsha256 = "{SUM}"')
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
    _far(data, f'url = "{_url(server)}"\nsha256 = "{SUM}"')
    assert cli.main(["models", "install", "far"]) == 1
    assert not (data / "far.onnx").exists()
    assert not list(data.rglob("*.part"))


def test_without_a_connection_it_says_which_file_to_put_where(
    data: Path, server: _Server, capsys: pytest.CaptureFixture[str]
) -> None:
    url = _url(server)
    server.shutdown()
    server.server_close()
    _far(data, f'url = "{url}"\nsha256 = "{SUM}"')
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


PACKAGE = f'package = "@some/model"\nversion = "1.2.3"\nmember = "package/m.onnx"\nsha256 = "{SUM}"'


def test_a_package_fetched_by_hand_is_used(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _far(data, PACKAGE)
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
    _far(data, PACKAGE)
    asked: list[list[str]] = []

    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        asked.append(command)
        return subprocess.CompletedProcess(command, 1, "", "no")

    monkeypatch.setattr(shutil, "which", lambda _name: "npm")
    monkeypatch.setattr(subprocess, "run", run)
    assert cli.main(["models", "install", "far"]) == 1
    assert asked == [["npm", "pack", "--silent", "--ignore-scripts", "@some/model@1.2.3"]]


def test_a_package_with_another_member_is_refused(data: Path, tmp_path: Path) -> None:
    _far(data, PACKAGE)
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
    _far(data, PACKAGE)
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
    _far(data, f'url = "https://far.example/m.tflite"\nsha256 = "{SUM}"')
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
    _far(data, f'url = "{_url(server)}"\nsha256 = "{SUM}"')
    (data / "downloads" / "selfie.onnx").mkdir(parents=True)
    assert cli.main(["models", "install", "far"]) == 1
    told = capsys.readouterr().err.splitlines()[-1]
    assert told.startswith("virtual-background: ") and "downloads" in told
    assert told.endswith("Is a directory.")


def test_a_stop_while_it_is_put_in_place_leaves_a_model_that_is_not_installed(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _far(data, "", sha256='""')
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
    _far(data, source, licence='"CC-BY-NC-4.0"', commercial="false")
    assert cli.main(["models", "install", "far"]) == 1
    captured = capsys.readouterr()
    assert "does NOT allow commercial use" in captured.out
    assert "--yes" in captured.err
    assert server.ranges == []
    assert cli.main(["models", "install", "far", "--yes"]) == 0
    _far(data, source, name="copyleft", licence='"GPL-3.0-only"')
    assert cli.main(["models", "install", "copyleft"]) == 0
    assert "under the same licence" in capsys.readouterr().out


def test_a_model_that_does_not_find_people_leaves_nothing(
    data: Path, server: _Server, capsys: pytest.CaptureFixture[str]
) -> None:
    _far(data, f'url = "{_url(server)}"\nsha256 = "{SUM}"', scale="1.0")
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


def test_an_own_file_is_guessed_and_listed_at_once(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "My Network.onnx"
    own.write_bytes((SHIPPED / "selfie_square.onnx").read_bytes())
    assert cli.main(["models", "add", str(own), "--title", "Mine", "--licence", "MIT"]) == 0
    assert "Written" in capsys.readouterr().out
    manifest = load(data / "my_network.toml")
    shipped = load(SHIPPED / "selfie_square.toml")
    assert (manifest.input, manifest.output) == (shipped.input, shipped.output)
    assert (manifest.title, manifest.licence, manifest.commercial) == ("Mine", "MIT", False)
    assert cli.main(["models", "--json"]) == 0
    entries = {entry["name"]: entry for entry in json.loads(capsys.readouterr().out)}
    assert entries["my_network"]["installed"]
    assert cli.main(["models", "check", "my_network"]) == 0
    # And by the very list that OBS shows:
    from vb_script import list_choices  # noqa: PLC0415 - the other side of the link

    assert ("my_network", "Mine") in list_choices.model_lists(default_folders()).people


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"no network at all", "is no ONNX file"), (None, "does not exist")],
)
def test_what_cannot_be_added_is_told(
    data: Path,
    tmp_path: Path,
    content: bytes | None,
    words: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    own = tmp_path / "own.onnx"
    if content is not None:
        own.write_bytes(content)
    assert cli.main(["models", "add", str(own)]) in (1, 2)
    told = capsys.readouterr().err
    assert words in told and told.count("\n") == 1
    assert list(data.iterdir()) == []
    own.write_bytes(WEIGHTS)
    assert cli.main(["models", "add", str(own), "--name", "selfie_square"]) == 1
    assert "is taken" in capsys.readouterr().err


def _one_size(path: Path) -> Path:
    """A network that says it takes any size, and fails at all but one."""
    graph = Graph()
    size = graph.weight([1, 1, 96, 96], np.int64)
    graph.node("Reshape", graph.node("ReduceMean", "picture", axes=[1]), size, out="out")
    return graph.save(
        path, [("picture", FLOAT, [1, 3, "h", "w"])], [("out", FLOAT, [1, 1, "h", "w"])]
    )  # fmt: skip


def test_a_network_that_fails_when_it_runs_is_one_sentence(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = _one_size(tmp_path / "own.onnx")
    assert cli.main(["models", "add", str(own)]) == 1
    told = capsys.readouterr().err
    assert "own failed on a picture: [ONNXRuntimeError]" in told and told.count("\n") == 1
    assert list(data.iterdir()) == []


def test_what_fails_when_it_runs_does_not_keep_others_from_being_checked(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest_for(_one_size(data / "a.onnx"), 'kind = "probability"', width=64, height=64, name="a")
    assert cli.main(["models", "check"]) == 1
    told = capsys.readouterr()
    assert "a failed on a picture" in told.err and told.err.count("\n") == 1
    assert "selfie_square: 9" in told.out
    pictures = str(sample_check.PICTURE.parent)
    assert cli.main(["mask", pictures, "-o", str(tmp_path / "out"), "--model", "a"]) == 1
    told = capsys.readouterr()
    assert "a failed on a picture" in told.err and told.err.count("\n") == 1


def test_an_output_that_cannot_be_read_does_not_hide_the_one_that_can(
    data: Path, tmp_path: Path
) -> None:
    graph = Graph()
    channel = graph.weight(np.array([[[[30.0]], [[0.0]], [[-30.0]]]], np.float32))
    graph.node("Sigmoid", graph.node("Conv", "picture", channel), out="mask")
    # Several planes, as only a run shows
    most = graph.node("ReduceMax", "mask", keepdims=0)
    several = graph.node("Cast", graph.node("Add", most, graph.weight(3.0, np.float32)), to=INT64)
    one = graph.weight([1], np.int64)
    planes = graph.node("Reshape", several, one)
    graph.node("Tile", "mask", graph.node("Concat", one, planes, one, one, axis=0), out="planes")
    own = graph.save(
        tmp_path / "own.onnx", [("picture", FLOAT, [1, 3, 90, 160])],
        [("planes", FLOAT, [1, 1, "h", "w"]), ("mask", FLOAT, [1, 1, 90, 160])],
    )  # fmt: skip
    assert cli.main(["models", "add", str(own)]) == 0
    assert load(data / "own.toml").output.name == "mask"


def test_an_own_model_is_never_replaced_by_another_of_its_name(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = tmp_path / "\u4eba\u7269.onnx", tmp_path / "\u72ac.onnx"
    one.write_bytes(WEIGHTS)
    other.write_bytes((SHIPPED / "selfie_square.onnx").read_bytes())
    assert cli.main(["models", "add", str(one)]) == 0
    assert sorted(path.name for path in data.iterdir()) == ["model.onnx", "model.toml"]
    capsys.readouterr()
    assert cli.main(["models", "add", str(other)]) == 1
    told = capsys.readouterr().err
    assert f"'model' is taken ({data / 'model.toml'})" in told and "--name" in told
    assert (data / "model.onnx").read_bytes() == WEIGHTS
    assert cli.main(["models", "add", str(other), "--name", "dog"]) == 0


def test_neither_a_manifest_with_a_mistake_nor_the_weights_of_another_is_replaced(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (data / "a.toml").write_text("name = ", encoding="utf-8")
    (data / "b.onnx").write_bytes(b"any")
    _far(data, PACKAGE, name="far", file='"c.onnx"')  # not fetched yet
    before = {path: path.read_bytes() for path in data.iterdir()}
    own = tmp_path / "own.onnx"
    own.write_bytes(WEIGHTS)
    for name, place in (("a", "a.toml"), ("b", "b.onnx"), ("c", "far.toml")):
        assert cli.main(["models", "add", str(own), "--name", name]) == 1
        assert f"is taken ({data / place})" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in data.iterdir()} == before


def test_a_depth_network_that_sees_nobody_leaves_nothing(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    graph = Graph()
    channel = graph.weight(np.array([[[[0.0]], [[0.0]], [[0.0]]]], np.float32))
    graph.node("Conv", "picture", channel, out="far")
    own = graph.save(
        tmp_path / "own.onnx", [("picture", FLOAT, [1, 3, 90, 160])],
        [("far", FLOAT, [1, 1, 90, 160])],
    )  # fmt: skip
    assert cli.main(["models", "add", str(own), "--kind", "depth"]) == 1
    told = capsys.readouterr().err
    assert "does not put the person before the room" in told and told.count("\n") == 1
    assert list(data.iterdir()) == []


def test_an_own_model_is_written_whole_or_not_at_all(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:

    def full(*_: Any, **__: Any) -> int:
        raise OSError(28, "No space left on device")

    own = tmp_path / "own.onnx"
    own.write_bytes(WEIGHTS)
    monkeypatch.setattr(Path, "write_text", full)  # the manifest's
    assert cli.main(["models", "add", str(own)]) == 1
    assert list(data.iterdir()) == []


def test_the_written_manifest_reads_back_the_same(tmp_path: Path) -> None:
    from vb_worker.catalogue import adding  # noqa: PLC0415 - only here
    from vb_worker.models.manifest_reader import parse  # noqa: PLC0415 - only here

    for manifest in find_models([SHIPPED]).values():
        if not manifest.file:
            continue
        told = adding.text_of(
            manifest if manifest.sha256 else manifest.__class__(**{**vars(manifest), "sha256": SUM})
        )
        again = parse(tmp_path / "x.toml", told)
        assert (again.input, again.output) == (manifest.input, manifest.output), manifest.name


def test_a_recurrent_network_is_guessed_with_its_states(data: Path, tmp_path: Path) -> None:
    """Redder than blue is the person; a state goes along."""
    graph = Graph()
    channel = graph.weight(np.array([[[[30.0]], [[0.0]], [[-30.0]]]], np.float32))
    graph.node("Sigmoid", graph.node("Conv", "src", channel), out="pha")
    graph.node("Add", "r1i", "pha", out="r1o")
    plane, picture = [1, 1, 90, 160], [1, 3, 90, 160]
    own = graph.save(
        tmp_path / "own.onnx", [("src", FLOAT, picture), ("r1i", FLOAT, plane)],
        [("pha", FLOAT, plane), ("r1o", FLOAT, plane)],
    )  # fmt: skip
    assert cli.main(["models", "add", str(own), "--name", "own"]) == 0
    output = load(data / "own.toml").output
    assert (output.kind, output.name, output.state) == ("recurrent", "pha", (("r1i", "r1o"),))


def test_a_depth_network_is_added_when_it_is_said_to_be_one(data: Path, tmp_path: Path) -> None:
    graph = Graph()
    channel = graph.weight(np.array([[[[-1.0]], [[0.0]], [[1.0]]]], np.float32))
    graph.node("Conv", "picture", channel, out="far")  # blue is the room
    own = graph.save(
        tmp_path / "own.onnx", [("picture", FLOAT, [1, 3, 90, 160])],
        [("far", FLOAT, [1, 1, 90, 160])],
    )  # fmt: skip
    assert cli.main(["models", "add", str(own), "--name", "own", "--kind", "depth"]) == 0
    assert load(data / "own.toml").output.near == "low"
    assert cli.main(["models", "add", str(own), "--name", "b", "--kind", "magic"]) == 1
