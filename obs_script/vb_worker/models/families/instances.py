"""Instance segmentation (Mask R-CNN and its like): box, mask, label and score per instance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vb_worker.models.families import classes
from vb_worker.models.family import Family, read_companion
from vb_worker.models.manifest import OutputSpec
from vb_worker.models.manifest_table import Table
from vb_worker.models.network import Network

_OUTPUTS = ("boxes", "labels", "scores", "masks")


@dataclass(frozen=True)
class Instances:
    """The people found in a frame, highest score first.

    ``boxes``: N x 4 float32, left, top, right, bottom in pixels of the masks; ``masks``: N x
    height x width float32, 0..1; ``scores``: N float32, 0..1.
    """

    boxes: NDArray[np.float32]
    masks: NDArray[np.float32]
    scores: NDArray[np.float32]


class InstancesModel(Network):
    """Outputs: boxes N x 4 in pixels of the input, labels N, scores N, masks.

    Masks are N x 1 x height x width over the whole input, or N x 1 x m x m over each box.
    ``infer`` returns all people in one mask; ``find`` keeps them apart.
    """

    looks_closer = False

    def find(self, feed: NDArray[Any]) -> Instances:
        """Return the people in an input that ``prepare`` made. Raises ModelError if it fails."""
        with self._failing():
            return self._instances(self._run(feed))

    def _answer(self, outputs: dict[str, Any]) -> NDArray[np.float32]:
        return _together(self._instances(outputs).masks)

    def _instances(self, outputs: dict[str, Any]) -> Instances:
        spec = self.manifest.output
        scores = np.asarray(outputs[spec.scores], np.float32).reshape(-1)
        labels = np.asarray(outputs[spec.labels]).reshape(-1)
        kept = np.flatnonzero((labels == spec.person) & (scores >= spec.least_score))
        kept = kept[np.argsort(-scores[kept], kind="stable")]
        boxes = np.asarray(outputs[spec.boxes], np.float32).reshape(-1, 4)[kept]
        left, top, width, height = self._preparer.box
        wide, tall = self.frame_size(width, height)
        factor = np.array([wide / width, tall / height] * 2, np.float32)
        limits = np.array([wide, tall] * 2, np.float32)
        seen = np.clip((boxes - np.array([left, top] * 2, np.float32)) * factor, 0, limits)
        # A detection inside the letterbox's border is a false positive.
        inside = (seen[:, 2] > seen[:, 0]) & (seen[:, 3] > seen[:, 1])
        masks = np.asarray(outputs[spec.masks], np.float32)
        planes = [
            self._fit(self._whole(masks[number].reshape(masks.shape[-2:]), box))
            for number, box in zip(kept[inside], boxes[inside])
        ]
        return Instances(
            seen[inside],
            np.stack(planes) if planes else np.zeros((0, tall, wide), np.float32),
            scores[kept[inside]],
        )

    def _whole(self, plane: NDArray[np.float32], box: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return an instance's mask over the whole input."""
        width, height = self.input.width, self.input.height
        if plane.shape == (height, width):
            return plane
        whole = np.zeros((height, width), np.float32)
        x0, y0 = (max(0, int(np.floor(value))) for value in box[:2])
        x1 = min(width, int(np.ceil(box[2])))
        y1 = min(height, int(np.ceil(box[3])))
        if x1 > x0 and y1 > y0:
            # Pixel centres in coordinates of the small mask, which covers the box.
            x = (np.arange(x0, x1) + 0.5 - box[0]) / (box[2] - box[0]) * plane.shape[1] - 0.5
            y = (np.arange(y0, y1) + 0.5 - box[1]) / (box[3] - box[1]) * plane.shape[0] - 0.5
            across, down = np.meshgrid(x.astype(np.float32), y.astype(np.float32))
            whole[y0:y1, x0:x1] = cv2.remap(
                plane, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
            )
        return whole

    def _check_outputs(self, shapes: dict[str, list[Any]]) -> None:
        spec = self.manifest.output
        for key in ("boxes", "labels", "scores", "masks"):
            self._named(getattr(spec, key), shapes, f"output.{key}")
        boxes, masks = shapes[spec.boxes], shapes[spec.masks]
        if boxes and isinstance(boxes[-1], int) and boxes[-1] != 4:
            raise self._unlike("output.boxes", "boxes", "four numbers each", boxes)
        if masks and len(masks) < 3:
            raise self._unlike("output.masks", "masks", "a plane each", masks)


def _together(masks: NDArray[np.float32]) -> NDArray[np.float32]:
    if not len(masks):
        return np.zeros(masks.shape[1:], np.float32)
    return np.asarray(masks.max(0), np.float32)


def _read(table: Table) -> dict[str, Any]:
    return {
        **read_companion(table),
        **{name: table.text(name, name) for name in _OUTPUTS},
        "person": table.index("person"),
        "least_score": table.positive("least_score", 0.5),
    }


def _guess_whole(outputs: Sequence[Any]) -> OutputSpec | None:
    names = {}
    for output in outputs:
        shape = list(output.shape)
        if "int" in output.type and len(shape) == 1:
            names["labels"] = output.name
        elif len(shape) == 2 and shape[1] == 4:
            names["boxes"] = output.name
        elif len(shape) == 1:
            names["scores"] = output.name
        elif len(shape) in (3, 4):
            names["masks"] = output.name
    return OutputSpec("instances", **names) if len(names) == len(_OUTPUTS) else None


FAMILY = Family(
    "instances",
    InstancesModel,
    _read,
    written=("person", "least_score"),
    guess_whole=_guess_whole,
    readings=classes.usual_people,
    changes=classes.other_people,
)
