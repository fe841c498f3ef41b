"""Correcting a mask by strokes: the object that a stroke touches is kept or dropped.

For a chair that the model takes for a part of the person, or a book that it misses: the user marks
some of it. The region that is connected to a stroke and has its colours is a first guess at the
object. GrabCut (C. Rother, V. Kolmogorov, A. Blake, 2004, OpenCV's implementation) then finds its
outline, by the colours of the person and of the room and the edges between them, on a small
picture and only around that guess; everywhere else the model's answer is unchanged.

An object's colours are taken when it is marked, and it is recognised by them afterwards: under its
stroke while it is there, and else (a book that is held and moved) from its last region. A stroke
whose object has gone has no effect.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vb_worker.matte.stroke_rectangles import DROP, KEEP, SceneStrokes, drawn
from vb_worker.time_step import LONGEST_STEP, smoothing

Plane = NDArray[np.float32]
Picture = NDArray[np.uint8]
Where = NDArray[np.bool_]

AREA = 160 * 90  # pixels of the small picture
EVERY = 8  # frames between two cuts where nothing moves, to spread a cut's cost
COLOURS = 3  # colours that describe an object
LIGHT, TINT = 22.0, 9.0  # largest distance (0..255) in luma and in chroma to one of its colours
AROUND = 9  # pixels around what has its colours where an object's edge may be
SURE = 5  # pixels from its edge beyond which the model's mask is taken as certain
SHOWS = 0.5  # share of a stroke that must have the colours for the object to be there
LARGEST = 0.2  # of the picture: most that a stroke may add; more is no object but the room
LARGEST_PART = 0.6  # of the person: most that a stroke may remove; more is the person
HOLE = 0.2  # of an object: smaller holes are filled
MOST_STROKES = 16
FOLLOW_SECONDS = 0.32  # time constant with which an object's colours follow the light
STRANGE_SECONDS = 3.0  # without its colours, at rest: then another object is there


@dataclass(eq=False)
class _Object:
    """A stroke and the object it touches. ``place`` (the stroke) and ``region`` are small masks."""

    kind: int
    place: Where
    colours: Plane | None = None
    region: Where | None = None
    strange: float = 0.0  # seconds for which its place has had other colours


@dataclass(eq=False)
class _Scene:
    """The strokes of one scene and the objects found by them."""

    strokes: SceneStrokes
    objects: list[_Object] = field(default_factory=list)


class Strokes:
    """The strokes of one stream."""

    def __init__(self) -> None:
        self._scenes: dict[int, _Scene] = {}
        self._scene: _Scene | None = None
        self._size = (0, 0)
        self._colours: Any = None  # GrabCut's two colour models (background, foreground)
        self._since = EVERY
        self._seconds = self._counted = 0.0  # since the last cut: all, and with steps limited
        self._changed = False
        self._kept: Plane | None = None
        self._dropped: Plane | None = None

    def set(self, strokes: SceneStrokes, scene: int = 0) -> None:
        """Set the strokes from now on.

        ``scene``: a number for the scene they belong to; its learnt colours are reused when it
        comes back with the same strokes.
        """
        known = self._scenes.get(scene)
        if known is None or known.strokes != strokes:
            self._scenes.pop(scene, None)
            known = _Scene(strokes)
            self._scenes[scene] = known
            while len(self._scenes) > MOST_STROKES:
                del self._scenes[next(iter(self._scenes))]
        if known is not self._scene:
            self._scene = known
            self._changed = True
            self.reset()

    def changed(self) -> bool:
        """Return whether the strokes have changed since the last call, which voids older masks."""
        changed, self._changed = self._changed, False
        return changed

    def reset(self) -> None:
        """Forget where objects were, but keep their colours."""
        self._colours = self._kept = self._dropped = None
        for item in self._scene.objects if self._scene else ():
            item.region = None

    def __call__(
        self, picture: Picture, probability: Plane, still: Plane | None, passed: float
    ) -> Plane:
        """Return the corrected probability, height x width float32, 0..1.

        ``picture``: height x width x 3 uint8 RGB, which the probability was made from.
        ``still``: its stillness since the last frame (``movement``), None on a first frame;
        ``passed``: seconds since then.
        """
        if self._scene is None or not self._scene.strokes:
            return probability
        height, width = probability.shape
        scale = min(1.0, (AREA / (width * height)) ** 0.5)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        if size != self._size:
            self._size = size
            self.reset()
        self._begin(size)
        self._since += 1
        self._seconds += passed
        self._counted += min(passed, LONGEST_STEP)
        if self._kept is None or still is None or self._since >= EVERY or self._moved(still):
            small = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
            mask = cv2.resize(probability, size, interpolation=cv2.INTER_AREA)
            resting = None if still is None else np.asarray(cv2.resize(still, size), np.float32)
            self._find(small, np.asarray(mask, np.float32), resting)
            self._since = 0
            self._seconds = self._counted = 0.0
        if self._kept is None or self._dropped is None:
            return probability
        kept, dropped = (
            cv2.resize(plane, (width, height), interpolation=cv2.INTER_LINEAR)
            for plane in (self._kept, self._dropped)
        )
        left = cv2.multiply(probability, np.float32(1.0) - dropped)
        return np.asarray(cv2.max(left, kept), np.float32)

    def _begin(self, size: tuple[int, int]) -> None:
        """Rasterise the strokes at the working size."""
        scene = self._scene
        assert scene is not None
        if scene.objects and scene.objects[0].place.shape == size[::-1]:
            return
        before, scene.objects = scene.objects, []
        kinds = drawn(scene.strokes, *size)
        for kind in (DROP, KEEP):
            count, labels = cv2.connectedComponents((kinds == kind).astype(np.uint8))
            scene.objects += [_Object(kind, labels == label) for label in range(1, count)]
        scene.objects.sort(key=lambda item: -int(item.place.sum()))
        del scene.objects[MOST_STROKES:]
        if [item.kind for item in before] == [item.kind for item in scene.objects]:
            for old, new in zip(before, scene.objects):
                new.colours = old.colours  # the same picture at another size

    def _moved(self, still: Plane) -> bool:
        assert self._scene is not None
        resting = cv2.resize(still, self._size, interpolation=cv2.INTER_AREA)
        watched = np.zeros(resting.shape, np.uint8)
        for item in self._scene.objects:
            watched |= item.place
            if item.region is not None:
                watched |= item.region
        return bool((resting[_grown(watched > 0, AROUND)] < 0.5).any())

    def _find(self, small: Picture, mask: Plane, resting: Plane | None) -> None:
        """Find the objects again and set ``_kept`` and ``_dropped`` (small, 0 or 1)."""
        assert self._scene is not None
        tints = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2YCrCb), np.uint8)
        found: list[tuple[_Object, Where, Where]] = []
        for item in self._scene.objects:
            begins, alike = _follow(item, tints, resting, self._seconds, self._counted)
            if begins.any():
                guess = _touching(alike | begins, begins)
                if _too_much(item.kind, guess, mask):
                    guess = begins
                found.append((item, begins, guess))
            else:
                item.region = None
        self._kept, self._dropped = np.zeros_like(mask), np.zeros_like(mask)
        if not found:
            return
        inside = self._cut(
            small, mask, [(item.kind, begins, guess) for item, begins, guess in found]
        )
        for item, begins, guess in found:
            # Only what is near and connected to this object, not another one or the person.
            belongs = (inside if item.kind == KEEP else ~inside) & _grown(guess, AROUND)
            region = _filled(_touching(belongs, begins))
            if _too_much(item.kind, region, mask):
                region = begins
            item.region = region & guess
            plane = self._kept if item.kind == KEEP else self._dropped
            plane[region] = 1.0

    def _cut(self, small: Picture, mask: Plane, found: list[tuple[int, Where, Where]]) -> Where:
        """Return the pixels of the person and of kept objects, by GrabCut."""
        person = mask > 0.5
        labels = np.where(person, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
        open_ = np.zeros(person.shape, bool)
        for _, _, guess in found:
            open_ |= _grown(guess, AROUND)
        kernel = np.ones((SURE, SURE), np.uint8)
        labels[cv2.erode(person.astype(np.uint8), kernel).astype(bool) & ~open_] = cv2.GC_FGD
        labels[~_grown(person, SURE) & ~open_] = cv2.GC_BGD
        for kind, _, guess in found:
            labels[guess] = cv2.GC_PR_FGD if kind == KEEP else cv2.GC_PR_BGD
        for kind, begins, _ in found:
            labels[begins] = cv2.GC_FGD if kind == KEEP else cv2.GC_BGD
        for mine, theirs in ((cv2.GC_FGD, cv2.GC_PR_FGD), (cv2.GC_BGD, cv2.GC_PR_BGD)):
            if not np.isin(labels, (mine, theirs)).any():
                return np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD))  # only one class is there
        # Its k-means uses random numbers: the same picture must give the same answer.
        cv2.setRNGSeed(1)
        labelled: Any = labels
        nowhere: Any = None
        first = self._colours is None
        if first:
            self._colours = (np.zeros((1, 65), np.float64), np.zeros((1, 65), np.float64))
        rounds, how = (2, cv2.GC_INIT_WITH_MASK) if first else (1, cv2.GC_EVAL)
        room, person_colours = self._colours
        cv2.grabCut(small, labelled, nowhere, room, person_colours, rounds, how)
        return np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD))


def _follow(
    item: _Object, tints: Picture, resting: Plane | None, seconds: float, counted: float
) -> tuple[Where, Where]:
    """Return where the object certainly is now (maybe nowhere), and all pixels of its colours.

    ``seconds``: since the last cut; ``counted``: the same with each time step limited.
    """
    part = smoothing(seconds, FOLLOW_SECONDS)
    if item.colours is None:
        item.colours = _colours_of(tints[item.place])
    alike = _alike(tints, item.colours)
    if alike[item.place].mean() >= SHOWS:
        item.strange = 0.0
        begins = item.place & alike
        item.colours = _lit(item.colours, tints[begins], part)
        return begins, alike
    if item.region is not None:
        begins = item.region & alike
        if begins.sum() >= 0.2 * item.region.sum():
            item.strange = 0.0
            item.colours = _lit(item.colours, tints[begins], part)
            return begins, alike
    # Another object may be there now. One to keep is never replaced automatically.
    at_rest = resting is not None and float(resting[item.place].mean()) > 0.9
    item.strange = item.strange + counted if at_rest else 0.0
    if item.kind == DROP and item.strange >= STRANGE_SECONDS:
        item.colours, item.strange = _colours_of(tints[item.place]), 0.0
        alike = _alike(tints, item.colours)
        return item.place & alike, alike
    return np.zeros_like(item.place), alike


def _colours_of(pixels: Picture) -> Plane:
    """Return up to ``COLOURS`` main colours of pixels (n x 3), by k-means."""
    count = min(COLOURS, len(np.unique(pixels, axis=0)))
    cv2.setRNGSeed(1)
    nothing: Any = None
    ends = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 20, 1.0)
    _, _, centres = cv2.kmeans(
        pixels.astype(np.float32), count, nothing, ends, 1, cv2.KMEANS_PP_CENTERS
    )
    return np.asarray(centres, np.float32)


def _alike(tints: Picture, colours: Plane) -> Where:
    """Return where a YCrCb picture is near one of the colours."""
    allowed = np.array([LIGHT, TINT, TINT], np.float32)
    alike = np.zeros(tints.shape[:2], np.uint8)
    for colour in colours:
        low, high = np.clip((colour - allowed, colour + allowed), 0, 255)
        alike |= np.asarray(cv2.inRange(tints, np.ceil(low), np.floor(high)), np.uint8)
    return np.asarray(alike > 0, np.bool_)


def _lit(colours: Plane, pixels: Picture, part: float) -> Plane:
    """Return the colours moved by ``part`` towards the mean of the pixels (n x 3) near each."""
    nearest = np.abs(pixels[:, None, :] - colours).sum(-1).argmin(-1)
    colours = colours.copy()
    for index in range(len(colours)):
        mine = pixels[nearest == index]
        if len(mine):
            colours[index] += part * (mine.mean(0) - colours[index])
    return colours


def _too_much(kind: int, region: Where, mask: Plane) -> bool:
    """Return whether a stroke would change more than an object can be."""
    person = mask > 0.5
    if kind == KEEP:
        return bool((region & ~person).sum() > LARGEST * mask.size)
    return bool((region & person).sum() > LARGEST_PART * person.sum())


def _grown(where: Where, pixels: int) -> Where:
    kernel = np.ones((2 * (pixels // 2) + 1,) * 2, np.uint8)
    return np.asarray(cv2.dilate(where.astype(np.uint8), kernel), np.bool_)


def _touching(where: Where, begins: Where) -> Where:
    """Return the connected components of ``where`` that overlap ``begins``."""
    count, labels = cv2.connectedComponents(where.astype(np.uint8), connectivity=4)
    chosen = np.zeros(count, bool)
    chosen[labels[begins & where]] = True
    chosen[0] = False
    return np.asarray(chosen[labels], np.bool_)


def _filled(region: Where) -> Where:
    """Return the region with its small holes filled."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        (~region).astype(np.uint8), connectivity=4
    )
    hole = stats[:, cv2.CC_STAT_AREA] < HOLE * region.sum()
    height, width = region.shape
    hole &= (stats[:, 0] > 0) & (stats[:, 1] > 0)
    hole &= (stats[:, 0] + stats[:, 2] < width) & (stats[:, 1] + stats[:, 3] < height)
    hole[0] = False
    return region | hole[labels][:height, :width] if count > 1 else region
