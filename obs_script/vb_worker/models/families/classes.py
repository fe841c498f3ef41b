"""Guessing which class is people, for families whose output is classes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from vb_worker.models.family import Change
from vb_worker.models.manifest import OutputSpec

# The index of people in common training sets: COCO 0 or 1 (counted from 0 or from 1),
# Cityscapes 11, ADE 12, VOC 15.
_USUAL = (1, 0, 11, 12, 15)


def every_person(output: OutputSpec, classes: int) -> Iterator[OutputSpec]:
    """Yield ``output`` with each class in turn as people."""
    for person in range(classes):
        yield replace(output, person=person)


def usual_people(output: OutputSpec, _: int) -> Iterator[OutputSpec]:
    """Yield ``output`` with each class that is people in a common training set."""
    for person in _USUAL:
        yield replace(output, person=person)


def other_people(output: OutputSpec, classes: int) -> Iterator[Change]:
    """Yield ("output.person", ``output`` with another class) for each class but the current one."""
    for told in every_person(output, classes):
        if told.person != output.person:
            yield "output.person", told
