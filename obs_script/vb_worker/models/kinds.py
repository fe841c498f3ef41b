"""Opening a model: which class runs which kind of output (one class a file)."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from vb_worker.models.alpha import AlphaModel
from vb_worker.models.class_index import ClassIndexModel
from vb_worker.models.depth import DepthModel
from vb_worker.models.errors import ModelError
from vb_worker.models.grabcut import GrabCutModel
from vb_worker.models.instances import InstancesModel
from vb_worker.models.manifest import Manifest
from vb_worker.models.model import Model, Size
from vb_worker.models.probability import ProbabilityModel
from vb_worker.models.recurrent import RecurrentModel
from vb_worker.models.registry import choose_model, default_folders, find_models
from vb_worker.models.scores import ClassScoresModel, TwoLogitsModel
from vb_worker.models.together import TogetherModel


class Opener(Protocol):
    """A model's class."""

    def __call__(
        self, manifest: Manifest, *, compute: str, threads: int, size: Size | None
    ) -> Model:
        """Open the model. Raises ModelError."""


# Every value that manifest.KINDS allows is a key here (a test checks it).
ADAPTERS: dict[str, Opener] = {
    "probability": ProbabilityModel,
    "two_logits": TwoLogitsModel,
    "class_scores": ClassScoresModel,
    "class_index": ClassIndexModel,
    "instances": InstancesModel,
    "alpha": AlphaModel,
    "recurrent": RecurrentModel,
    "depth": DepthModel,
    "grabcut": GrabCutModel,
}


def open_model(
    manifest: Manifest, *, compute: str = "cpu", threads: int = 1, size: Size | None = None
) -> Model:
    """Open a model on a compute unit, at ``size`` (width, height) if it has a choice of sizes.

    Raises ModelError, one sentence, if that cannot be done.
    """
    second = companion_of(manifest)
    if second is None:
        return ADAPTERS[manifest.kind](manifest, compute=compute, threads=threads, size=size)
    alone = replace(manifest, output=replace(manifest.output, companion=""))
    first = open_model(alone, compute=compute, threads=threads, size=size)
    return TogetherModel(first, open_model(second, compute=compute, threads=threads))


def companion_of(manifest: Manifest) -> Manifest | None:
    """Return the model that answers together with this one, None for a model that answers alone.

    Raises ModelError if it is not there or has a companion itself.
    """
    if not manifest.output.companion:
        return None
    folders = [*default_folders(), manifest.path.parent]
    found = choose_model(find_models(folders, on_error=lambda _: None), manifest.output.companion)
    if found.output.companion:
        raise ModelError(
            "CompanionOfCompanion", where=manifest.where("output.companion"), name=found.name
        )
    return found
