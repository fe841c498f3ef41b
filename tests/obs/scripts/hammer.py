"""A stranger's script: a Python thread that calls OBS 1,000 times a second, holding the GIL.

It froze every design whose Python ran under OBS's locks. ``hammer.count`` in the folder named
by HAMMER_FOLDER says how far it got.
"""

import os
import threading
import time
from pathlib import Path

import obspython as obs

_stop = threading.Event()


def _hammer() -> None:
    count = 0
    while not _stop.is_set():
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
            (Path(os.environ["HAMMER_FOLDER"]) / "hammer.count").write_text(str(count))
        time.sleep(0.001)


_thread = threading.Thread(target=_hammer, daemon=True)


def script_load(settings: object) -> None:
    _thread.start()


def script_unload() -> None:
    _stop.set()
    _thread.join(5)
