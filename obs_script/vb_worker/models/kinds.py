"""Opening a model by its family's class, with its companion if it has one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from vb_worker.errors import ModelError
from vb_worker.models.families import family_of
from vb_worker.models.families.ensemble import EnsembleModel
from vb_worker.models.families.pair import PairModel
from vb_worker.models.manifest import Manifest
from vb_worker.models.model import Model, Size
from vb_worker.models.registry import choose_model, default_folders, find_models


def open_model(
    manifest: Manifest, *, compute: str = "cpu", threads: int = 1, size: Size | None = None
) -> Model:
    """Open a model on a compute unit; ``size`` (width, height) for models with a choice of sizes.

    Raises ModelError, one sentence, if that fails.
    """
    second = companion_of(manifest)
    if second is None:
        opener = family_of(manifest).opener
        return opener(manifest, compute=compute, threads=threads, size=size)
    alone = replace(manifest, output=replace(manifest.output, companion=""))
    first = open_model(alone, compute=compute, threads=threads, size=size)
    return PairModel(first, open_model(second, compute=compute, threads=threads))


def open_ensemble(
    manifests: Iterable[Manifest], *, unit_of: Callable[[Manifest], str], threads: int = 1
) -> Model | None:
    """Open those of ``manifests`` that answer together; None if there are fewer than two.

    ``unit_of`` returns the compute unit for a model. Raises ModelError if one cannot be opened.
    """
    members = [
        manifest
        for manifest in manifests
        if manifest.ensemble is not None and not manifest.output.companion
    ]
    if len(members) < 2:
        return None
    return EnsembleModel(
        [open_model(member, compute=unit_of(member), threads=threads) for member in members]
    )


def companion_of(manifest: Manifest) -> Manifest | None:
    """Return the model that forms an ensemble with this one, or None.

    Raises ModelError if it is missing or has a companion itself.
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
