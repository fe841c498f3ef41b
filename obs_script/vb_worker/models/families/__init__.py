"""Families of models, one file each: its class and its declaration (see family.py).

To add a family, write its file and list its declaration here.
"""

from __future__ import annotations

from vb_worker.models.families import (
    alpha,
    class_index,
    depth,
    grabcut,
    instances,
    probability,
    recurrent,
    scores,
)
from vb_worker.models.family import Family
from vb_worker.models.manifest import Manifest

# In the order in which they are tried on an unknown graph.
FAMILIES: dict[str, Family] = {
    family.kind: family
    for family in (
        instances.FAMILY,
        class_index.FAMILY,
        recurrent.FAMILY,
        scores.TWO_LOGITS,
        scores.CLASS_SCORES,
        probability.FAMILY,
        depth.FAMILY,
        alpha.FAMILY,
        grabcut.FAMILY,
    )
}


def family_of(manifest: Manifest) -> Family:
    """Return the family that a model belongs to."""
    return FAMILIES[manifest.kind]


def finds_person(manifest: Manifest) -> bool:
    """Return whether a model segments people (and does not, say, estimate depth)."""
    return family_of(manifest).finds_person
