"""Makes OBS's window do what its menu entries do, without a mouse.

WINDOW_FOLDER/press holds one command per line: ``select NAME`` selects the item of that source in
the shown scene, ``trigger NAME`` triggers the QAction of that name (Qt 6 only), anything else is a
slot of the window without arguments. When they are done WINDOW_FOLDER/pressed holds the command
that failed, after which the rest were left out, or is empty.
"""

from __future__ import annotations

import ctypes
import os
import threading
from pathlib import Path

import obspython as obs

FOLDER = Path(os.environ["WINDOW_FOLDER"])
_BLOCKING = 3  # Qt::BlockingQueuedConnection
_RECURSIVELY = 1  # Qt::FindChildrenRecursively
_UI_TASK = 0  # OBS_TASK_UI
_INVOKE = (
    "_ZN11QMetaObject12invokeMethodEP7QObjectPKcN2Qt14ConnectionTypeE22QGenericReturnArgument"
    "16QGenericArgumentS7_S7_S7_S7_S7_S7_S7_S7_S7_"
)
_FIND = (
    "_Z20qt_qFindChild_helperPK7QObject14QAnyStringViewRK11QMetaObject"
    "6QFlagsIN2Qt15FindChildOptionEE"
)
_META = "_ZN7QObject16staticMetaObjectE"


class _Argument(ctypes.Structure):
    """QGenericArgument and QGenericReturnArgument."""

    _fields_ = (("data", ctypes.c_void_p), ("name", ctypes.c_char_p))


class _View(ctypes.Structure):
    """QAnyStringView of UTF-8."""

    _fields_ = (("data", ctypes.c_char_p), ("size", ctypes.c_size_t))


def press(slot: str) -> bool:
    """Call a slot of the window on its own thread; return when it has been called."""
    window = _window()
    return window is not None and _invoke(window, slot)


def trigger(action: str) -> bool:
    """Do what a click on a menu entry or a button of a toolbar does."""
    found = _find(action)
    return found is not None and _invoke(found, "trigger")


def _window() -> int | None:
    process = ctypes.CDLL(None)  # releases the GIL
    process.obs_frontend_get_main_window.restype = ctypes.c_void_p
    window: int | None = process.obs_frontend_get_main_window()
    return window


def _invoke(target: int, member: str) -> bool:
    invoke = ctypes.CDLL(None)[_INVOKE]
    invoke.restype = ctypes.c_bool
    invoke.argtypes = (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, *[_Argument] * 11)
    return bool(invoke(target, member.encode(), _BLOCKING, *[_Argument()] * 11))


def _find(name: str) -> int | None:
    """Return the window's descendant of that name, which only its own thread may look for."""
    process = ctypes.CDLL(None)
    find = process[_FIND]
    find.restype = ctypes.c_void_p
    find.argtypes = (ctypes.c_void_p, _View, ctypes.c_void_p, ctypes.c_int)
    meta = ctypes.addressof(ctypes.c_char.in_dll(process, _META))
    text, found = name.encode(), []

    def on_its_thread(_: int | None) -> None:
        found.append(find(_window(), _View(text, len(text)), meta, _RECURSIVELY))

    task = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(on_its_thread)
    process.obs_queue_task.argtypes = (
        ctypes.c_int, type(task), ctypes.c_void_p, ctypes.c_bool,
    )  # fmt: skip
    process.obs_queue_task(_UI_TASK, task, None, True)
    return found[0] if found else None


def select(name: str) -> bool:
    """Select the item of a source, and no other, in the scene that is shown."""
    studio = obs.obs_frontend_preview_program_mode_active()
    scene_source = (
        obs.obs_frontend_get_current_preview_scene()
        if studio
        else obs.obs_frontend_get_current_scene()
    )
    items = obs.obs_scene_enum_items(obs.obs_scene_from_source(scene_source))
    found = False
    for item in items:
        chosen = obs.obs_source_get_name(obs.obs_sceneitem_get_source(item)) == name
        obs.obs_sceneitem_select(item, chosen)
        found = found or chosen
    obs.sceneitem_list_release(items)
    obs.obs_source_release(scene_source)
    return found


_COMMANDS = {"select": select, "trigger": trigger}


def _work(stop: threading.Event) -> None:
    asked = FOLDER / "press"
    while not stop.wait(0.01):
        if asked.exists():
            lines = asked.read_text().splitlines()
            asked.unlink()
            failed = ""
            for line in lines:
                word, _, rest = line.partition(" ")
                if not (_COMMANDS[word](rest) if rest else press(line)):
                    failed = line
                    break
            (FOLDER / "pressing").write_text(failed)
            (FOLDER / "pressing").rename(FOLDER / "pressed")


_running: list[threading.Event] = []


def script_load(_settings: object) -> None:
    stop = threading.Event()
    _running.append(stop)
    threading.Thread(target=_work, args=(stop,), daemon=True).start()


def script_unload() -> None:
    while _running:
        _running.pop().set()  # no join: it may wait for this thread, in a slot
