"""Runs in OBS's Python beside the script: reports what is in the link's shared memory.

The host hands it settings and reads the setting "answer": a JSON object with the state, the model
and the status lines of each filter, what filters still wait for (``answers.py``), and the numbers
of the worker's process and of a set-up's.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import obspython as obs

sys.path.append(str(Path(__file__).resolve().parents[2]))

from tests.windows import answers


def script_update(settings: Any) -> None:
    obs.obs_data_set_string(settings, "answer", json.dumps(_seen()))


def _seen() -> dict[str, Any]:
    application = sys.modules.get("vb_script.application")
    survivors = sys.modules.get("vb_script.reload_state")
    if application is None or survivors is None:
        return {"channels": []}
    memory = survivors.survivors().memory
    if memory is None:
        return {"channels": []}
    segment = memory.segment
    worker = application.application.worker
    set_up = survivors.survivors().set_up
    return {
        "channels": [
            {
                "state": int(c.state),
                "away": bool(c.away),
                "model": c.report_model.decode("utf-8", "replace"),
                "status": c.status.decode("utf-8", "replace"),
            }
            for c in segment.channels
            if c.used
        ],
        "awaited": answers.awaited(segment),
        "depth": answers.has_depth(segment),
        "made": answers.masks_made(segment),
        "worker": worker.pid if worker else None,
        "set_up": set_up.process.pid if set_up and set_up.process else None,
        "epoch": int(segment.worker_epoch),
        "panic": bool(segment.panic),
        "problem": application.application.board.problem or str((worker and worker.problem) or ""),
    }
