"""Opening a model: which class runs which kind of output (one class a file)."""

from __future__ import annotations

from vb_worker.models.manifest import Manifest
from vb_worker.models.model import Model
from vb_worker.models.probability import ProbabilityModel

# Every value that manifest.KINDS allows is a key here (a test checks it).
ADAPTERS: dict[str, type[Model]] = {"probability": ProbabilityModel}


def open_model(manifest: Manifest, *, compute: str = "cpu", threads: int = 1) -> Model:
    """Open a model on a compute unit. Raises ModelError, one sentence, if that cannot be done."""
    return ADAPTERS[manifest.kind](manifest, compute=compute, threads=threads)
