"""``python -m tests.by_hand --actions N --seed S``: a random hand at the mouse of a real OBS.

With the project and ``obs_script`` on the path (PYTHONPATH). Prints one JSON (what
is done goes to stderr) and ends with 1 when
OBS crashed, or a window did what no window should: see ``faults.Fault``.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

from tests.by_hand import desk
from tests.by_hand.faults import Fault
from tests.by_hand.random_hand import Lost, RandomHand
from tests.by_hand.scripts_window import MENU
from tests.by_hand.sitting import Sitting, sitting
from tests.obs.conftest import user_data
from vb_demo.errors import ObsError

MOST_CRASHES = 5
# Makes glibc fill freed memory (mallopt(3)): to use a widget that has gone is a certain crash.
OVERWRITTEN = {"MALLOC_PERTURB_": "165"}
REBUILD = Path(__file__).parents[1] / "obs" / "scripts" / "rebuild.py"


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.by_hand", description=__doc__)
    parser.add_argument("--actions", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--language", choices=[name[:2] for name in MENU], default="en")
    parser.add_argument("--json", type=Path, help="a file for the JSON as well")
    parser.add_argument("--pictures", type=Path, help="a folder for the screen at each fault")
    parser.add_argument(
        "--rebuild", action="store_true",
        help="have another script rebuild the camera's panel each second, in an OBS whose freed "
        "memory is overwritten: it crashes, and other faults are found",
    )  # fmt: skip
    options = parser.parse_args()
    if desk.missing():
        print(desk.missing(), file=sys.stderr)
        return 2
    logging.getLogger("obsws_python").setLevel(logging.CRITICAL)  # an OBS that is not ready yet
    (locale,) = (name for name in MENU if name.startswith(options.language))
    hand = RandomHand(options.seed, options.pictures)
    version = ""
    with tempfile.TemporaryDirectory() as folder, user_data(Path(folder)):
        for number in range(MOST_CRASHES):
            if hand.actions >= options.actions:
                break
            make = partial(
                sitting, locale=locale, scripts=[REBUILD] * options.rebuild,
                environment=OVERWRITTEN if options.rebuild else {},
            )  # fmt: skip
            version = _sit(hand, Path(folder, f"obs{number}"), make, options.actions) or version
    told = report(hand, options.seed, locale, version)
    words = json.dumps(told, indent=1, ensure_ascii=False)
    if options.json:
        options.json.write_text(words, "utf-8")
    print(words)
    return 1 if hand.faults else 0


def _sit(
    hand: RandomHand,
    folder: Path,
    make: Callable[[Path], AbstractContextManager[Sitting]],
    actions: int,
) -> str:
    """Use one OBS until it ends or all is done; return its version."""
    version = ""
    folder.mkdir()
    try:
        with make(folder) as at_obs:
            version = at_obs.stage.obs.request("GetVersion")["obsVersion"]
            hand.sit_down(at_obs, actions - hand.actions)
    except Lost:
        pass
    except (AssertionError, ObsError) as error:
        hand.note(error)
    return version


def report(hand: RandomHand, seed: int, locale: str, version: str) -> dict[str, Any]:
    return {
        "obs": version,
        "language": locale,
        "seed": seed,
        "actions": hand.actions,
        "uses": len(hand.uses),
        **{fault.value: hand.counts[fault] for fault in Fault},
        "pixels": hand.pixels,
        "pixels_scrolled_by_obs": hand.scrolled,
        "clicks_missed": hand.clicks_missed,
        "rows_used": sorted(" / ".join(use) for use in hand.used),
        "faults": hand.faults,
        "steps": hand.uses,
    }


if __name__ == "__main__":
    sys.exit(main())
