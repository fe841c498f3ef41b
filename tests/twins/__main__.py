"""Compares as many states as wanted: ``python -m tests.twins --count N --seed S``.

Prints JSON with each state's greatest difference (levels of 255) and PSNR (dB); pictures of those
that differ go to ``--pictures``: ours, the twin, 16 times the difference. Exit status 1 if any do.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from tests.bench.obs_cost import own_worker
from tests.obs.conftest import running_obs
from tests.twins import compare, states


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.twins", description=__doc__)
    parser.add_argument("--count", type=int, default=200, help="states, about one a second")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--canvas", choices=list(states.CANVASES), nargs="+", help="these alone")
    parser.add_argument("--pairwise", action="store_true", help="the states of the test instead")
    parser.add_argument("--pictures", type=Path, help="folder for pictures of what differs")
    options = parser.parse_args()
    chosen = {"canvas": options.canvas} if options.canvas else {}
    if options.pairwise:
        wanted = states.short(options.seed, **chosen)
    else:
        wanted = states.by_chance(options.count, options.seed, {**states.AXES, **chosen})
    results = []
    with tempfile.TemporaryDirectory() as name:
        own_worker(Path(name))
        for number, (canvas, group) in enumerate(states.by_canvas(wanted).items()):
            folder = Path(name) / str(number)
            folder.mkdir()
            with running_obs(folder / "obs", **compare.obs_options(folder, canvas)) as stage:
                found = compare.Comparison(stage, folder, options.pictures).results(group)
                for result in found:
                    print(json.dumps(result.as_json()), file=sys.stderr, flush=True)
                    results.append(result)
    bad = [result for result in results if not result.good]
    print(json.dumps({
        "seed": options.seed, "states": len(results), "differ": len(bad),
        "nothing_drawn": sum(not result.drawn for result in results),
        "greatest": max((result.greatest for result in results), default=0),
        "results": [result.as_json() for result in results],
    }, indent=1))  # fmt: skip
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
