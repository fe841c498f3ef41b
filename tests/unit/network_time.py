"""What a piece of work costs beside the default network, in one run: no clock decides a test."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from vb_link import folders
from vb_worker.models import find_models, open_model


def share_of_finding(work: Callable[[int], object], pictures: Sequence[NDArray[np.uint8]]) -> float:
    """Return the median time of ``work(n)`` over that of finding the person in ``pictures[n]``."""
    model = open_model(find_models([folders.models_dir()])["selfie_square"])
    worked, found = [], []
    for number, picture in enumerate(pictures):
        begin = time.perf_counter()
        work(number)
        middle = time.perf_counter()
        model(picture)
        worked.append(middle - begin)
        found.append(time.perf_counter() - middle)
    return float(np.median(worked) / np.median(found))
