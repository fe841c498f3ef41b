"""``python -m tests.fuzz --seed N --minutes M [--target NAME] [--case N]``: fuzz for a while."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.fuzz import targets

ROUND = 25  # cases of one target before it is another's turn


def main() -> int:
    """Run the targets in turns until the time is up; return 1 if one had a fault."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--target", choices=targets.TARGETS, action="append")
    parser.add_argument("--case", type=int, help="one case alone, to see it again")
    options = parser.parse_args()
    names = options.target or list(targets.TARGETS)
    counts: dict[str, Counter[str]] = {name: Counter() for name in names}
    faults: list[str] = []
    end = time.monotonic() + 60 * options.minutes
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    first = 0 if options.case is None else options.case
    while True:
        for name in names:
            case = first
            last = first + (ROUND if options.case is None else 1)
            while case < last:
                before = counts[name].total()
                try:
                    targets.run(name, options.seed, range(case, last), folder, counts[name])
                    break
                except targets.Fault as fault:
                    faults.append(str(fault))
                    print(fault, file=sys.stderr, flush=True)
                    kept = folder.with_name(f"{folder.name}-fault-{len(faults)}")
                    shutil.copytree(folder, kept)
                    print(f"Its files are in {kept}.", file=sys.stderr, flush=True)
                    case += counts[name].total() - before + 1
        first += ROUND
        if options.case is not None or time.monotonic() > end:
            break
    targets.opener.close()
    shutil.rmtree(folder)
    print(json.dumps({"seed": options.seed, "cases": counts, "faults": faults}, indent=1))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
