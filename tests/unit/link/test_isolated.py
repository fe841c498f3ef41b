"""A module of ours runs as with ``-m``, and imports nothing from the current folder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit import traps
from vb_link import isolated


def test_a_module_runs_as_with_m_whatever_lies_in_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = tmp_path / "it's a \u5c71 folder" / "ours" / "one.py"
    module.parent.mkdir(parents=True)
    (module.parent / "__init__.py").touch()
    module.write_text(
        "import json, os, sys\n"
        "print(json.dumps([__name__, sys.argv, sys.modules['__main__'].__file__, os.getcwd()]))\n"
    )
    trap = tmp_path / "trap"
    traps.lay(trap, monkeypatch)
    monkeypatch.setenv("PYTHONPATH", ".")
    command = isolated.command(sys.executable, module.parents[1], "ours.one", "a b", "--c")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split('"')[1] == "__main__"
    told = done.stdout.encode().decode("unicode_escape")
    assert f'["{module}", "a b", "--c"], "{module}", "{trap}"' in told
    assert not list(tmp_path.rglob("__pycache__"))
    # What Python 3.10 does by itself cannot be seen with a newer one.
    assert "-I" in command and "-m" not in command
