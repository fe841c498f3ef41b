"""Takes screenshots of a running OBS continuously, as a remote control with a preview does."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import obsws_python.error

from vb_demo.obs_session import ObsSession


@contextmanager
def shooting(session: ObsSession, sources: Sequence[str]) -> Iterator[list[int]]:
    """Let one client per source take screenshots; the list counts those of each.

    A source that does not exist now is tried again. Raises ConnectionError at the end if OBS
    stopped answering one of them.
    """
    # It would log each missing source.
    logging.getLogger("obsws_python").setLevel(logging.CRITICAL)
    taken, failures, over = [0] * len(sources), [], threading.Event()
    clients = [session.connect() for _ in sources]

    def shoot(index: int) -> None:
        asked = {
            "sourceName": sources[index], "imageFormat": "jpg",
            "imageWidth": 320, "imageHeight": 180,
        }  # fmt: skip
        while not over.is_set():
            try:
                clients[index].send("GetSourceScreenshot", asked, raw=True)
            except obsws_python.error.OBSSDKRequestError:
                over.wait(0.05)
            except Exception as error:
                failures.append(f"{sources[index]}: {error!r}")
                return
            else:
                taken[index] += 1

    threads = [threading.Thread(target=shoot, args=(index,)) for index in range(len(sources))]
    for thread in threads:
        thread.start()
    try:
        yield taken
    finally:
        over.set()
        for thread in threads:
            thread.join()
        for client in clients:
            client.disconnect()
    if failures:
        raise ConnectionError("; ".join(failures))
