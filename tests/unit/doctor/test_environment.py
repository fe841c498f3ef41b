"""Is the worker's environment as it was locked?"""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from vb_doctor import environment, packages
from vb_link import folders

LOCKS = folders.PACKAGES / "vb_install" / "locks"


def test_this_environment_is_as_locked() -> None:
    found = environment.check(Path(sys.prefix), Path(sys.executable), LOCKS)
    assert found.good, found.text()
    assert "numpy" in found.arguments["packages"]


def _answering(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: str, err: str = "") -> None:
    done = subprocess.CompletedProcess([], 1 if err else 0, out, err)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: done)
    (tmp_path / "worker.lock").write_text("numpy==2.0 ; x \\\nav==1\nopencv-python-headless==5\n")
    (tmp_path / "openvino.lock").write_text("onnxruntime-openvino==1.2\nnumpy==1.9 ; y\n")
    (tmp_path / environment.STAMP).write_text('{"added": ["openvino", "gone"]}')


_WHOLE = {"numpy": "1.9", "av": "1", "opencv-python-headless": "5", "onnxruntime-openvino": "1.2"}


@pytest.mark.parametrize(
    ("versions", "damaged", "expected"),
    [
        (_WHOLE, [], ("Environment", "numpy 1.9")),
        ({**_WHOLE, "numpy": "3"}, [], ("EnvironmentOther", "numpy 3")),
        ({"numpy": "2.0", "av": "1"}, [], ("EnvironmentOther", "no onnxruntime")),
        (_WHOLE, ["numpy"], ("EnvironmentDamaged", "numpy")),
    ],
)
def test_packages_are_compared_with_the_locks(
    versions: dict[str, str],
    damaged: list[str],
    expected: tuple[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = {"python": "3.12.1", "versions": versions, "damaged": damaged}
    _answering(tmp_path, monkeypatch, json.dumps(told))
    found = environment.check(tmp_path, Path(sys.executable), tmp_path)
    assert found.key == expected[0] and expected[1] in found.text()


def test_a_python_that_does_not_run_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert environment.check(tmp_path, tmp_path / "no", tmp_path).key == "EnvironmentMissing"
    _answering(tmp_path, monkeypatch, "", "Fatal Python error\nno module named encodings\n")
    found = environment.check(tmp_path, Path(sys.executable), tmp_path)
    assert found.key == "EnvironmentBroken" and "encodings" in found.text()


def test_a_damaged_file_of_a_package_is_noticed(tmp_path: Path) -> None:
    about = tmp_path / "One_Thing-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: One_Thing\nVersion: 1.0\n")
    (tmp_path / "one.py").write_text("")
    empty = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"
    (about / "RECORD").write_text(f"one.py,sha256={empty},0\n{about.name}/RECORD,,\n")
    code = "import sys, runpy; sys.path.insert(0, sys.argv.pop(1)); "
    code += "runpy.run_path(sys.argv.pop(1), run_name='__main__')"
    command = [sys.executable, "-I", "-c", code, str(tmp_path), packages.__file__, "one-thing"]

    def told() -> object:
        return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)

    version = platform.python_version()
    expected = {"python": version, "versions": {"one-thing": "1.0"}, "damaged": []}
    assert told() == expected
    (tmp_path / "one.py").write_text("changed")
    assert told() == {**expected, "damaged": ["one-thing"]}
    (tmp_path / "one.py").unlink()
    assert told() == {**expected, "damaged": ["one-thing"]}
