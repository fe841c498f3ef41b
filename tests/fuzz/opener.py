"""Opens what it is told in a process that may end of it, held as the worker is.

A line on standard input is a kind ("picture" or "model") and a path; a line of JSON answers.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from vb_link import limits
from vb_worker.errors import UserError
from vb_worker.models import ModelError, sample_check
from vb_worker.models.kinds import open_model
from vb_worker.models.manifest_reader import load
from vb_worker.offline.pictures import read_picture
from vb_worker.sandbox import entry, watchdog

MODEL_SECONDS = 5


def answer(kind: str, path: Path) -> dict[str, str]:
    """Open a file; return what came of it: ``ok``, or ``refused`` with the sentence."""
    try:
        if kind == "picture":
            picture = read_picture(path)
            if picture.shape[0] * picture.shape[1] > limits.PICTURE_PIXELS:
                return {"wrong": f"a picture of {picture.shape} was let through"}
        else:
            # As the quarantine does it.
            open_model(load(path))(sample_check.sample()[0])
    except (ModelError, UserError) as error:
        return {"refused": str(error)}
    except Exception as error:
        # At a model's run the worker makes a sentence of whatever comes; elsewhere it is a fault.
        told = f"{type(error).__name__}: {error}"
        return {"refused": told.splitlines()[0]} if kind == "model" else {"wrong": told}
    return {"ok": ""}


def main() -> None:
    """Answer until standard input ends."""
    # Native code writes there, too.
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    watchdog.arm()
    entry.enter_network()
    entry.enter_memory()
    for line in sys.stdin:
        kind, _, path = line.rstrip("\n").partition(" ")
        watchdog.begin(MODEL_SECONDS)
        found = answer(kind, Path(path))
        watchdog.end()
        print(json.dumps(found), file=out, flush=True)


if __name__ == "__main__":
    main()
