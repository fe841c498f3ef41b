"""How a network's own time is measured, and how much of it is allowed: the only place for both.

It is measured as the worker runs it beside OBS: on ``THREADS`` threads, after ``WARM_UP`` runs,
with a pause of a camera's frame after each run (a run without one finds its weights in the
processor's cache). Other programs only add to a run's time, so the quickest tenth shows its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from vb_worker.matte.quality import Quality

# A second thread waits for OBS's: measured beside OBS, it made masks up to three times late.
THREADS = 1
WARM_UP = 5  # runs: the first ones allocate memory, and the processor is not at its full clock yet
RUNS = 30
PAUSE = 1 / 30  # seconds
QUICKEST = 10  # percentile
OTHER_MS = 3.0  # of a mask's time: all but the network
BUSY = 3.0  # on a busy computer a network was seen to look up to so many times as slow as it is


def own_ms(
    run: Callable[[], object],
    *,
    by_cpu: bool,
    clock: Callable[[], float] = time.perf_counter,
    cpu_clock: Callable[[], float] = time.thread_time,
    pause: Callable[[float], None] = time.sleep,
) -> float:
    """Return a network's own time for a run, in ms.

    ``run`` runs it once. ``by_cpu``: all its work is done by this thread, so that the processor's
    time for it, which leaves other programs out, counts where that is less. The clocks return
    seconds.
    """
    times = []
    for _ in range(WARM_UP):
        run()
    cpu = 0.0
    for _ in range(RUNS):
        begin, cpu_begin = clock(), cpu_clock()
        run()
        cpu += cpu_clock() - cpu_begin
        times.append(clock() - begin)
        pause(PAUSE)
    own = float(np.percentile(times, QUICKEST))
    if by_cpu and cpu:  # 0 where that clock is coarse
        own = min(own, cpu / RUNS)
    return own * 1e3


def fits(ms: float, quality: Quality) -> bool:
    """Return whether masks come in time with a network that takes ``ms`` for a run."""
    return ms * quality.runs + OTHER_MS <= quality.budget_ms


def may_fit(ms: float, quality: Quality) -> bool:
    """Return whether ``ms``, if measured on a busy computer, may be that of a network that fits."""
    return fits(ms / BUSY, quality)
