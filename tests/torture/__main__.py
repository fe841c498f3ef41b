"""``python -m tests.torture --seed N --minutes M``: whether a real OBS survives a random walk.

With the project and ``obs_script`` on the path (PYTHONPATH). Exits with 1 and the steps if OBS
did not survive.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.torture.run import torture


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.torture", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--folder", type=Path, help="a new folder for OBS and its logs, kept")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as passing:
        folder = options.folder or Path(passing)
        verdict = torture(options.seed, options.minutes, folder)
    if verdict.faults:
        print(verdict.failure())
    print(verdict.text())
    return 1 if verdict.faults else 0


if __name__ == "__main__":
    sys.exit(main())
