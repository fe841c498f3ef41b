"""A stranger's script: a Python thread that calls OBS 1,000 times a second, holding the GIL.

It froze every design whose Python ran under OBS's locks. ``hammer.count`` in the folder named
by HAMMER_FOLDER says how far it got.
"""

import os
import threading
import time
from pathlib import Path

import obspython as obs

_FILE = Path(os.environ["HAMMER_FOLDER"]) / "hammer.count"


def _hammer(stop: threading.Event) -> None:
    # OBS loads scripts anew with each scene collection.
    count = int(_FILE.read_text() or 0) if _FILE.exists() else 0
    while not stop.is_set():
        obs.obs_enter_graphics()
        obs.obs_leave_graphics()
        source = obs.obs_get_source_by_name("Camera")
        if source is not None:
            obs.obs_source_get_width(source)
            obs.obs_source_get_height(source)
            obs.obs_source_release(source)
        scene_source = obs.obs_get_source_by_name("Scene")
        if scene_source is not None:
            items = obs.obs_scene_enum_items(obs.obs_scene_from_source(scene_source))
            obs.sceneitem_list_release(items)
            obs.obs_source_release(scene_source)
        count += 1
        if count % 100 == 0:
            _FILE.write_text(str(count))
        time.sleep(0.001)


_running: list[tuple[threading.Event, threading.Thread]] = []


def script_load(settings: object) -> None:
    stop = threading.Event()
    thread = threading.Thread(target=_hammer, args=(stop,), daemon=True)
    _running.append((stop, thread))
    thread.start()


def script_unload() -> None:
    while _running:
        stop, thread = _running.pop()
        stop.set()
        thread.join(5)
