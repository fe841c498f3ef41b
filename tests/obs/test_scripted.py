"""What the script does for the filters and the user: names, requests, hotkeys, its panel."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.obs.stage import CAMERA, FILTER, SCENE, Stage, person, wait_for
from vb_demo.obs_session import COLLECTION, SCRIPT
from vb_link import texts
from vb_link.ready_backgrounds import READY_BACKGROUNDS
from vb_link.settings import FILTER_ID, SCENE_FILTER_ID

SCRIPTS = Path(__file__).resolve().parent / "scripts"
ENGLISH = texts.load("en-US")
StartObs = Callable[..., Any]


def _camera(stage: Stage, name: str = CAMERA, **settings: Any) -> None:
    stage.picture(name, person()[0])
    stage.add_filter(name, **settings)


def _settings(stage: Stage, source: str, name: str = FILTER) -> dict[str, Any]:
    answer = stage.obs.request("GetSourceFilter", {"sourceName": source, "filterName": name})
    return dict(answer["filterSettings"])


def _scene_filters(stage: Stage, scene: str) -> list[str]:
    found = stage.obs.request("GetSourceFilterList", {"sourceName": scene})["filters"]
    return [filter_["filterName"] for filter_ in found if filter_["filterKind"] == SCENE_FILTER_ID]


def _ask(stage: Stage, *words: object) -> None:
    """Send a request, as the filter's panel does."""
    stage.obs.ask(*map(str, words))


def _answer(stage: Stage, key: str, *words: object, **details: object) -> None:
    """Send a request and wait for its sentence in the log."""
    sentence = ENGLISH[key].format(**details)
    stage.expected.append(sentence)
    before = stage.obs.log().count(sentence)
    _ask(stage, *words)
    wait_for(lambda: stage.obs.log().count(sentence) > before, 5, sentence)


# Names


def test_the_lists_of_names_follow_obs(stage: Stage) -> None:
    segment = stage.obs.segment()
    _camera(stage)
    stage.obs.request("CreateScene", {"sceneName": "背景 two"})
    stage.obs.add_input(SCENE, "Quiet", "color_source_v3", {})

    def named() -> bool:
        scenes = segment.scene_names.decode().split("\n")
        sources = segment.source_names.decode().split("\n")
        return {SCENE, "背景 two"} <= set(scenes) and {
            CAMERA, "Quiet", SCENE, "背景 two"} <= set(sources)  # fmt: skip

    wait_for(named, 6, "the names")
    assert segment.names_sequence % 2 == 0
    steady = segment.names_sequence
    stage.obs.request("RemoveScene", {"sceneName": "背景 two"})
    wait_for(lambda: b"two" not in segment.scene_names, 6, "the removed scene's name gone")
    assert segment.names_sequence == steady + 2


# Requests


def test_a_scene_gets_its_own_background_and_the_cameras_again(stage: Stage) -> None:
    _answer(stage, "Request.OwnScene", "own_scene", SCENE, name=SCENE)
    assert _scene_filters(stage, SCENE) == [ENGLISH["SceneFilterName"]]
    _answer(stage, "Request.OwnScene", "own_scene", SCENE, name=SCENE)
    assert len(_scene_filters(stage, SCENE)) == 1
    _answer(stage, "Request.DefaultScene", "default_scene", SCENE, name=SCENE)
    assert _scene_filters(stage, SCENE) == []


def test_requests_that_cannot_be_done_are_answered_in_words(stage: Stage) -> None:
    stage.picture(CAMERA, person()[0])
    _answer(stage, "Request.NoSource", "own_scene", "Nowhere", name="Nowhere")
    _answer(stage, "Request.NoScene", "own_scene", CAMERA, name=CAMERA)
    _answer(stage, "Request.NoFilter", "copy", CAMERA, "None", source=CAMERA, filter="None")
    _answer(stage, "Request.Unknown", "dance", "now", request="dance")


def test_settings_are_copied_to_all_other_cameras(stage: Stage) -> None:
    _camera(stage, background="color", background_color=0xFF112233, grow=-2.5)
    _camera(stage, "Second", background="transparent", shadow=0.5)
    stage.obs.request("CreateScene", {"sceneName": "Other"})
    stage.obs.add_filter("Other", "On a scene", FILTER_ID, {"threshold": 0.1})
    _answer(stage, "Request.Copied", "copy", CAMERA, FILTER, count=2)
    for source, name in (("Second", FILTER), ("Other", "On a scene")):
        copied = _settings(stage, source, name)
        assert copied["background"] == "color" and copied["background_color"] == 0xFF112233
        assert copied["grow"] == -2.5
        assert (copied["shadow"], copied["threshold"]) == (0.0, 0.5)
    stage.obs.request("RemoveScene", {"sceneName": "Other"})
    wait_for(lambda: len(stage.channels()) == 2, 5, "the removed scene's channel")


def test_a_preset_is_saved_and_loaded(stage: Stage, tmp_path: Path) -> None:
    _camera(stage, background="color", threshold=0.25)
    preset = tmp_path / "preset.json"
    _answer(stage, "Request.Saved", "save_preset", CAMERA, FILTER, preset, path=preset)
    stage.set_filter(background="blur", threshold=0.9, light_wrap=0.3)
    _answer(stage, "Request.Loaded", "load_preset", CAMERA, FILTER, preset, path=preset)
    loaded = _settings(stage, CAMERA)
    assert (loaded["background"], loaded["threshold"]) == ("color", 0.25)
    assert loaded["light_wrap"] == 0.0
    preset.write_text("a letter")
    _answer(stage, "Preset.NotOurs", "load_preset", CAMERA, FILTER, preset, path=preset)
    _answer(stage, "Preset.NotOurs", "save_preset", CAMERA, FILTER, preset, path=preset)
    assert preset.read_text() == "a letter"
    assert _settings(stage, CAMERA) == loaded


# Hotkeys


def _press(stage: Stage, action: str) -> None:
    stage.obs.request("TriggerHotkeyByName", {"hotkeyName": f"virtual_background.{action}"})


def _becomes(stage: Stage, source: str, key: str, value: object) -> None:
    wait_for(lambda: _settings(stage, source).get(key) == value, 3, f"{source}: {key} is {value}")


def test_the_toggle_switches_all_filters(stage: Stage) -> None:
    _camera(stage)
    _camera(stage, "Second", active=False)
    _press(stage, "toggle")
    _becomes(stage, CAMERA, "active", False)
    _becomes(stage, "Second", "active", False)
    _press(stage, "toggle")
    _becomes(stage, CAMERA, "active", True)
    _becomes(stage, "Second", "active", True)


def test_next_and_previous_go_round_the_backgrounds(stage: Stage, tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        cv2.imwrite(str(tmp_path / name), np.zeros((8, 8, 3), np.uint8))
    (tmp_path / "notes.txt").write_text("no picture")
    _camera(stage, background="color", background_image=str(tmp_path / "a.png"))
    for background in ("blur", READY_BACKGROUNDS[0], READY_BACKGROUNDS[1]):
        _press(stage, "next")
        _becomes(stage, CAMERA, "background", background)
    stage.set_filter(background=READY_BACKGROUNDS[-1])
    for background, picture in (("image", "a.png"), ("image", "b.png"), ("transparent", "b.png")):
        _press(stage, "next")
        _becomes(stage, CAMERA, "background", background)
        _becomes(stage, CAMERA, "background_image", str(tmp_path / picture))
    _press(stage, "previous")
    _becomes(stage, CAMERA, "background", "image")


def test_a_scenes_own_background_is_stepped_before_the_cameras(stage: Stage) -> None:
    _camera(stage, background="blur")
    _answer(stage, "Request.OwnScene", "own_scene", SCENE, name=SCENE)
    (own,) = _scene_filters(stage, SCENE)
    stage.set_filter(SCENE, own, background="color")
    _press(stage, "next")
    wait_for(lambda: _settings(stage, SCENE, own)["background"] == "blur", 3, "a step")
    assert _settings(stage, CAMERA)["background"] == "blur"
    stage.set_filter(SCENE, own, background="default")
    _press(stage, "next")
    _becomes(stage, CAMERA, "background", READY_BACKGROUNDS[0])
    assert _settings(stage, SCENE, own)["background"] == "default"
    _answer(stage, "Request.DefaultScene", "default_scene", SCENE, name=SCENE)


def test_panic_is_set_at_once_and_said_in_every_status_line(stage: Stage) -> None:
    _camera(stage)
    segment = stage.obs.segment()
    channel = stage.channels()[0]
    _press(stage, "panic")
    wait_for(lambda: segment.panic, 1, "panic")
    sentence = ENGLISH["Status.Panic"].encode()
    wait_for(lambda: channel.status.startswith(sentence), 3, "the status line")
    _press(stage, "panic")
    wait_for(lambda: not segment.panic, 1, "the end of panic")
    wait_for(lambda: not channel.status.startswith(sentence), 3, "the status line")


@pytest.mark.versions
def test_hotkeys_are_kept_in_the_scene_collection(start_obs: StartObs) -> None:
    keys = [{"key": "OBS_KEY_F9", "control": True}]
    with start_obs(scripts=((SCRIPT, {"hotkey_panic": keys}),)) as stage:
        segment = stage.obs.segment()
        stage.obs.request(
            "TriggerHotkeyByKeySequence",
            {"keyId": "OBS_KEY_F9", "keyModifiers": {"control": True}},
        )
        wait_for(lambda: segment.panic, 2, "panic by its key")
        scenes = stage.folder / "config" / "obs-studio" / "basic" / "scenes"
    (path,) = scenes.glob(f"{COLLECTION.replace(' ', '_')}.json")
    (saved,) = json.loads(path.read_text())["modules"]["scripts-tool"]
    assert saved["settings"]["hotkey_panic"] == keys


# The panel


def says(text: str, sentence: str) -> bool:
    """Return whether a text of the panel, which is broken into lines, has the sentence in it."""
    return "".join(sentence.split()) in "".join(text.split())


class Panel:
    """The script's panel in an OBS with the helper script."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        self._stage, self._folder = stage, folder
        self._studio = False

    def press(self, button: str = "", **chosen: str) -> dict[str, Any]:
        """Choose, press, and return what the panel then shows."""
        (self._folder / "press.new").write_text(json.dumps({"button": button, "chosen": chosen}))
        (self._folder / "press.new").rename(self._folder / "press")
        self._studio = not self._studio  # an event, so that the helper script is called
        self._stage.obs.request("SetStudioModeEnabled", {"studioModeEnabled": self._studio})
        shown = self._folder / "shown"
        wait_for(shown.exists, 5, "the panel")
        found: dict[str, Any] = json.loads(shown.read_text())
        shown.unlink()
        return found


@pytest.mark.versions
def test_the_panel_shows_and_sets_every_scenes_background(
    start_obs: StartObs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PANEL_FOLDER", str(tmp_path))
    with start_obs(scripts=((SCRIPT, {}), (SCRIPTS / "panel.py", {}))) as stage:
        stage.expected += [
            ENGLISH[key].split("{")[0] or ENGLISH[key].split("}")[1]
            for key in ("Request.OwnScene", "Request.DefaultScene", "Request.Copied",
                        "Request.Saved", "Request.Loaded", "Preset.NoPath")
        ]  # fmt: skip
        panel = Panel(stage, tmp_path)
        stage.obs.request("CreateScene", {"sceneName": "Beach"})
        _camera(stage, threshold=0.25)
        _camera(stage, "Second")
        default = ENGLISH["Background.default"]
        shown = panel.press()
        assert shown["scene"] == [SCENE, "Beach"]
        assert shown["camera"] == [CAMERA, "Second"]
        assert says(shown["backgrounds"], f"{SCENE}: {default} Beach: {default}")
        assert says(shown["summary"], "with the filter: 2")

        shown = panel.press("own_scene", scene="Beach")
        (own,) = _scene_filters(stage, "Beach")
        assert _scene_filters(stage, SCENE) == []
        assert says(shown["news"], ENGLISH["Request.OwnScene"].format(name="Beach"))
        stage.obs.set_filter("Beach", own, {"background": "color", "background_color": 0xFF0000FF})
        shown = panel.press("refresh")
        assert says(shown["backgrounds"], f"Beach: {ENGLISH['Background.color']} #ff0000")

        panel.press("default_scene", scene="Beach")
        assert _scene_filters(stage, "Beach") == []

        panel.press("copy", camera=f"{CAMERA}\n{FILTER}")
        _becomes(stage, "Second", "threshold", 0.25)
        preset = tmp_path / "preset.json"
        panel.press("save_preset", camera=f"{CAMERA}\n{FILTER}", preset_save=str(preset))
        assert json.loads(preset.read_text())["settings"]["threshold"] == 0.25
        stage.set_filter("Second", threshold=0.75)
        panel.press("load_preset", camera=f"Second\n{FILTER}", preset_load=str(preset))
        _becomes(stage, "Second", "threshold", 0.25)
        shown = panel.press("save_preset")
        assert says(shown["news"], ENGLISH["Preset.NoPath"])


def test_filters_on_a_scene_and_on_a_scene_in_it_do_not_freeze_obs(start_obs: StartObs) -> None:
    # OBS saves a source's filters under a mutex that drawing takes too: see
    # leave_to_libobs in libobs.lua.
    with start_obs() as stage:
        stage.obs.request("CreateScene", {"sceneName": "Inner"})
        stage.picture(CAMERA, person()[0], scene="Inner")
        stage.obs.request("CreateSceneItem", {"sceneName": SCENE, "sourceName": "Inner"})
        for scene in ("Inner", SCENE):
            stage.add_filter(scene, background="transparent")
        sentence = ENGLISH["Request.Copied"].format(count=1)
        stage.expected.append(sentence)
        for _ in range(400):
            stage.obs.ask("copy", "Inner", FILTER)
            time.sleep(0.02)
        wait_for(lambda: stage.obs.log().count(sentence) >= 300, 5, "the copies")
        stage.wait_frames(10)


# Events for remote controls


def _example() -> str:
    page = (Path(__file__).resolve().parents[2] / "docs" / "settings.md").read_text("utf-8")
    return page.split("```python\n")[1].split("```")[0]


def test_the_documented_example_prints_what_hotkeys_and_others_change(stage: Stage) -> None:
    _camera(stage, background="transparent")
    stage.wait_for_mask()
    client = stage.obs.connect()
    environment = {**os.environ, "OBS_PORT": str(client.base_client.port),
                   "OBS_PASSWORD": str(client.base_client.password)}  # fmt: skip
    client.disconnect()
    heard: list[tuple[str, dict[str, Any]]] = []
    with subprocess.Popen(
        [sys.executable, "-c", _example()], env=environment, stdout=subprocess.PIPE, text=True
    ) as example:
        assert example.stdout is not None
        lines = example.stdout

        def read() -> None:
            for line in lines:
                event, content = line.split(" ", 1)
                heard.append((event, json.loads(content)))

        threading.Thread(target=read, daemon=True).start()
        try:
            # What changes before the example listens is not heard: so it changes again and again.
            strengths = itertools.count(10)

            def changed(*keys: str) -> list[dict[str, Any]]:
                return [c for _, c in heard if c.get("changed", {}).keys() == set(keys)]

            def listens() -> bool:
                stage.set_filter(blur_strength=float(next(strengths)))
                time.sleep(0.3)
                return bool(changed("blur_strength"))

            wait_for(listens, 20, "the example hears something")
            first = changed("blur_strength")[0]
            assert (first["sourceName"], first["filterName"]) == (CAMERA, FILTER)
            assert first["filterKind"] == FILTER_ID

            _press(stage, "next")
            wait_for(
                lambda: "color" in [c.get("changed", {}).get("background") for _, c in heard],
                5, "the next background",
            )  # fmt: skip

            def covered() -> list[bool]:
                return [c["panic"] for _, c in heard if "panic" in c][-1:]

            _press(stage, "panic")
            wait_for(lambda: covered() == [True], 5, "the emergency cover")
            _press(stage, "panic")
            wait_for(lambda: covered() == [False], 5, "the picture again")
        finally:
            example.kill()
