"""Checking a manifest by running its model on a sample picture with a known mask.

Matching shapes do not prove a manifest right: with swapped colour channels, or another class than
people, the mask still has the right size. The picture beside this file is a public-domain portrait
of a person in front of a drawn room, with her true alpha in its fourth channel.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from vb_worker.errors import ModelError
from vb_worker.models.families import family_of, finds_person
from vb_worker.models.kinds import open_model
from vb_worker.models.manifest import InputSpec, Manifest
from vb_worker.models.model import Model
from vb_worker.models.network import Network

PICTURE = Path(__file__).resolve().parent / "sample.png"
GOOD_ENOUGH = 0.6  # overlap (IoU) of the mask and the person below which the manifest is wrong
CLEARLY_BETTER = 0.1
_DEPTH_STEP = 0.05

Three = tuple[float, float, float]
# Usual normalisations of published networks: scale, mean and std.
NORMALISATIONS: tuple[tuple[float, Three, Three], ...] = (
    (255.0, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
    (127.5, (1.0, 1.0, 1.0), (1.0, 1.0, 1.0)),
    (255.0, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    (1.0, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
    (1.0, (123.675, 116.28, 103.53), (1.0, 1.0, 1.0)),
    (255.0, (0.5, 0.5, 0.5), (1.0, 1.0, 1.0)),
)


@dataclass(frozen=True)
class _Change:
    """Another value for one key of a manifest: the key, the value as TOML, the new manifest."""

    key: str
    value: str
    manifest: Manifest


@lru_cache(maxsize=1)
def sample() -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Return the picture (H x W x 3 uint8 RGB) and its person's alpha (H x W float32, 0..1)."""
    rgba = cv2.imread(str(PICTURE), cv2.IMREAD_UNCHANGED)
    if rgba is None or rgba.ndim != 3 or rgba.shape[2] != 4:
        raise ModelError("NoTestPicture", path=PICTURE)
    alpha = np.asarray(rgba[..., 3] / 255, np.float32)
    return np.ascontiguousarray(rgba[..., 2::-1], np.uint8), alpha


def check(model: Model, *, thorough: bool = False) -> float:
    """Run ``model`` on the picture and return how well it finds the person, 0..1.

    ``thorough`` tries other values even if the result is good, to refuse a manifest that works but
    is clearly not the best. Raises ModelError, one sentence that names the line.
    """
    if not finds_person(model.manifest):
        return _check_depth(model)
    picture, _ = sample()
    answer = model(picture)
    _refuse_wild(model.manifest, answer)
    found = overlap(answer)
    if found >= GOOD_ENOUGH and not thorough:
        return found
    better = _better(model, found) if isinstance(model, Network) else None
    if better is not None:
        change, reached = better
        raise ModelError(
            "WrongEntry",
            where=model.manifest.where(change.key), entry=change.key, value=change.value,
            reached=f"{reached:.0%}", found=f"{found:.0%}",
        )  # fmt: skip
    if found < GOOD_ENOUGH:
        raise ModelError("WrongManifest", path=model.manifest.path, found=f"{found:.0%}")
    return found


def overlap(answer: NDArray[np.float32]) -> float:
    """Return how well a mask fits the picture's person, 0..1.

    This is the intersection over union at a threshold of 0.5, or less if the values are on the
    whole so far from 0 and 1 that they are no probability.
    """
    shared, difference = _likeness(answer, sample()[1])
    return max(0.0, min(shared, 1.0 - 2.0 * difference))


def views() -> Iterator[tuple[NDArray[np.uint8], NDArray[np.float32]]]:
    """Yield the picture as it is, darker, and mirrored and shifted, each with its alpha."""
    picture, truth = sample()
    yield picture, truth
    yield np.asarray(picture * np.float32(0.45), np.uint8), truth
    shift = picture.shape[1] // 6
    yield (
        np.ascontiguousarray(np.roll(picture[:, ::-1], shift, 1)),
        np.ascontiguousarray(np.roll(truth[:, ::-1], shift, 1)),
    )


def score(
    manifest: Manifest, answer: NDArray[np.float32], truth: NDArray[np.float32]
) -> float | None:
    """Return how well a model's answer fits an alpha, or None if it cannot be a result.

    For a mask: the overlap minus the mean difference. For depth: how much nearer the person is.
    """
    if not np.isfinite(answer).all() or answer.min() < -0.01 or answer.max() > 1.01:
        return None
    if not finds_person(manifest):
        return _step(answer, truth)
    shared, difference = _likeness(answer, truth)
    return shared - difference


def _likeness(answer: NDArray[np.float32], truth: NDArray[np.float32]) -> tuple[float, float]:
    """Return the intersection over union at 0.5, and the mean absolute difference."""
    alpha = _at_size_of(answer, truth)
    person, found = alpha > 0.5, answer > 0.5
    shared = float((found & person).sum() / max((found | person).sum(), 1))
    return shared, float(np.abs(answer - alpha).mean())


def _step(nearness: NDArray[np.float32], truth: NDArray[np.float32]) -> float:
    """Return how much nearer the person is than the room, -1..1."""
    person = _at_size_of(nearness, truth) > 0.5
    return float(nearness[person].mean() - nearness[~person].mean())


def _at_size_of(answer: NDArray[np.float32], truth: NDArray[np.float32]) -> NDArray[np.float32]:
    size = (answer.shape[1], answer.shape[0])
    return np.asarray(cv2.resize(truth, size, interpolation=cv2.INTER_AREA), np.float32)


def _refuse_wild(manifest: Manifest, answer: NDArray[np.float32]) -> None:
    if not np.isfinite(answer).all():
        raise ModelError("NoNumber", where=manifest.where("input.scale"))
    low, high = float(answer.min()), float(answer.max())
    if low < -0.01 or high > 1.01:
        key = "output.activation" if "output.activation" in manifest.lines else "output.kind"
        raise ModelError(
            "WrongRange",
            where=manifest.where(key), entry=key, low=f"{low:.3g}", high=f"{high:.3g}",
        )  # fmt: skip


def _check_depth(model: Model) -> float:
    picture, truth = sample()
    nearness = model(picture)
    if not np.isfinite(nearness).all():
        _refuse_wild(model.manifest, nearness)
    step = _step(nearness, truth)
    if step < -_DEPTH_STEP:
        raise ModelError("WrongNear", where=model.manifest.where("output.near"))
    if step < _DEPTH_STEP:
        raise ModelError("NoDepthFound", path=model.manifest.path)
    return min(1.0, 0.5 + step / 2)


def _better(model: Network, found: float) -> tuple[_Change, float] | None:
    """Return the single change of the manifest that finds clearly more of the person, if any."""
    best: tuple[_Change, float] | None = None
    picture, _ = sample()
    answered = model.outputs(picture)
    for change in _changes(model):
        try:
            other = model.retuned(change.manifest)
            # A change of the output needs no second run: networks may be slow.
            same = change.key.startswith("output.")
            reached = overlap(other.read(answered) if same else other(picture))
        except (ModelError, ValueError, IndexError):
            continue
        floor = max(found + CLEARLY_BETTER, GOOD_ENOUGH) if best is None else best[1]
        if reached > floor:
            best = change, reached
    return best


def _changes(model: Network) -> Iterator[_Change]:
    manifest = model.manifest
    spec, output = manifest.input, manifest.output
    for changed in normalised(spec):
        value = f"scale = {changed.scale:g}, mean = {list(changed.mean)}, std = {list(changed.std)}"
        yield _Change(_norm_key(spec, changed), value, replace(manifest, input=changed))
    if spec.colour != "RGBA":
        other = "BGR" if spec.colour == "RGB" else "RGB"
        changed = replace(spec, colour=other)
        yield _Change("input.colour", f'"{other}"', replace(manifest, input=changed))
    for key, changed_output in family_of(manifest).changes(output, model.classes()):
        value = json.dumps(getattr(changed_output, key.split(".")[1]))
        yield _Change(key, value, replace(manifest, output=changed_output))


def _norm_key(before: InputSpec, after: InputSpec) -> str:
    """Return the key to report if several changed: the first of them."""
    for key in ("scale", "mean", "std"):
        if getattr(before, key) != getattr(after, key):
            return f"input.{key}"
    return "input.scale"


def normalised(spec: InputSpec) -> Iterator[InputSpec]:
    """Yield ``spec`` with every other usual normalisation."""
    if spec.dtype == "uint8":
        return
    for scale, mean, std in NORMALISATIONS:
        if (scale, mean, std) != (spec.scale, spec.mean, spec.std):
            yield replace(spec, scale=scale, mean=mean, std=std)


def open_checked(manifest: Manifest, *, compute: str = "cpu", threads: int = 1) -> Model:
    """Open a model and check it on the picture. Raises ModelError, one sentence."""
    model = open_model(manifest, compute=compute, threads=threads)
    check(model)
    return model
