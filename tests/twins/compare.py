"""Puts a running OBS into the states of states.py, one after the other, and compares the twins."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from tests.clips import write_clip
from tests.obs.stage import SCENE, Stage, wait_for
from tests.obs.twin import (
    BACKDROP,
    STOCK_NAME,
    Backdrop,
    Seen,
    Twins,
    card,
    greatest,
    obs_colour,
    psnr,
)
from tests.twins import states
from tests.twins.states import BELOW, COLOURS, GROUP, PICTURES, SIZE, VIDEO, State
from vb_demo.obs_session import SCRIPT

ITEMS_SCRIPT = Path(__file__).resolve().parents[1] / "obs" / "scripts" / "scene_items.py"
# So long a state is looked at until nothing differs: on a busy computer its mask may come late.
SECONDS = 60
# Where OBS's own two ways, with its filter and without, differ by a level, so may ours.
TOLERANCE, WHERE_OBS_DIFFERS = 1, 2


@dataclass(frozen=True)
class Result:
    """What a state looked like. ``obs_itself``: the greatest difference of OBS's own two ways, the
    stock filter and none, or None where nothing had to be excused by it."""

    state: State
    greatest: int
    psnr: float
    obs_itself: int | None
    drawn: bool

    @property
    def good(self) -> bool:
        excused = self.obs_itself is not None and self.obs_itself >= TOLERANCE
        return self.greatest <= (WHERE_OBS_DIFFERS if excused else TOLERANCE)

    def as_json(self) -> dict[str, Any]:
        """Return plain values; a PSNR without any difference is None."""
        return {
            **self.state, "greatest": self.greatest, "good": self.good, "drawn": self.drawn,
            "psnr": round(self.psnr, 1) if np.isfinite(self.psnr) else None,
            "obs_itself": self.obs_itself,
        }  # fmt: skip


def obs_options(folder: Path, canvas: str) -> dict[str, Any]:
    """Return what the OBS of a canvas is to be started with; ``folder`` is the script's."""
    colour_format, space = states.CANVASES[canvas]
    return {
        "profile": {"Video": {"ColorFormat": colour_format, "ColorSpace": space}},
        "scripts": ((SCRIPT, {}), (ITEMS_SCRIPT, {})),
        "environment": {"ITEMS_FOLDER": str(folder)},
    }


class Comparison:
    """The stage with all that a state may want; ``items_folder`` is that of ITEMS_SCRIPT."""

    def __init__(self, stage: Stage, items_folder: Path, pictures: Path | None = None) -> None:
        self._stage, self._items_folder, self._pictures = stage, items_folder, pictures
        self._files = {name: stage.save(name, image) for name, image in PICTURES.items()}
        self._transitions = itertools.cycle(("Fade", "Cut"))
        self._below = Backdrop(stage, COLOURS["grey"])
        self._twins = {
            False: Twins.of_picture(stage, PICTURES["opaque"]),
            True: Twins(stage, "ffmpeg_source", self._video(states.VIDEO, 4), number=" video"),
        }
        self._backgrounds = self._make_backgrounds()
        self._make_scenes()
        self._add_filters_below()

    def results(self, wanted: Sequence[State]) -> Iterator[Result]:
        """Give each state's result in turn."""
        for state in wanted:
            self._apply(state)
            yield self._look(state)

    def _video(self, name: str, channels: int) -> dict[str, Any]:
        image = PICTURES["half transparent"][..., :channels]
        file = self._stage.folder / f"{name}.mkv"
        pixels = "bgra" if channels == 4 else "bgr0"
        write_clip(file, [image] * 10, codec="ffv1", pixels=pixels)
        return {"local_file": str(file), "looping": True}

    def _make_backgrounds(self) -> dict[str, dict[str, Any]]:
        behind = self._stage.save("behind", card((500, 200), 1))
        self._stage.obs.request("CreateScene", {"sceneName": "Background"})
        self._stage.obs.add_input("Background", "Behind", "image_source", {"file": str(behind)})
        video = self._video("behind", 3)["local_file"]
        return {
            **{name: {"background": name} for name in states.BACKGROUNDS},
            "image": {"background": "image", "background_image": str(behind)},
            "video": {"background": "video", "background_video": video},
            "source": {"background": "source", "background_source": "Background"},
        }

    def _make_scenes(self) -> None:
        """Make the scenes around the twins', and one with the twins in a group."""
        request = self._stage.obs.request
        request("CreateScene", {"sceneName": "Grouped"})
        in_group = {
            name: self._show("Grouped", name)
            for name in (BACKDROP, *(n for twins in self._twins.values() for n in twins.items))
        }
        self._set_items([
            {"scene": "Grouped", "group": GROUP, "items": list(in_group.values())}
        ])  # fmt: skip
        self._places = {
            (container, video): (container, {name: items[name] for name in twins.items})
            for video, twins in self._twins.items()
            for container, items in ((SCENE, twins.items), (GROUP, in_group))
        }
        for inner, outer in (
            (SCENE, "Around"), ("Around", "Around that"), (SCENE, "Squeezed"),
            ("Grouped", "Around the group"),
        ):  # fmt: skip
            request("CreateScene", {"sceneName": outer})
            item = self._show(outer, inner)
            if outer == "Squeezed":
                self._transform(outer, item, {"scaleY": 0.55})

    def _show(self, scene: str, source: str) -> int:
        made = self._stage.obs.request(
            "CreateSceneItem", {"sceneName": scene, "sourceName": source}
        )
        return int(made["sceneItemId"])

    def _transform(self, scene: str, item: int, transform: dict[str, Any]) -> None:
        self._stage.obs.request(
            "SetSceneItemTransform",
            {"sceneName": scene, "sceneItemId": item, "sceneItemTransform": transform},
        )

    def _add_filters_below(self) -> None:
        half = np.zeros(SIZE[::-1], np.uint8)
        # An alpha that rounds to nothing leaves colour that OBS itself draws now so and now so.
        half[:, 100:] = np.linspace(8, 255, SIZE[0] - 100).astype(np.uint8)
        mask = str(self._stage.save("mask", half))
        for source in self._twins[False].items:
            for name, (kind, settings) in BELOW.items():
                file = {"image_path": mask} if name == "masked" else {}
                self._stage.obs.add_filter(source, name, kind, {**settings, **file})
                self._stage.obs.request(
                    "SetSourceFilterIndex",
                    {"sourceName": source, "filterName": name, "filterIndex": 0},
                )
                self._enable_filter(source, name, False)

    def _enable_filter(self, source: str, name: str, on: bool) -> None:
        self._stage.obs.request(
            "SetSourceFilterEnabled",
            {"sourceName": source, "filterName": name, "filterEnabled": on},
        )

    def _set_items(self, rows: list[dict[str, Any]]) -> None:
        """Let ITEMS_SCRIPT do it: it waits for an event, as a change of the transition is."""
        asked = self._items_folder / "go.new"
        asked.write_text(json.dumps(rows))
        asked.rename(self._items_folder / "go")
        done = self._items_folder / "done"

        def is_done() -> bool:
            self._stage.obs.request(
                "SetCurrentSceneTransition", {"transitionName": next(self._transitions)}
            )
            return done.exists()

        wait_for(is_done, 60, "the items were set")
        done.unlink()

    def _apply(self, state: State) -> None:
        request = self._stage.obs.request
        video, camera = state["camera"] == VIDEO, state["camera"]
        grouped = "roup" in state["scene"]
        container = GROUP if grouped else SCENE
        for is_video in self._twins:
            scene, items = self._places[container, is_video]
            for item in items.values():
                request(
                    "SetSceneItemEnabled",
                    {"sceneName": scene, "sceneItemId": item,
                     "sceneItemEnabled": is_video == video},
                )  # fmt: skip
        twins = self._twins[video]
        twins.scene, twins.items = self._places[container, video]
        if not video:
            file = self._files["opaque" if camera in BELOW else camera]
            for source in twins.items:
                request(
                    "SetInputSettings",
                    {"inputName": source, "inputSettings": {"file": str(file)}},
                )
                for name in BELOW:
                    self._enable_filter(source, name, name == camera)
        colour = COLOURS[state["colour"]]
        self._below.paint(colour)
        twins.set(
            timing=state["timing"], background_color=obs_colour(colour),
            **self._backgrounds[state["background"]],
        )  # fmt: skip
        twins.blend(f"OBS_BLEND_{state['mode']}")
        twins.transform(**self._scaled(camera, states.TRANSFORMS[state["transform"]]))
        self._set_items([
            {"scene": twins.scene, "item": item,
             "scale_filter": states.SCALE_FILTERS.index(state["scale filter"]),
             "method": states.METHODS.index(state["method"])}
            for item in twins.items.values()
        ])  # fmt: skip
        request("SetCurrentProgramScene", {"sceneName": state["scene"]})
        self._stage.wait_frames(8)

    @staticmethod
    def _scaled(camera: str, transform: dict[str, Any]) -> dict[str, Any]:
        """Return the transform so that a picture too large for its half of the canvas fits."""
        height, width = PICTURES.get(camera, PICTURES["opaque"]).shape[:2]
        x, y = min(1.0, 2 * SIZE[0] / width), min(1.0, 3 * SIZE[1] / height)
        return {
            **transform,
            "scaleX": transform.get("scaleX", 1.0) * x,
            "scaleY": transform.get("scaleY", 1.0) * y,
        }

    def _look(self, state: State) -> Result:
        twins = self._twins[state["camera"] == VIDEO]
        seen, end = self._seen(twins), time.monotonic() + SECONDS
        while seen.greatest > TOLERANCE and time.monotonic() < end:
            self._stage.wait_frames(10)
            seen = self._seen(twins)
        below = np.array(COLOURS[state["colour"]])
        drawn = bool((np.abs(seen.twin.astype(int) - below).max(axis=2) > TOLERANCE).any())
        itself = None
        if seen.greatest > TOLERANCE:
            first = twins.seen()
            with self._without_stock(twins):
                itself = greatest(first.twin, twins.seen().twin)
        result = Result(state, seen.greatest, psnr(seen.ours, seen.twin), itself, drawn)
        if self._pictures and not result.good:
            self._save(seen, self._pictures)
        return result

    @staticmethod
    def _seen(twins: Twins) -> Seen:
        """Look at both side by side and, where they differ, one after the other in each place."""
        seen = twins.seen()
        if seen.greatest <= TOLERANCE:
            return seen
        twins.exchange()
        other = twins.seen()
        twins.exchange()
        places = (Seen(seen.ours, other.twin), Seen(other.ours, seen.twin))
        return max(places, key=lambda place: place.greatest)

    @contextmanager
    def _without_stock(self, twins: Twins) -> Iterator[None]:
        self._enable_filter(twins.twin, STOCK_NAME, False)
        yield
        self._enable_filter(twins.twin, STOCK_NAME, True)

    @staticmethod
    def _save(seen: Seen, folder: Path) -> None:
        """Write ours, the twin and 16 times their difference side by side."""
        difference = cv2.absdiff(seen.ours, seen.twin)
        more = np.clip(difference.astype(int) * 16, 0, 255).astype(np.uint8)
        folder.mkdir(parents=True, exist_ok=True)
        number = len(list(folder.glob("*.png")))
        cv2.imwrite(str(folder / f"{number:03}.png"), np.hstack((seen.ours, seen.twin, more)))
