"""Correcting a model's mask from a few strokes: the thing that a stroke touches stays or goes.

A chair that the model takes for a part of the person, a book that it does not see: the user marks
some of it. What hangs together with a mark in the mark's colours is a first guess at the thing;
GrabCut (C. Rother, V. Kolmogorov, A. Blake, 2004, as OpenCV has it) then finds where it ends, by
the colours of the person and of the room and by the edges between, on a small picture and only
around that guess: everywhere else the model's answer stands.

The colours of a thing are taken when it is marked. From then on the thing is known by them: while
its mark shows it that is where it begins, and when it is moved (a book that is held) it is
followed from where it was last. A mark whose thing has gone does nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vb_worker.matte.stroke_rectangles import DROP, KEEP, Marks, drawn
from vb_worker.time_step import LONGEST_STEP, smoothing

Plane = NDArray[np.float32]
Picture = NDArray[np.uint8]
Where = NDArray[np.bool_]

AREA = 160 * 90  # pixels of the small picture
EVERY = 8  # frames between two cuts where nothing moves: what a cut costs is shared by so many
COLOURS = 3  # that a thing is made of
LIGHT, TINT = 22.0, 9.0  # how far (0..255) brightness and tint may be from one of its colours
AROUND = 9  # pixels: where a thing may end, around what has its colours
SURE = 5  # pixels: how far inside and outside of its edge the model's mask is beyond doubt
SHOWS = 0.5  # share of a mark that must have the colours
LARGEST = 0.2  # of the picture: what is kept because of a mark; more is no thing but the room
LARGEST_PART = 0.6  # of the person: what a mark takes away; more is the person
HOLE = 0.2  # of a thing: smaller holes in it are parts of it
MOST_MARKS = 16
FOLLOW_SECONDS = 0.32  # the time constant with which a thing's colours follow the light
STRANGE_SECONDS = 3.0  # after which a place that looks otherwise, and rests, is another thing


@dataclass(eq=False)
class _Thing:
    """One mark and what it touches. ``place`` and ``region`` are of the small picture."""

    kind: int
    place: Where
    colours: Plane | None = None
    region: Where | None = None
    strange: float = 0.0  # seconds for which its place has looked otherwise


@dataclass(eq=False)
class _Scene:
    """The marks of one scene and what has been learnt there."""

    marks: Marks
    things: list[_Thing] = field(default_factory=list)


class Strokes:
    """The strokes of one stream."""

    def __init__(self) -> None:
        self._scenes: dict[int, _Scene] = {}
        self._scene: _Scene | None = None
        self._size = (0, 0)
        self._colours: Any = None  # GrabCut's two models
        self._since = EVERY
        self._seconds = self._counted = 0.0  # since the last cut, and with no step too long
        self._changed = False
        self._kept: Plane | None = None
        self._dropped: Plane | None = None

    def set(self, marks: Marks, scene: int = 0) -> None:
        """Use these marks from now on.

        ``scene`` is a number for whose they are: what was learnt for it is known again when it
        comes back, unless its marks have changed.
        """
        known = self._scenes.get(scene)
        if known is None or known.marks != marks:
            self._scenes.pop(scene, None)
            known = _Scene(marks)
            self._scenes[scene] = known
            while len(self._scenes) > MOST_MARKS:
                del self._scenes[next(iter(self._scenes))]
        if known is not self._scene:
            self._scene = known
            self._changed = True
            self.reset()

    def changed(self) -> bool:
        """Say whether other marks hold than at the last call: what was before then fits no more."""
        changed, self._changed = self._changed, False
        return changed

    def reset(self) -> None:
        """Forget where things were; their colours are still known."""
        self._colours = self._kept = self._dropped = None
        for thing in self._scene.things if self._scene else ():
            thing.region = None

    def __call__(
        self, picture: Picture, probability: Plane, still: Plane | None, passed: float
    ) -> Plane:
        """Return the corrected probability, height x width float32, 0..1.

        ``picture``: height x width x 3 uint8 RGB, the one the probability was made for.
        ``still``: how still it stands since the last frame (``movement``), None on a first frame;
        ``passed``: the seconds since then.
        """
        if self._scene is None or not self._scene.marks:
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
            self._look(small, np.asarray(mask, np.float32), resting)
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
        """Draw the marks at the size that is worked at."""
        scene = self._scene
        assert scene is not None
        if scene.things and scene.things[0].place.shape == size[::-1]:
            return
        before, scene.things = scene.things, []
        kinds = drawn(scene.marks, *size)
        for kind in (DROP, KEEP):
            count, labels = cv2.connectedComponents((kinds == kind).astype(np.uint8))
            scene.things += [_Thing(kind, labels == label) for label in range(1, count)]
        scene.things.sort(key=lambda thing: -int(thing.place.sum()))
        del scene.things[MOST_MARKS:]
        if [thing.kind for thing in before] == [thing.kind for thing in scene.things]:
            for old, new in zip(before, scene.things):
                new.colours = old.colours  # the same picture at another size

    def _moved(self, still: Plane) -> bool:
        assert self._scene is not None
        resting = cv2.resize(still, self._size, interpolation=cv2.INTER_AREA)
        watched = np.zeros(resting.shape, np.uint8)
        for thing in self._scene.things:
            watched |= thing.place
            if thing.region is not None:
                watched |= thing.region
        return bool((resting[_grown(watched > 0, AROUND)] < 0.5).any())

    def _look(self, small: Picture, mask: Plane, resting: Plane | None) -> None:
        """Find the things anew: sets ``_kept`` and ``_dropped``, small, 0 or 1."""
        assert self._scene is not None
        tints = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2YCrCb), np.uint8)
        found: list[tuple[_Thing, Where, Where]] = []
        for thing in self._scene.things:
            begins, alike = _follow(thing, tints, resting, self._seconds, self._counted)
            if begins.any():
                guess = _touching(alike | begins, begins)
                if _too_much(thing.kind, guess, mask):
                    guess = begins
                found.append((thing, begins, guess))
            else:
                thing.region = None
        self._kept, self._dropped = np.zeros_like(mask), np.zeros_like(mask)
        if not found:
            return
        inside = self._cut(
            small, mask, [(thing.kind, begins, guess) for thing, begins, guess in found]
        )
        for thing, begins, guess in found:
            # What is worked out for one thing is not another's, and not the rest of the person.
            belongs = (inside if thing.kind == KEEP else ~inside) & _grown(guess, AROUND)
            region = _filled(_touching(belongs, begins))
            if _too_much(thing.kind, region, mask):
                region = begins
            thing.region = region & guess
            plane = self._kept if thing.kind == KEEP else self._dropped
            plane[region] = 1.0

    def _cut(self, small: Picture, mask: Plane, found: list[tuple[int, Where, Where]]) -> Where:
        """Return which pixels are the person's or kept things'."""
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
                return np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD))  # nothing to tell apart
        # Its k-means draws random numbers: the same picture shall give the same answer.
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
    thing: _Thing, tints: Picture, resting: Plane | None, seconds: float, counted: float
) -> tuple[Where, Where]:
    """Return where the thing surely is now (maybe nowhere), and what has its colours.

    ``seconds`` since the last cut; ``counted``: those that count for how long something lasts.
    """
    part = smoothing(seconds, FOLLOW_SECONDS)
    if thing.colours is None:
        thing.colours = _colours_of(tints[thing.place])
    alike = _alike(tints, thing.colours)
    if alike[thing.place].mean() >= SHOWS:
        thing.strange = 0.0
        begins = thing.place & alike
        thing.colours = _lit(thing.colours, tints[begins], part)
        return begins, alike
    if thing.region is not None:
        begins = thing.region & alike
        if begins.sum() >= 0.2 * thing.region.sum():
            thing.strange = 0.0
            thing.colours = _lit(thing.colours, tints[begins], part)
            return begins, alike
    # Another thing may stand there now. What is kept is never chosen anew by itself.
    at_rest = resting is not None and float(resting[thing.place].mean()) > 0.9
    thing.strange = thing.strange + counted if at_rest else 0.0
    if thing.kind == DROP and thing.strange >= STRANGE_SECONDS:
        thing.colours, thing.strange = _colours_of(tints[thing.place]), 0.0
        alike = _alike(tints, thing.colours)
        return thing.place & alike, alike
    return np.zeros_like(thing.place), alike


def _colours_of(pixels: Picture) -> Plane:
    """Return up to ``COLOURS`` colours that pixels (n x 3) are made of."""
    count = min(COLOURS, len(np.unique(pixels, axis=0)))
    cv2.setRNGSeed(1)
    nothing: Any = None
    ends = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 20, 1.0)
    _, _, centres = cv2.kmeans(
        pixels.astype(np.float32), count, nothing, ends, 1, cv2.KMEANS_PP_CENTERS
    )
    return np.asarray(centres, np.float32)


def _alike(tints: Picture, colours: Plane) -> Where:
    """Return where a picture of brightness and tints is like one of the colours."""
    allowed = np.array([LIGHT, TINT, TINT], np.float32)
    alike = np.zeros(tints.shape[:2], np.uint8)
    for colour in colours:
        low, high = np.clip((colour - allowed, colour + allowed), 0, 255)
        alike |= np.asarray(cv2.inRange(tints, np.ceil(low), np.floor(high)), np.uint8)
    return np.asarray(alike > 0, np.bool_)


def _lit(colours: Plane, pixels: Picture, part: float) -> Plane:
    """Return the colours a part of the way to the light of pixels (n x 3) that surely have them."""
    nearest = np.abs(pixels[:, None, :] - colours).sum(-1).argmin(-1)
    colours = colours.copy()
    for index in range(len(colours)):
        mine = pixels[nearest == index]
        if len(mine):
            colours[index] += part * (mine.mean(0) - colours[index])
    return colours


def _too_much(kind: int, region: Where, mask: Plane) -> bool:
    """Say whether a mark would change more than a thing can be."""
    person = mask > 0.5
    if kind == KEEP:
        return bool((region & ~person).sum() > LARGEST * mask.size)
    return bool((region & person).sum() > LARGEST_PART * person.sum())


def _grown(where: Where, pixels: int) -> Where:
    kernel = np.ones((2 * (pixels // 2) + 1,) * 2, np.uint8)
    return np.asarray(cv2.dilate(where.astype(np.uint8), kernel), np.bool_)


def _touching(where: Where, begins: Where) -> Where:
    """Return the connected parts of ``where`` that hold some of ``begins``."""
    count, labels = cv2.connectedComponents(where.astype(np.uint8), connectivity=4)
    chosen = np.zeros(count, bool)
    chosen[labels[begins & where]] = True
    chosen[0] = False
    return np.asarray(chosen[labels], np.bool_)


def _filled(region: Where) -> Where:
    """Return the region without its small holes."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        (~region).astype(np.uint8), connectivity=4
    )
    hole = stats[:, cv2.CC_STAT_AREA] < HOLE * region.sum()
    height, width = region.shape
    hole &= (stats[:, 0] > 0) & (stats[:, 1] > 0)
    hole &= (stats[:, 0] + stats[:, 2] < width) & (stats[:, 1] + stats[:, 3] < height)
    hole[0] = False
    return region | hole[labels][:height, :width] if count > 1 else region
