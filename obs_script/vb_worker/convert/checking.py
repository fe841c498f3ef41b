"""Measuring how much a converted network differs from its source."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vb_worker.convert.errors import ConversionError

EXACT = 1e-3  # of the reference's range, for conversions that should change nothing
LEAST_OVERLAP = 0.995  # for those that trade exactness for size or speed


@dataclass(frozen=True)
class Difference:
    """Largest and mean absolute difference, the reference's range, and how the masks overlap.

    ``overlap``: the smallest intersection over union of any picture's masks at 0.5.
    """

    largest: float
    mean: float
    span: float
    overlap: float

    def __str__(self) -> str:
        return (
            f"largest difference {self.largest:.2e}, mean {self.mean:.2e} "
            f"(range {self.span:.3g}), overlap of masks {self.overlap:.4f}"
        )


def compare(
    reference: Callable[[Any], NDArray[Any]],
    made: Callable[[Any], NDArray[Any]],
    inputs: Iterable[Any],
) -> Difference:
    """Run both on every input. Raises ConversionError if shapes differ or for NaN or infinity."""
    largest = mean = 0.0
    low, high, overlap = np.inf, -np.inf, 1.0
    count = 0
    for tensor in inputs:
        expected, got = np.array(reference(tensor), np.float64), np.array(made(tensor), np.float64)
        if expected.shape != got.shape:
            raise ConversionError(
                f"The result answers with shape {list(got.shape)} instead of "
                f"{list(expected.shape)}."
            )
        if not np.isfinite(got).all():
            raise ConversionError("The result is not a number.")
        difference = np.abs(expected - got)
        largest = max(largest, float(difference.max()))
        mean += float(difference.mean())
        low, high = min(low, float(expected.min())), max(high, float(expected.max()))
        a, b = expected > 0.5, got > 0.5
        if a.any() or b.any():
            overlap = min(overlap, float((a & b).sum() / (a | b).sum()))
        count += 1
    return Difference(largest, mean / max(count, 1), float(high - low), overlap)


def refuse_inexact(found: Difference) -> None:
    """Raise ConversionError if a conversion that should change nothing did."""
    bound = EXACT * max(found.span, 1.0)
    if found.largest > bound:
        raise ConversionError(
            f"The result is not the same network: {found}; at most {bound:.1e} is accepted, so "
            "nothing was written."
        )


def refuse_worse(found: Difference) -> None:
    """Raise ConversionError if the masks differ too much."""
    if found.overlap < LEAST_OVERLAP:
        raise ConversionError(
            f"The result finds another person: {found}; an overlap of at least {LEAST_OVERLAP} "
            "is asked for, so nothing was written."
        )
