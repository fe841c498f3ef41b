"""Runs a module of the product in a Python that imports nothing from the current folder.

``-m`` puts that folder first, and PYTHONSAFEPATH, which forbids it, is unknown to Python 3.10.
"""

from __future__ import annotations

from pathlib import Path

from vb_link import child

_RUN = (
    "import runpy, sys; sys.path.insert(0, sys.argv[1]); del sys.argv[:2]; "
    "runpy.run_module(sys.argv[0], run_name='__main__', alter_sys=True)"
)


def command(python: Path | str, packages: Path, module: str, *words: str) -> list[str]:
    """Return the command that runs ``module`` of the folder ``packages`` as ``-m`` would.

    It ignores PYTHON variables and the user's site-packages, writes no bytecode and uses UTF-8.
    """
    return [str(python), *child.ISOLATED, "-B", "-c", _RUN, str(packages), module, *words]
