"""Other compute units and the converters in the worker's environment."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.install_fakes import FakeSystem
from vb_install import additions, cli, environment
from vb_install.system import InstallError

LOCKS = environment.LOCKS
pytestmark = pytest.mark.usefixtures("small_product")


def _added(system: FakeSystem) -> list[str]:
    stamp = json.loads((system.data / "venv" / "complete.json").read_text())
    return [str(name) for name in stamp["added"]]


def test_another_build_takes_onnxruntimes_place(system: FakeSystem) -> None:
    assert cli.main(["--compute", "openvino"], system) == 0
    (pip,) = system.streamed("--require-hashes")
    text = Path(pip[-1]).read_text()
    assert "onnxruntime-openvino==" in text
    assert "\nonnxruntime==" not in text and not text.startswith("onnxruntime==")
    for name in ("numpy", "opencv-python-headless", "av", "tqdm"):
        assert f"\n{name}==" in text or text.startswith(f"{name}==")
    # Every package has hashes: pip refuses the whole file otherwise.
    for block in environment._BLOCK.findall(text):
        assert "--hash=sha256:" in block[1], block[0]
    assert _added(system) == ["openvino"]


def test_it_stays_until_another_is_asked_for(system: FakeSystem) -> None:
    assert cli.main(["--compute", "openvino"], system) == 0
    assert cli.main([], system) == 0
    assert len(system.streamed("--require-hashes")) == 1
    assert cli.main(["--convert"], system) == 0
    assert _added(system) == ["convert", "openvino"]
    assert cli.main(["--compute", "cpu"], system) == 0
    assert _added(system) == ["convert"]
    text = Path(system.streamed("--require-hashes")[-1][-1]).read_text()
    assert "\nonnxruntime==" in text and "\nonnx==" in text and "openvino" not in text


def test_the_plan_names_it_and_the_units_are_tried(
    system: FakeSystem, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["--compute", "cuda", "--dry-run"], system) == 0
    assert "onnxruntime with cuda" in capsys.readouterr().out
    assert not system.data.exists()
    assert cli.main(["--compute", "cuda"], system) == 0
    assert any(command[-2:] == ["compute", "--again"] for command in system.ran)
    assert "compute units" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "compute", "there"),
    [
        ("linux", "directml", "cuda"),
        ("darwin", "cuda", "coreml"),
        ("win32", "migraphx", "directml"),
    ],
)
def test_a_unit_of_another_system_is_refused(
    tmp_path: Path, name: str, compute: str, there: str
) -> None:
    system = FakeSystem(tmp_path, name)
    with pytest.raises(InstallError, match=there):
        additions.wanted(system, compute=compute, convert=False, now=[])
    assert additions.wanted(system, compute="cpu", convert=True, now=["cuda"]) == ("convert",)
    if name == "darwin":  # what the ordinary build has needs no other
        assert additions.wanted(system, compute="coreml", convert=False, now=[]) == ()


def test_every_addition_has_its_lock() -> None:
    worker = (LOCKS / "worker.lock").read_text("utf-8")
    for name in (*additions.UNITS, additions.CONVERT):
        lock = (LOCKS / f"{name}.lock").read_text("utf-8")
        merged = environment.merged(worker, [lock])
        names = [block[0] for block in environment._BLOCK.findall(lock)]
        assert names
        for package in names:
            assert f"{package}==" in merged
        assert ("\nonnxruntime==" in merged) == (name == additions.CONVERT)
    assert environment.merged(worker, []) == worker
