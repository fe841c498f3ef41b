"""Multi-person tracking in a mask that does not tell people apart.

The mask is split into connected components, here called regions. A region belongs to the person
whose pixels of the last frame, moved by optical flow, lie in it. Where several people share a
region (they touch, or one passes in front of another) its pixels are split by position and colour:
each person has a shape and a histogram from when they stood alone. A person who is fully occluded
is waited for: the shape moves on at its last motion, and pixels there with matching colours become
that person again. When a shared region falls apart, colours decide again who is who.

All of it runs on a picture of at most ``regions.WORKING_SIDE`` pixels per side, so the cost does
not depend on the model's size.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vb_worker.people.colours import Cells, Floats, cells, histogram, likeness
from vb_worker.people.regions import LEAST_PIXELS, SMALL, Regions, shrink, working_size
from vb_worker.people.shapes import LEAST_SEEN, Mask, Person, grid, split
from vb_worker.time_step import LONGEST_STEP, smoothing

FORGET_SECONDS = 2.0  # someone not visible for longer is forgotten
APART_SECONDS = 1.0  # after a contact, for how long colours may still correct who is who
HIDDEN_BY_SECONDS = 0.2  # a hidden person is behind whom they touched within this time
YOUNG_SECONDS = 1.5  # a small newcomer younger than this that touches someone is part of them
LEARN_SECONDS = 0.32  # time constant with which someone's size and colours are learnt,
UNSURE_SECONDS = 1.65  # and where they may not be visible as a whole
MOST_PEOPLE = 12

FAINT = 0.25  # probability above which a pixel belongs to a region or to nobody
LEAST_PERSON = 0.004  # of the picture
WHOLE = 0.8  # of a person's area: above, they are seen whole
SAME_COLOURS = 0.7  # Bhattacharyya coefficient from which two histograms match
LEAST_SIDE = 32  # OpenCV's DIS flow crashes on lower pictures (5.0: 128 x 31)
_BESIDE = np.ones((9, 9), np.uint8)
_NOBODY = 255  # label of regions that belong to no one


class People:
    """The people of one stream."""

    def __init__(self) -> None:
        self.people: dict[int, Person] = {}
        self.owner: Mask = np.zeros((0, 0), np.uint8)
        self._grey: Mask | None = None
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
        self._next = 0
        self._now = 0.0
        self._passed = 0.0
        self._begun = False

    def update(
        self,
        probability: Floats,
        picture: NDArray[np.uint8],
        now: float,
        instances: Floats | None = None,
    ) -> Mask:
        """Return each pixel's owner at working size: uint8, a person's label; 0 or 255: nobody.

        ``probability``: height x width float32, 0..1. ``picture``: RGB or RGBA uint8 of any
        size. ``now`` in seconds. ``instances``: count x height x width float32, 0..1, one mask
        per person, highest score first, from models that tell people apart.
        """
        size = working_size(probability.shape)
        seen = shrink(probability, size)
        small = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
        code = cv2.COLOR_RGBA2GRAY if small.shape[2] == 4 else cv2.COLOR_RGB2GRAY
        grey = np.asarray(cv2.cvtColor(small, code), np.uint8)
        if self.owner.shape != seen.shape:
            self.people, self._grey = {}, None
            self.owner = np.zeros(seen.shape, np.uint8)
        self._passed, self._now = min(max(now - self._now, 0.0), LONGEST_STEP), now
        bins = cells(small)
        moved = self._move(grey)
        regions = Regions(seen, instances, size)
        owner = self._divide(regions, moved, bins)
        self._faint(seen, owner, moved)
        self._remember(owner, regions, bins)
        self._begun |= bool(self.people)
        self.owner, self._grey = owner, grey
        return owner

    def _move(self, grey: Mask) -> Mask:
        """Return the last owners moved by optical flow, and move everyone's shape along."""
        if self._grey is None or not self.people or min(grey.shape) < LEAST_SIDE:
            return self.owner
        # Backward flow, from this frame to the last: warping with it leaves no holes.
        back = self._flow.calc(grey, self._grey, np.zeros((*grey.shape, 2), np.float32))
        columns, rows = cv2.split(grid(*grey.shape) + back)
        moved = cv2.remap(self.owner, columns, rows, cv2.INTER_NEAREST)
        for person in self.people.values():
            mine = np.asarray(moved == person.label, np.uint8)
            # The less of someone is visible, the less reliable their flow; and next to someone
            # else it is a mixture of both.
            if len(self.people) > 1:
                others = np.asarray((moved > 0) & (mine == 0), np.uint8)
                mine = np.asarray(cv2.subtract(mine, cv2.dilate(others, _BESIDE)), np.uint8)
            share = cv2.countNonZero(mine) / max(person.area, 1.0) if person.visible else 0.0
            weight = float(np.interp(share, [0.7, 1.0], [0.0, 1.0]))
            x, y, *_ = cv2.mean(back, mine)
            person.move((-x, -y), weight, self._passed)
        return np.asarray(moved, np.uint8)

    def _divide(self, regions: Regions, moved: Mask, bins: Cells) -> Mask:
        """Assign every region, or every pixel of a shared one, to a person."""
        owner = np.zeros(moved.shape, np.uint8)
        claims = self._claims(regions, moved, bins)
        if not regions.separate:
            self._absorb(claims)
        claims = self._correct(regions, claims, moved, bins)
        main_regions: dict[int, int] = {}  # the largest region of each person
        for region in sorted(claims, key=regions.area, reverse=True):
            labels = claims[region]
            if not labels:
                continue
            where, inside = regions.box(region)
            if len(labels) == 1:
                owner[where][inside] = labels[0]
                main_regions.setdefault(labels[0], region)
            else:
                people = [self.people[label] for label in labels]
                owner[where][inside] = split(inside, where, moved, bins, people)[inside]
                for label in labels:
                    main_regions.setdefault(label, region)
        for region in sorted(claims, key=regions.area, reverse=True):
            labels = claims[region]
            if len(labels) == 1 and main_regions[labels[0]] != region:
                # A second region of one person: a hand, or someone who stood close all the time.
                if not regions.part_of(region, main_regions[labels[0]]):
                    regions.paint(owner, region, self._new(regions, region, bins))
            elif not labels:
                self._newcomer(owner, regions, region, main_regions, bins)
        return owner

    def _claims(self, regions: Regions, moved: Mask, bins: Cells) -> dict[int, list[int]]:
        """Return region -> labels of the people whose pixels lie in it, most pixels first."""
        claims: dict[int, list[int]] = {region: [] for region in regions.numbers}
        if not self.people or not claims:
            return claims
        pairs = regions.owned_counts(moved)
        best: dict[int, list[tuple[int, int]]] = {region: [] for region in claims}
        for label, person in self.people.items():
            if person.visible:
                mine = pairs[:, label]
                whole = max(int(mine.sum()), 1)
            else:
                mine = np.bincount(regions.map[person.shape > 0], minlength=regions.count + 1)
                whole = max(cv2.countNonZero(person.shape), 1)
            for region in claims:
                count = int(mine[region])
                large = count >= 0.3 * whole
                if person.visible:
                    large |= count >= 0.5 * regions.area(region)
                if count >= LEAST_PIXELS and large:
                    best[region].append((count, label))
        for region, found in best.items():
            labels = [label for _, label in sorted(found, reverse=True)]
            if regions.separate:
                labels = labels[:1]
            if labels and not any(self.people[label].visible for label in labels):
                # Only hidden people: somebody else may be in their place, so compare colours.
                colours = histogram(bins[regions.map == region])
                labels = [
                    label
                    for label in labels
                    if likeness(colours, self.people[label].colours) >= SAME_COLOURS
                ][:1]
            claims[region] = labels
        if not regions.separate:
            self._behind(claims)
            self._whole_elsewhere(regions, claims)
        self._returning(regions, claims, bins)
        return claims

    def _behind(self, claims: dict[int, list[int]]) -> None:
        """Let hidden people claim the regions of those who hide them."""
        for person in self.people.values():
            if person.visible:
                continue
            for labels in claims.values():
                seen = any(
                    self._now - person.touched.get(label, -np.inf) < HIDDEN_BY_SECONDS
                    for label in labels
                )
                if seen and person.label not in labels:
                    labels.append(person.label)

    def _whole_elsewhere(self, regions: Regions, claims: dict[int, list[int]]) -> None:
        """Remove people who stand alone in one region from the regions of others."""
        alone = {
            labels[0]
            for region, labels in claims.items()
            if len(labels) == 1 and regions.area(region) >= 0.5 * self.people[labels[0]].area
        }
        for labels in claims.values():
            if len(labels) > 1 and not alone.issuperset(labels):
                labels[:] = [label for label in labels if label not in alone]

    def _returning(self, regions: Regions, claims: dict[int, list[int]], bins: Cells) -> None:
        """Assign unclaimed regions to hidden people whose colours match."""
        taken = {label for labels in claims.values() for label in labels}
        hidden = [p for p in self.people.values() if p.label not in taken]
        if not hidden:
            return
        for region, labels in claims.items():
            if labels or regions.area(region) < LEAST_PERSON * regions.map.size or not hidden:
                continue
            colours = histogram(bins[regions.map == region])
            x, y = regions.centre(region)

            def fit(person: Person, x: float = x, y: float = y, c: Floats = colours) -> float:
                far = np.hypot(person.centre[0] - x, person.centre[1] - y)
                reach = regions.map.shape[1] * (0.2 + 0.3 * (self._now - person.seen))
                return likeness(c, person.colours) if far <= reach else 0.0

            person = max(hidden, key=fit)
            if fit(person) >= SAME_COLOURS:
                labels.append(person.label)
                hidden.remove(person)

    def _absorb(self, claims: dict[int, list[int]]) -> None:
        """Merge a small newcomer into the person it touches: a hand that appeared first."""
        for labels in claims.values():
            if len(labels) < 2:
                continue
            main = max(labels, key=lambda label: self.people[label].area)
            for label in list(labels):
                person = self.people[label]
                young = self._now - person.born < YOUNG_SECONDS
                if label != main and young and person.area < SMALL * self.people[main].area:
                    for others in claims.values():
                        theirs = [main if other == label else other for other in others]
                        others[:] = dict.fromkeys(theirs)
                    del self.people[label]

    def _correct(
        self,
        regions: Regions,
        claims: dict[int, list[int]],
        moved: Mask,
        bins: Cells,
    ) -> dict[int, list[int]]:
        """Let colours decide who is who among people who touched within ``APART_SECONDS``.

        Also where one person's pixels lie in two large regions: a hidden person may be in one.
        """
        alone = {
            region: labels[0]
            for region, labels in claims.items()
            if len(labels) == 1 and regions.area(region) >= LEAST_PERSON * regions.map.size
        }
        group = {
            label
            for label in alone.values()
            if any(self._now - at < APART_SECONDS for at in self.people[label].touched.values())
        }
        group |= {
            other
            for label in group
            for other, at in self.people[label].touched.items()
            if other in self.people and self._now - at < APART_SECONDS
        }
        shared = {label for labels in claims.values() if len(labels) > 1 for label in labels}
        group -= shared
        theirs = [region for region, label in alone.items() if label in group]
        if len(group) < 2 or len(theirs) < 2:
            return claims
        scores = []
        for region in theirs:
            inside = regions.map == region
            colours = histogram(bins[inside])
            area = regions.area(region)
            for label in group:
                overlap = np.count_nonzero(moved[inside] == label) / area
                alike = likeness(colours, self.people[label].colours)
                far = np.hypot(*np.subtract(regions.centre(region), self.people[label].centre))
                if alike >= SAME_COLOURS and area >= 0.2 * self.people[label].area:
                    score = alike + 0.15 * overlap - 0.5 * float(far) / moved.shape[1]
                    scores.append((score, region, label))
        corrected = {region: list(labels) for region, labels in claims.items()}
        done_regions: set[int] = set()
        done_labels: set[int] = set()
        for _, region, label in sorted(scores, reverse=True):
            if region not in done_regions and label not in done_labels:
                corrected[region] = [label]
                done_regions.add(region)
                done_labels.add(label)
        return corrected

    def _newcomer(
        self,
        owner: Mask,
        regions: Regions,
        region: int,
        main_regions: dict[int, int],
        bins: Cells,
    ) -> None:
        """Assign an unclaimed region to the person it is a part of, or to a new person."""
        near = [
            (regions.gap(region, other), label)
            for label, other in main_regions.items()
            if regions.part_of(region, other)
        ]
        if near and not regions.separate:
            regions.paint(owner, region, min(near)[1])
        elif regions.area(region) < LEAST_PERSON * owner.size or len(self.people) >= MOST_PEOPLE:
            regions.paint(owner, region, _NOBODY)
        else:
            label = self._new(regions, region, bins)
            main_regions[label] = region
            regions.paint(owner, region, label)

    def _new(self, regions: Regions, region: int, bins: Cells) -> int:
        if len(self.people) >= MOST_PEOPLE:
            return _NOBODY
        label = self._next
        while label in self.people or not 0 < label < _NOBODY:
            label = (label + 1) % _NOBODY
        self._next = label + 1
        inside = regions.map == region
        self.people[label] = Person(
            label,
            inside.astype(np.uint8),
            float(regions.area(region)),
            histogram(bins[inside]),
            regions.centre(region),
            # Whoever is there from the start is no newcomer.
            born=self._now if self._begun else -np.inf,
            seen=self._now,
        )
        return label

    def _faint(self, seen: Floats, owner: Mask, moved: Mask) -> None:
        """Assign faint spots apart from all regions to their last owner, else to nobody."""
        count, spots = cv2.connectedComponents(np.asarray(seen > FAINT, np.uint8), connectivity=8)
        if count < 2:
            return
        with_region = np.zeros(count, bool)
        with_region[spots[owner > 0]] = True
        for spot in np.flatnonzero(~with_region):
            if spot == 0:
                continue
            inside = spots == spot
            before = np.bincount(moved[inside], minlength=256)
            label = int(before[1:].argmax()) + 1 if before[1:].any() else _NOBODY
            owner[inside] = label if label in self.people else _NOBODY

    def _remember(self, owner: Mask, regions: Regions, bins: Cells) -> None:
        """Update everyone's state from the pixels they have now."""
        counts = np.bincount(owner.ravel(), minlength=256)
        sharing: dict[int, set[int]] = {}
        for region, label in np.argwhere(regions.owned_counts(owner)).tolist():
            if region and label in self.people:
                sharing.setdefault(region, set()).add(label)
        touching: dict[int, set[int]] = {}
        for together in sharing.values():
            for label in together:
                touching.setdefault(label, set()).update(together - {label})
        for label, person in list(self.people.items()):
            area = int(counts[label])
            least = LEAST_SEEN * person.area if touching.get(label) or not person.visible else 0
            person.visible = area >= max(LEAST_PIXELS, least)
            share = area / max(person.area, 1.0)
            person.lost += max(0.0, WHOLE - share) * self._passed
            if not person.visible:
                if self._now - person.seen > FORGET_SECONDS:
                    del self.people[label]
                for other, at in person.touched.items():
                    if other in self.people and person.seen - at < HIDDEN_BY_SECONDS:
                        # Still behind the person they touched last: the contact goes on.
                        person.touched[other] = self.people[other].touched[label] = self._now
                continue
            person.seen = self._now
            inside = np.asarray(owner == label, np.uint8)
            moments = cv2.moments(inside, binaryImage=True)
            person.centre = (moments["m10"] / area, moments["m01"] / area)
            for other in touching.get(label, ()):
                person.touched[other] = self._now
            if any(self._now - at < HIDDEN_BY_SECONDS for at in person.touched.values()):
                if share >= WHOLE:
                    person.lost = 0.0
                continue  # partly hidden: shape and colours stay
            person.shape, person.lost = inside, 0.0
            # Someone half out of the picture or just back: learn slowly, so as not to forget.
            seconds = LEARN_SECONDS if 0.6 < share < 1.5 else UNSURE_SECONDS
            weight = smoothing(self._passed, seconds)
            person.area += weight * (area - person.area)
            person.colours = person.colours + weight * (
                histogram(bins[inside > 0]) - person.colours
            )
