"""A thread that serves the filters' requests to the script, asleep until one wakes it.

It calls only libobs's own functions, without the GIL; what needs obspython is posted to OBS's UI
thread.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from vb_link import layout, wake
from vb_link.slots import fence
from vb_script.assets import Assets

# How often it looks for new files and changed names.
ROUND_SECONDS = 2.0
# How often while OBS is opening a file.
OPENING_SECONDS = 0.05


class RequestThread:
    """The thread. ``on_request`` gets each request's text; ``on_round`` is called each round."""

    def __init__(
        self,
        segment: Any,
        waker: wake.Wake,
        assets: Assets,
        *,
        requests_done: int,
        on_request: Callable[[str], None],
        on_round: Callable[[], None],
        on_error: Callable[[Exception], None],
    ) -> None:
        self._segment = segment
        self._wake = waker
        self._assets = assets
        self.requests_done = requests_done
        self._on_request = on_request
        self._on_round = on_round
        self._on_error = on_error
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=self._work, name="virtual background requests", daemon=True
        )

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread and release the offers no filter has taken."""
        self._stop.set()
        self._wake.send()
        self._thread.join(5)
        if not self._thread.is_alive():
            self._assets.close()

    def _work(self) -> None:
        while not self._stop.is_set():
            opening = False
            try:
                opening = self._assets.answer()
                for text in self.new_requests():
                    self._on_request(text)
                self._on_round()
            except Exception as error:  # the next wish must still be answered
                self._on_error(error)
            self._wake.wait(OPENING_SECONDS if opening else ROUND_SECONDS)

    def new_requests(self) -> list[str]:
        """Return the requests since the last call; those already overwritten are lost."""
        count = int(self._segment.request_count)
        first = max(self.requests_done, count - layout.REQUESTS)
        fence()
        texts = [
            self._segment.requests[number % layout.REQUESTS].text.decode("utf-8", "replace")
            for number in range(first, count)
        ]
        self.requests_done = count
        return texts
