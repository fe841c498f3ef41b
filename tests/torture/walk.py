"""A random walk over everything that users, and bad luck, can do to the filters of a running OBS.

One seed is one walk: each step depends on the seed and on the steps before, never on time; and on
OBS's answers only where undo and redo change which filters there are. Inputs and scenes are not
removed, as OBS 29 and 30 by themselves free a scene item twice in about one of thirty removals
through obs-websocket.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from tests.bench.obs_cost import memory_mib
from tests.obs import plugins
from tests.obs.conftest import worker_pids
from tests.obs.painted import install_model
from tests.obs.stage import SCENE, Stage, person, wait_for
from tests.torture.blind_hand import BlindHand
from tests.torture.secret_camera import PRIVATE, SecretCamera
from tests.torture.window import Window
from vb_demo.obs_session import COLLECTION
from vb_link import folders
from vb_link.settings import (
    DEFAULT_BACKGROUND,
    FILTER_ID,
    SCENE_FILTER_ID,
    SCENE_SETTINGS,
    SETTINGS,
    Setting,
    defaults,
    scene_defaults,
)

CAMERAS = ("Camera", "Second")
ANCHOR = "Anchor"
OTHER_SCENE, OTHER_COLLECTION = "Other", "Other collection"
MODELS = ("selfie_landscape", "selfie_square", "gone", "mine")
MOST_FILTERS = 4  # of one camera
SIZES = ((640, 360), (320, 240), (1281, 723), (16, 9), (641, 2))
TRANSITIONS = ("Cut", "Fade")
WRONG = (1, 0.5, "true", "", None, {"wrong": True}, [{"wrong": 1}])  # from a remote control
NO_SECRET = 0x80  # red, which the secret room's colour lacks
REST_EVERY = 40  # steps between two looks at the memory


class Walk:
    """The walk on one stage. ``steps`` lists what was done, one line per step."""

    def __init__(self, stage: Stage, seed: int) -> None:
        self.stage = stage
        self.request = stage.obs.request
        self.chance = random.Random(seed)
        self.hand = BlindHand(stage.obs, self.chance)
        self.window = Window(stage, self.chance)
        self.secret = SecretCamera(stage, CAMERAS[1])
        self.steps: list[str] = []
        self.filters: dict[str, list[str]] = {name: [] for name in CAMERAS}
        self.own = False  # whether the second scene has a filter of its own
        self.made = 0
        self.studio = self.installed = False
        self.switches = self.kills = self.reloads = 0
        self.items: dict[str, int] = {}
        self.pictures: dict[str, list[Path]] = {name: [] for name in CAMERAS}
        self.memory: list[tuple[float, float]] = []  # at rest: MiB of OBS and of the worker
        self.actions: dict[str, tuple[int, Callable[[], str]]] = {
            "add": (8, self._add),
            "remove": (6, self._remove),
            "enable": (6, self._enable),
            "reorder": (5, self._reorder),
            "duplicate": (4, self._duplicate),
            "settings": (20, self._settings),
            "own background": (4, self._own),
            "scene": (7, self._scene),
            "studio mode": (2, self._studio),
            "item": (5, self._item),
            "resize": (6, self._resize),
            "worker": (4, self._worker),
            "model": (3, self._model),
            "reload": (2, self._reload),
            "collection": (1, self._collection),
            "ask": (3, self._ask),
            "hand": (3, self._hand),
            "wrong types": (4, self._wrong_types),
            "menu": (6, self._menu),
            "video": (2, self.window.video),
            "look": (4, partial(self.window.look, (*CAMERAS, SCENE, OTHER_SCENE))),
        }

    def set_up(self) -> None:
        """Put two cameras on two scenes."""
        for number, size in enumerate(SIZES):
            picture = cv2.resize(person(t=float(number), size=SIZES[0])[0], size)
            path = self.stage.save(f"size{number}", np.asarray(picture, np.uint8))
            self.pictures[CAMERAS[0]].append(path)
        self.pictures[CAMERAS[1]] = self.secret.pictures()
        for name in CAMERAS:
            file = {"file": str(self.pictures[name][0])}
            self.items[name] = self.stage.obs.add_input(SCENE, name, "image_source", file)
        self.request("CreateScene", {"sceneName": OTHER_SCENE})
        self.request("CreateSceneItem", {"sceneName": OTHER_SCENE, "sourceName": CAMERAS[0]})
        if plugins.loaded(self.stage, plugins.CLONE):
            self.stage.obs.add_input(SCENE, "Clone", plugins.CLONE, {"clone": CAMERAS[0]})
        # One filter stays all the time, as the user's own would.
        anchor = {**PRIVATE, "model": MODELS[0]}
        self.stage.obs.add_filter(CAMERAS[1], ANCHOR, FILTER_ID, anchor)
        for name in CAMERAS:
            self._add_to(name)

    def step(self) -> None:
        """Do the next thing."""
        names = list(self.actions)
        name = self.chance.choices(names, [self.actions[name][0] for name in names])[0]
        pause = self.chance.choice((0.0, 0.02, 0.1, 0.3))
        self.steps.append(f"{len(self.steps) + 1} {name}")
        detail = self.actions[name][1]()
        self.steps[-1] += f": {detail}"
        self.secret.look()
        time.sleep(pause)
        if len(self.steps) % REST_EVERY == 0:
            self.rest()

    def rest(self) -> None:
        """Remove all filters but one and note the memory; put one back."""
        self.steps[-1] += " (rest)"
        if self.studio:  # it has copies of the cameras, with their filters
            self._studio()
        for source in CAMERAS:
            while self.filters[source]:
                self._remove_from(source, self.filters[source][-1])
        wait_for(lambda: len(self.stage.channels()) == 1, 15, "removed filters' channels")
        time.sleep(0.5)
        pids = worker_pids(self.stage.obs.pid)
        self.memory.append((_mib(self.stage.obs.pid), _mib(pids[0]) if pids else 0.0))
        self._add_to(CAMERAS[0])

    # Filters

    def _add_to(self, source: str, settings: dict[str, Any] | None = None) -> str:
        self.made += 1
        name = f"Filter {self.made}"
        self.stage.obs.add_filter(source, name, FILTER_ID, settings or {})
        self.filters[source].append(name)
        return f"{name} on {source}"

    def _remove_from(self, source: str, name: str) -> None:
        self.request("RemoveSourceFilter", {"sourceName": source, "filterName": name})
        self.filters[source].remove(name)

    def _some(self) -> tuple[str, str] | None:
        source = self.chance.choice(CAMERAS)
        found = self.filters[source]
        return (source, self.chance.choice(found)) if found else None

    def _add(self) -> str:
        source = self.chance.choice(CAMERAS)
        if len(self.filters[source]) >= MOST_FILTERS:
            return "enough of them"
        return self._add_to(source)

    def _remove(self) -> str:
        some = self._some()
        if some is None:
            return "none"
        self._remove_from(*some)
        return f"{some[1]} of {some[0]}"

    def _enable(self) -> str:
        some = self._some()
        enabled = self.chance.random() < 0.6
        if some is None:
            return "none"
        self.request(
            "SetSourceFilterEnabled",
            {"sourceName": some[0], "filterName": some[1], "filterEnabled": enabled},
        )
        return f"{some[1]} {enabled}"

    def _reorder(self) -> str:
        some = self._some()
        place = self.chance.random()
        if some is None:
            return "none"
        index = int(place * len(self.filters[some[0]]))
        self.request(
            "SetSourceFilterIndex",
            {"sourceName": some[0], "filterName": some[1], "filterIndex": index},
        )
        return f"{some[1]} to {index}"

    def _duplicate(self) -> str:
        some = self._some()
        target = self.chance.choice(CAMERAS)
        if some is None or len(self.filters[target]) >= MOST_FILTERS:
            return "none"
        settings = self.request(
            "GetSourceFilter", {"sourceName": some[0], "filterName": some[1]}
        )["filterSettings"]  # fmt: skip
        return f"{some[1]} as {self._add_to(target, settings)}"

    def _values(self, rows: tuple[Setting, ...]) -> dict[str, Any]:
        return {
            row.key: self._value(row) for row in self.chance.sample(rows, self.chance.randint(1, 5))
        }

    def _value(self, row: Setting) -> Any:
        if row.kind == "float":
            return self.chance.uniform(row.minimum, row.maximum)
        if row.kind == "color":
            return self.chance.randrange(1 << 32) | NO_SECRET
        # A filter that is switched off does too little to be worth torturing.
        choices: dict[str, tuple[Any, ...]] = {
            "bool": (True,) if row.key == "active" else (True, False),
            "choice": row.choices,
            "model": MODELS,
            "compute": ("auto", "cpu", "nowhere"),
            "image": ("", str(self.pictures[CAMERAS[0]][0]), "/nowhere.png"),
            "source": ("", *CAMERAS, OTHER_SCENE, "Nobody"),
            "scene": ("", OTHER_SCENE, "Nobody"),
        }
        return self.chance.choice(choices.get(row.kind, ("",)))

    def _settings(self) -> str:
        some = self._some()
        values = self._values(SETTINGS)
        if some is None:
            return "none"
        self.stage.set_filter(*some, **values)
        return f"{some[1]} {values}"

    def _own(self) -> str:
        values = self._values(SCENE_SETTINGS)
        if not self.own:
            self.stage.obs.add_filter(OTHER_SCENE, "Own", SCENE_FILTER_ID, values)
        elif self.chance.random() < 0.3:
            self.request("RemoveSourceFilter", {"sourceName": OTHER_SCENE, "filterName": "Own"})
            self.own = False
            return "removed"
        else:
            self.stage.obs.set_filter(OTHER_SCENE, "Own", values)
        self.own = True
        return f"{values}"

    def _wrong_types(self) -> str:
        some = self._some()
        rows = self.chance.sample(SETTINGS, 4)
        wrong: dict[str, Any] = {row.key: self.chance.choice(WRONG) for row in rows}
        mended: dict[str, Any] = {}
        if some is None or some[0] == CAMERAS[1]:
            some, mended = (CAMERAS[1], ANCHOR), {**defaults(), "model": MODELS[0]}
            wrong = {key: value for key, value in wrong.items() if key not in PRIVATE}
        self.stage.set_filter(*some, **{**mended, **wrong, **(PRIVATE if mended else {})})
        return f"{some[1]} {wrong}"

    # OBS

    def _menu(self) -> str:
        source, target = self.chance.sample(CAMERAS, 2)
        room = len(self.filters[source]) + len(self.filters[target]) < MOST_FILTERS
        told = self.window.menu(source, target if room else None)
        # Filters come and go by undo and redo.
        for name in CAMERAS:
            found = self.request("GetSourceFilterList", {"sourceName": name})["filters"]
            names = [item["filterName"] for item in found if item["filterKind"] == FILTER_ID]
            self.filters[name] = [own for own in names if (name, own) != (CAMERAS[1], ANCHOR)]
        return told

    def _scene(self) -> str:
        scene = self.chance.choice((SCENE, OTHER_SCENE))
        transition = self.chance.choice(TRANSITIONS)
        self.request("SetCurrentSceneTransition", {"transitionName": transition})
        self.request("SetCurrentProgramScene", {"sceneName": scene})
        return f"{scene} by {transition}"

    def _studio(self) -> str:
        self.studio = not self.studio
        self.request("SetStudioModeEnabled", {"studioModeEnabled": self.studio})
        return f"{self.studio}"

    def _item(self) -> str:
        name, shown = self.chance.choice(CAMERAS), self.chance.random() < 0.7
        self.request(
            "SetSceneItemEnabled",
            {"sceneName": SCENE, "sceneItemId": self.items[name], "sceneItemEnabled": shown},
        )
        return f"{name} {shown}"

    def _resize(self) -> str:
        name, place = self.chance.choice(CAMERAS), self.chance.random()
        picture = self.pictures[name][int(place * len(self.pictures[name]))]
        self.request(
            "SetInputSettings", {"inputName": name, "inputSettings": {"file": str(picture)}}
        )
        return f"{name} {picture.name}"

    def _collection(self) -> str:
        for name in (OTHER_COLLECTION, COLLECTION):
            self.request("SetCurrentSceneCollection", {"sceneCollectionName": name})
            wait_for(partial(self._collection_is, name), 20, "the collection")
            time.sleep(0.5)
            self.switches += 1
        self.studio = False
        self.request("SetStudioModeEnabled", {"studioModeEnabled": False})
        return "there and back"

    def _collection_is(self, name: str) -> bool:
        found = self.request("GetSceneCollectionList")["currentSceneCollectionName"]
        return bool(found == name)

    def _reload(self) -> str:
        folder = Path(self.stage.obs.environment["RELOAD_FOLDER"])
        (folder / "go").touch()
        self.reloads += 1
        wait_for(partial(self._reloaded, folder / "done"), 20, "the reload")
        (folder / "done").unlink()
        return ""

    def _reloaded(self, done: Path) -> bool:
        """Change the transition, which OBS refuses while one is under way, and look again."""
        for name in TRANSITIONS[:: -1 if self.reloads % 2 else 1]:
            self.request("SetCurrentSceneTransition", {"transitionName": name})
        return done.exists()

    # The worker and the script

    def _worker(self) -> str:
        how = self.chance.choice((signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV, signal.SIGSTOP))
        self.kills += how != signal.SIGSTOP
        for pid in worker_pids(self.stage.obs.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, how)
                if how == signal.SIGSTOP:
                    time.sleep(0.4)
                    os.kill(pid, signal.SIGCONT)
        return how.name

    def _model(self) -> str:
        folder = folders.user_models_dir()
        self.installed = not self.installed
        if self.installed:
            folder.mkdir(parents=True, exist_ok=True)
            install_model(folder, "mine")
        else:
            shutil.rmtree(folder)
        return "installed" if self.installed else "removed"

    def _hand(self) -> str:
        return self.hand.use(CAMERAS[0])  # it may choose the room as a background

    def _ask(self) -> str:
        some = self._some()
        word = self.chance.choice(("copy", "default_scene", "undo_sync", "set_sync", "nonsense"))
        if some is None:
            return "none"
        if word == "copy":  # to all others, among which the private camera's filter stays private
            some = CAMERAS[1], ANCHOR
        words = {"default_scene": (OTHER_SCENE,), "set_sync": (*some, CAMERAS[0], "100")}
        self.stage.obs.ask(word, *words.get(word, some))
        if word == "default_scene":
            wait_for(self._uses_the_cameras, 10, "the scene with the camera's background")
            self.own = bool(self._own_settings())
        return word

    def _uses_the_cameras(self) -> bool:
        return all(
            own["background"] == DEFAULT_BACKGROUND and (own["own_layers"] or own["own_zones"])
            for own in self._own_settings()
        )

    def _own_settings(self) -> list[dict[str, Any]]:
        found = self.request("GetSourceFilterList", {"sourceName": OTHER_SCENE})["filters"]
        return [
            {**scene_defaults(), **item["filterSettings"]}
            for item in found
            if item["filterKind"] == SCENE_FILTER_ID
        ]


def _mib(pid: int) -> float:
    with contextlib.suppress(OSError):
        return memory_mib(pid)
    return 0.0
