"""OBS on Linux, driven like the OBS of Windows: its pictures are the reference."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from tests.obs.stage import SCENE, Image, Stage
from tests.windows.obs_host import FPS, SIZE
from vb_demo.obs_session import ObsSession
from vb_link import places


class LinuxObs:
    """One OBS in ``folder``; a context manager."""

    def __init__(self, folder: Path) -> None:
        data = folder / "data"
        data.mkdir(parents=True, exist_ok=True)
        (data / "venv").symlink_to(sys.prefix)  # the worker runs in the environment of the tests
        self._session = ObsSession(
            folder, width=SIZE[0], height=SIZE[1], fps=FPS, preview=False,
            environment={places.DATA_VARIABLE: str(data)},
        )  # fmt: skip

    def __enter__(self) -> LinuxObs:
        self._session.start()
        self._stage = Stage(self._session)
        return self

    def __exit__(self, *error: object) -> None:
        self._session.stop()

    def backdrop(self, color: int) -> None:
        assert color
        self._stage.backdrop()

    def picture(self, name: str, image: Image) -> None:
        self._stage.picture(name, image)

    def save(self, name: str, image: Image) -> str:
        return str(self._stage.save(name, image))

    def add_filter(self, source: str, name: str, **settings: Any) -> None:
        self._stage.add_filter(source, name, **settings)

    def set(self, name: str, **settings: Any) -> None:
        source, _, filter_name = name.partition("/")
        self._stage.set_filter(source, filter_name, **settings)

    def settle(self) -> None:
        self._stage.settle(6)

    def shot(self) -> Image:
        return self._stage.shot(SCENE)
