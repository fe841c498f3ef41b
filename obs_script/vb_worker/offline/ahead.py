"""Work of several stages at once: each in a thread of its own, with a bounded number waiting.

NumPy, OpenCV, ONNX Runtime and FFmpeg release Python's lock while they work, so the stages do run
at the same time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import TypeVar

WAITING = 2  # results between two stages; frames can be large

Item = TypeVar("Item")
_END = object()


def ahead(items: Iterable[Item]) -> Generator[Item]:
    """Yield ``items``, made in a thread, ``WAITING`` ahead at most.

    An exception of theirs is raised here, after what came before it. Closing waits for the one that
    is being made.
    """
    source = iter(items)
    with ThreadPoolExecutor(1, "ahead") as thread:
        waiting = deque(thread.submit(next, source, _END) for _ in range(WAITING))
        try:
            while True:
                item = waiting.popleft().result()
                if item is _END:
                    return
                waiting.append(thread.submit(next, source, _END))
                yield item  # type: ignore[misc]
        finally:
            for future in waiting:
                future.cancel()


class Behind:
    """Runs calls one after the other in a thread; ``WAITING`` at most wait.

    A context manager; leaving it without an exception waits until all are done.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "behind")
        self._waiting: deque[Future[object]] = deque()
        self._failed = False

    def __enter__(self) -> Behind:
        return self

    def call(self, function: Callable[[], object]) -> None:
        """Have ``function`` called; raises what an earlier one raised. None follows on that one."""
        self._waiting.append(self._thread.submit(self._run, function))
        if len(self._waiting) > WAITING:
            self._waiting.popleft().result()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._thread.shutdown(cancel_futures=kind is not None)
        if kind is None:
            while self._waiting:
                self._waiting.popleft().result()

    def _run(self, function: Callable[[], object]) -> None:
        if self._failed:
            return
        try:
            function()
        except BaseException:
            self._failed = True
            raise
