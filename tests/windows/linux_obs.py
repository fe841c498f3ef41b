"""OBS on Linux, driven like the OBS of Windows: its pictures are the reference."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.obs.stage import SCENE, Image, Stage, wait_for
from tests.windows import answers, scenes
from tests.windows.obs_host import FPS, MASK_SECONDS, SIZE
from tests.windows.wine import BenchError
from vb_demo.obs_session import ObsSession
from vb_link import folders, layout, sentences
from vb_link.settings import FILTER_ID


class LinuxObs:
    """One OBS in ``folder``; a context manager."""

    def __init__(self, folder: Path) -> None:
        data = folder / "data"
        data.mkdir(parents=True, exist_ok=True)
        scenes.add_depth_model(data / "models")
        (data / "venv").symlink_to(sys.prefix)  # the worker runs in the environment of the tests
        self._session = ObsSession(
            folder, width=SIZE[0], height=SIZE[1], fps=FPS, preview=False,
            environment={folders.DATA_VARIABLE: str(data)},
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

    def add_filter(self, source: str, name: str, kind: str = FILTER_ID, **settings: Any) -> None:
        if kind == FILTER_ID:
            settings = {"governor": "off", **settings}
        self._session.add_filter(source, name, kind, settings)

    def set(self, name: str, **settings: Any) -> None:
        source, _, filter_name = name.partition("/")
        if filter_name:
            self._session.set_filter(source, filter_name, settings)
        else:
            changed = {"inputName": source, "inputSettings": settings}
            self._session.request("SetInputSettings", changed)

    def press(self, hotkey: str) -> None:
        self._session.request("TriggerHotkeyByName", {"hotkeyName": hotkey})

    def masks(self) -> int:
        return sum(c.state == layout.STATE_MASK for c in self._stage.channels())

    def models(self) -> list[str]:
        return [sentences.english(channel.report_model) for channel in self._stage.channels()]

    def wait_for(self, condition: Callable[[], Any], what: str) -> Any:
        try:
            return wait_for(condition, MASK_SECONDS, what)
        except AssertionError as error:
            log = self._session.log().strip().splitlines()[-1]
            raise BenchError(f"Linux's OBS: {error} (its log ends with: {log})") from error

    def wait_frames(self, frames: int) -> None:
        self._stage.wait_frames(frames)

    def settle(self) -> None:
        self._stage.settle(6)

    def masks_made(self) -> int:
        return answers.masks_made(self._session.segment())

    def is_away(self) -> bool:
        return any(channel.away for channel in self._stage.channels())

    def wait_for_answers(self, depth: bool) -> None:
        segment = self._session.segment()
        self.wait_for(
            lambda: not answers.awaited(segment) and depth == answers.has_depth(segment),
            f"what was asked for, and {'a' if depth else 'no'} depth map",
        )

    def shot(self) -> Image:
        return self._stage.shot(SCENE)
