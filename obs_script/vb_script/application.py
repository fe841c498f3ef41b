"""The script's lifecycle in OBS: everything is created on load and ended on unload."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import obspython as obs

from vb_link import folders, layout, memory, texts, unit_file, wake
from vb_link.settings import AUTO_MODEL
from vb_link.texts import SaidError
from vb_script import (
    away_scene,
    callbacks,
    governor,
    hotkeys,
    libobs,
    list_choices,
    lock,
    lua_half,
    panel_requests,
    source_names,
    transition,
)
from vb_script.assets import Assets
from vb_script.doctor import Doctor
from vb_script.hotkeys import Hotkeys
from vb_script.model_fetch import ModelFetch
from vb_script.panel import Panel
from vb_script.panel_closings import PanelClosings
from vb_script.presses import Presses
from vb_script.reload_state import next_epoch, survivors
from vb_script.remote_events import RemoteEvents
from vb_script.request_thread import RequestThread
from vb_script.scene_switch_guard import SceneSwitchGuard
from vb_script.set_up import SetUp
from vb_script.status_board import StatusBoard
from vb_script.ui_tasks import UiTasks
from vb_script.worker_problem import Ended, EndLines
from vb_script.worker_process import WorkerProcess


class Application:
    """Everything that exists from load to unload."""

    def __init__(self) -> None:
        self.texts = texts.load(obs.obs_get_locale())
        self.worker: WorkerProcess | None = None
        self.requests: RequestThread | None = None
        self.ui: UiTasks | None = None
        self.remote = RemoteEvents()
        self.presses: Presses | None = None
        self.panel_closings: PanelClosings | None = None
        self.governor: governor.Watch | None = None
        self.guard: SceneSwitchGuard | None = None
        self.hotkeys = Hotkeys()
        self.doctor = Doctor(self.texts, self.tell)
        self.fetch = ModelFetch(self.texts, self.tell)
        self.set_up = SetUp(self.texts, self.tell)
        self.board = StatusBoard(
            self.texts,
            worker=lambda: self.worker,
            eased=lambda: self.governor.reason if self.governor else "",
            answers=lambda: [self.set_up.answer, self.fetch.sentence, self.doctor.sentence],
        )
        self.panel = Panel(
            self.texts, self.board.summary, self.board.news, self.board.note,
            check=self.doctor.start, fetch=self.fetch.start, set_up=self.set_up,
        )  # fmt: skip
        self.closing = self.names_asked = False
        self.event_callback: Any = None
        self.listed: tuple[object, object] = ((), ())
        self.end_lines = EndLines()
        self.fault = ""  # the error logged last

    def load(self, settings: Any) -> None:
        """Set everything up. Raises SaidError, LinkError or OSError where that cannot be."""
        # First, while OBS regards this script as the current one: whenever the GIL is released,
        # for instance to read a file, another script's timer may change that.
        self.hotkeys.register(self.texts, self.act)
        # This object survives a switch of the scene collection, but its pending tasks do not.
        self.board.problem, self.names_asked = "", False
        if settings is not None:
            self.hotkeys.load(settings)
            self.panel.update(settings)
        if not libobs.check_version():
            libobs.log(texts.say(self.texts, "Note.NewObs", **libobs.untested()))
        kept = survivors()
        if kept.memory is None:
            kept.memory = memory.create()
            kept.memory.keep_forever()
            kept.wake, kept.script_wake = wake.Wake(), wake.Wake()
        segment = kept.memory.segment
        made = (getattr(segment, "layout", 0), getattr(segment, "private_bytes", 0))
        if made != (layout.VERSION, layout.PRIVATE_BYTES):
            self.board.problem = self.texts["Error.RestartObs"]
            return
        segment.wake, segment.life = kept.wake.handle, -1
        segment.script_wake = kept.script_wake.handle
        self.listed = self.listed_now()
        library = libobs.libobs()
        self.presses = Presses(library, self.pressed, self.delay_of, self.failed)
        assets = Assets(segment.assets, library, self.texts)
        self.panel_closings = PanelClosings(self.post_missing_locks)
        table = self.table()
        if kept.lua is None:
            kept.lua = lua_half.load(table)
        else:
            lua_half.update(kept.lua, table)
        self.guard = SceneSwitchGuard(library)
        self.ui = UiTasks(library, self.failed)
        self.governor = governor.Watch(library, segment)
        self.requests = RequestThread(
            segment,
            kept.script_wake,
            assets,
            requests_done=kept.requests_done,
            on_request=self.request,
            on_round=self.round,
            on_error=self.failed,
        )
        segment.alive = 1
        self.requests.start()
        self.worker = WorkerProcess(
            kept.memory,
            kept.wake,
            next_epoch=next_epoch,
            on_second=self.every_second,
            on_line=self.log_line,
            on_end=self.worker_ended,
            on_error=self.failed,
        )
        self.worker.start()

    def table(self) -> dict[str, Any]:
        """Return the table for the Lua half, with the current lists."""
        models = list_choices.model_lists(_model_folders())
        return lua_half.half(
            address=survivors().memory.address,
            texts=self.texts,
            models=[(AUTO_MODEL, self.texts["Model.auto"]), *models.people],
            depth_models=models.depth,
            units=list_choices.unit_list(self.texts),
            pressed=Presses.address(),
            panel_closed=PanelClosings.address(),
        )

    @staticmethod
    def listed_now() -> tuple[object, object]:
        """Return two values: one changes with the models, one with the compute units."""
        models = list_choices.state_of(_model_folders())
        return models, list_choices.state_of((), unit_file.path())

    def every_second(self) -> None:
        """Update the status lines, and the lists if a model or a compute unit came or went."""
        now = self.listed_now()
        if now != self.listed and self.ui is not None:
            if now[0] != self.listed[0]:
                survivors().memory.segment.models_sequence += 1
                survivors().wake.send()  # a still picture does not wake the worker
            self.listed = now
            self.ui.post(self.hand_lists)
        if self.governor is not None:
            self.governor.decide(time.monotonic())
        self.board.write()

    def hand_lists(self) -> None:
        """Give the Lua half the lists of models and compute units."""
        if survivors().lua is not None:
            lua_half.update(survivors().lua, self.table())

    def unload(self) -> None:
        """End all threads and the worker; the filters stay, covered."""
        kept = survivors()
        if kept.memory is not None:
            kept.memory.segment.alive = 0  # the cover is shown from the next draw on
        self.let_sources_go()
        self.guard = None
        away_scene.pause()
        self.fetch.stop()
        if self.closing:
            self.set_up.cancel()
            self.set_up.wait(2.0)
        if self.requests is not None:
            self.requests.stop()
            kept.requests_done = self.requests.requests_done
            self.requests = None
        if self.worker is not None:
            self.worker.stop()
            self.worker = None
        if self.presses is not None:
            self.presses.close()
            self.presses = None
        if self.panel_closings is not None:
            self.panel_closings.close()
            self.panel_closings = None
        if self.ui is not None:
            self.ui.close()
            self.ui = None
        if self.closing and kept.lua is not None:
            lua_half.destroy(kept.lua)
            kept.lua = None

    def post_missing_locks(self) -> None:
        if self.ui is not None:
            self.ui.post(self.put_missing_locks)

    def put_missing_locks(self) -> None:
        """Put in what a panel's user has ticked, and let OBS save that.

        While the panel is open OBS would leave it for the new filter. So this is done once a panel
        is closed and, as only what is saved can be read by an OBS without the script, when OBS
        saves.
        """
        try:
            if lock.put_missing():
                obs.obs_frontend_save()
        except SaidError as error:
            self.board.note(error.text(self.texts), warning=True)

    def hold_sources(self) -> None:
        """Keep the sources of a scene collection that is being switched."""
        away_scene.forget()
        if self.guard is not None:
            self.guard.hold()

    def let_sources_go(self) -> None:
        """Release the sources that were kept."""
        if self.guard is not None:
            self.guard.let_go()

    def log_line(self, line: str) -> None:
        """Log a line of the worker's."""
        libobs.log(line, warning=True)

    def worker_ended(self, end: Ended) -> None:
        """Log how the worker ended; not every time, if it ends again and again."""
        line = self.end_lines.line(end, self.texts)
        if line:
            libobs.log(line, warning=True)

    def failed(self, error: Exception) -> None:
        """Log an unexpected error; everything keeps running."""
        what = f"{type(error).__name__}: {error}"
        if what != self.fault:  # it may recur every second
            self.fault = what
            libobs.log(texts.say(self.texts, "Error.Unexpected", error=what), warning=True)

    # Called by the request thread

    def request(self, text: str) -> None:
        """Have a panel's request carried out on the UI thread."""
        if self.ui is not None:
            self.ui.post(lambda: self.run(text))

    def run(self, text: str) -> None:
        """Carry out one request on the UI thread and show how it went."""
        try:
            sentence = panel_requests.run(text, self.texts)
            if sentence:
                self.board.note(sentence)
        except SaidError as error:
            self.board.note(error.text(self.texts), warning=True)
        self.board.write()
        self.want_names()

    def pressed(self, words: list[str]) -> str:
        """Carry out the request of a filter panel's button and return the answer to show there."""
        try:
            sentence = panel_requests.run("\n".join(words), self.texts)
            libobs.log(sentence)
        except SaidError as error:
            sentence = error.text(self.texts)
            libobs.log(sentence, warning=True)
        self.board.write()
        self.want_names()
        return sentence

    @staticmethod
    def delay_of(number: int) -> float:
        """Return by how much a channel's picture is delayed, in ms."""
        channels = survivors().memory.segment.channels
        return float(channels[number].delay_ms) if 0 <= number < len(channels) else 0.0

    def round(self) -> None:
        """Periodic work: status lines, and the lists of names while a filter is in use."""
        self.board.write()
        self.want_names()

    def want_names(self) -> None:
        """Have the lists of names read on the UI thread, once at a time."""
        if survivors().memory is None:
            return
        segment = survivors().memory.segment
        if self.ui is not None and not self.names_asked and any(c.used for c in segment.channels):
            self.names_asked = True
            self.ui.post(self.refresh_names)

    def refresh_names(self) -> None:
        """Read the names of scenes and sources, and the transition, from OBS."""
        self.names_asked = False
        segment = survivors().memory.segment
        source_names.refresh(segment)
        transition.refresh(segment)
        if not self.closing:
            self.remote.look(segment)
        away_scene.refresh()
        self.board.look_at_scenes()

    # Hotkeys

    def act(self, action: str) -> None:
        """Carry out a hotkey's action: panic at once, all others on the UI thread."""
        kept = survivors()
        if action == "panic":
            if kept.memory is not None:
                kept.memory.segment.panic = not kept.memory.segment.panic
                kept.script_wake.send()
        elif self.ui is not None:
            self.ui.post(hotkeys.RUN[action])
        self.want_names()

    @staticmethod
    def tell(sentence: str) -> None:
        """Log what a button has led to."""
        for line in sentence.splitlines():
            libobs.log(line)


def _model_folders() -> list[Path]:
    return [folders.models_dir(), folders.user_models_dir()]


application = Application()


def description() -> str:
    """Return the script's description; never raises, as that would crash OBS."""
    try:
        return texts.load(obs.obs_get_locale())["Panel.Description"]
    except Exception as error:
        return f"Virtual Background: {error}"


def load(settings: Any) -> None:
    """Set the script up; what goes wrong is shown in its panel."""
    # After a switch of the scene collection OBS calls this again without re-running the module.
    application.event_callback = callbacks.releasable(on_event)
    obs.obs_frontend_add_event_callback(application.event_callback)
    try:
        application.load(settings)
    except SaidError as error:
        application.board.problem = error.text(application.texts)
        libobs.log(application.board.problem, warning=True)
    except (OSError, memory.LinkError, KeyError) as error:
        application.board.problem = f"{error}"
        libobs.log(application.board.problem, warning=True)


def unload() -> None:
    """Take everything down, for Reload and at OBS's end."""
    obs.obs_frontend_remove_event_callback(application.event_callback)
    application.unload()
    callbacks.let_go()


def update(settings: Any) -> None:
    """Take over the settings of the script's panel."""
    application.panel.update(settings)


def save(settings: Any) -> None:
    """Write the hotkeys into the script's settings."""
    application.hotkeys.save(settings)
    application.post_missing_locks()


def on_event(event: int) -> None:
    """Follow OBS's events: its end, and switches of scenes and scene collections."""
    # After the first two events OBS removes all sources. It unloads scripts only after it has
    # iterated over its lists, and waits for what they release after that.
    if event == obs.OBS_FRONTEND_EVENT_SCRIPTING_SHUTDOWN:
        application.closing = True
        application.hold_sources()
    elif event == obs.OBS_FRONTEND_EVENT_SCENE_COLLECTION_CHANGING:
        application.hold_sources()
        application.put_missing_locks()  # OBS saves the former collection after this
    elif event == obs.OBS_FRONTEND_EVENT_SCENE_COLLECTION_CHANGED:
        application.let_sources_go()
    elif event in (obs.OBS_FRONTEND_EVENT_SCENE_CHANGED, obs.OBS_FRONTEND_EVENT_SCENE_LIST_CHANGED):
        application.want_names()
    if event in transition.EVENTS and survivors().memory is not None:
        transition.refresh(survivors().memory.segment)


def properties() -> Any:
    """Return the panel shown in Tools > Scripts."""
    return application.panel.properties()
