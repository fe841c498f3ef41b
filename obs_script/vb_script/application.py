"""The script's life in OBS: everything is made on load and ended on unload."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import obspython as obs

from vb_link import layout, memory, places, unit_file, wake
from vb_script import (
    callbacks,
    control,
    governor,
    libobs,
    lua_half,
    model_list,
    panel_requests,
    shown_twice,
    source_names,
    status,
    texts,
    transition,
    unit_list,
)
from vb_script.assets import Assets
from vb_script.doctor import Doctor
from vb_script.hotkeys import Hotkeys
from vb_script.panel import Panel
from vb_script.presses import Presses
from vb_script.reload_state import survivors
from vb_script.request_thread import Errands
from vb_script.scene_switch_guard import HeldSources
from vb_script.texts import SaidError
from vb_script.ui_tasks import UiTasks
from vb_script.worker_problem import Ended, EndLines
from vb_script.worker_process import WorkerProcess

# How long the answer to a request stays in the filters' status lines.
NOTICE_SECONDS = 20.0


class Application:
    """What lives between one load and the next unload."""

    def __init__(self) -> None:
        self.texts = texts.load(obs.obs_get_locale())
        self.worker: WorkerProcess | None = None
        self.errands: Errands | None = None
        self.ui: UiTasks | None = None
        self.presses: Presses | None = None
        self.governor: governor.Watch | None = None
        self.held: HeldSources | None = None
        self.hotkeys = Hotkeys()
        self.doctor = Doctor(self.texts, self.checked)
        self.panel = Panel(self.texts, self.summary, self.note, self.doctor.start)
        self.problem = ""
        self.notice, self.noticed = "", 0.0
        self.closing = False
        self.event_callback: Any = None
        self.listed: tuple[object, ...] = ()
        self.status_lock = threading.Lock()
        self.names_asked = False
        self.twice = ""  # what is to be said of layers that the scene shows as well
        self.end_lines = EndLines()
        self.fault = ""  # what was told last

    def load(self, settings: Any) -> None:
        # First, while OBS has noted this script as the running one: whenever Python's lock is let
        # go, as it is to read a file, a timer of another script may change that.
        self.hotkeys.register(self.texts, self.act)
        # A switch of the scene collection leaves this object; what it had asked for was dropped.
        self.problem, self.names_asked = "", False
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
            self.problem = self.texts["Error.RestartObs"]
            return
        segment.wake, segment.life = kept.wake.handle, -1
        segment.script_wake = kept.script_wake.handle
        self.listed = self.listed_now()
        library = libobs.libobs()
        self.presses = Presses(library, self.pressed, self.delay_of, self.failed)
        table = self.table()
        if kept.lua is None:
            kept.lua = lua_half.load(table)
        else:
            lua_half.update(kept.lua, table)
        self.held = HeldSources(library)
        self.ui = UiTasks(library, self.failed)
        self.governor = governor.Watch(library, segment)
        self.errands = Errands(
            segment,
            kept.script_wake,
            Assets(segment.assets, library, self.texts),
            requests_done=kept.requests_done,
            on_request=self.request,
            on_round=self.round,
            on_error=self.failed,
        )
        segment.alive = 1
        self.errands.start()
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
        """Return what the Lua half works from, with the lists as they are now."""
        models = model_list.model_lists(_model_folders())
        return lua_half.half(
            address=survivors().memory.address,
            texts=self.texts,
            models=models.people,
            depth_models=models.depth,
            units=unit_list.unit_list(self.texts),
            pressed=Presses.address(),
        )

    @staticmethod
    def listed_now() -> tuple[object, ...]:
        return model_list.state_of(_model_folders(), unit_file.path())

    def every_second(self) -> None:
        """Renew the status lines, and the lists if a model or a compute unit came or went."""
        now = self.listed_now()
        if now != self.listed and self.ui is not None:
            self.listed = now
            self.ui.post(self.hand_lists)
        if self.governor is not None:
            self.governor.look(time.monotonic())
        self.write_status()

    def hand_lists(self) -> None:
        if survivors().lua is not None:
            lua_half.update(survivors().lua, self.table())

    def unload(self) -> None:
        kept = survivors()
        if kept.memory is not None:
            kept.memory.segment.alive = 0  # from the next draw on the cover is shown
        self.let_sources_go()
        self.held = None
        if self.errands is not None:
            self.errands.stop()
            kept.requests_done = self.errands.requests_done
            self.errands = None
        if self.worker is not None:
            self.worker.stop()
            self.worker = None
        if self.presses is not None:
            self.presses.close()
            self.presses = None
        if self.ui is not None:
            self.ui.close()
            self.ui = None
        if self.closing and kept.lua is not None:
            lua_half.destroy(kept.lua)
            kept.lua = None

    def hold_sources(self) -> None:
        if self.held is not None:
            self.held.hold()

    def let_sources_go(self) -> None:
        if self.held is not None:
            self.held.let_go()

    def log_line(self, line: str) -> None:
        libobs.log(line, warning=True)

    def worker_ended(self, end: Ended) -> None:
        line = self.end_lines.line(end, self.texts)
        if line:
            libobs.log(line, warning=True)

    def failed(self, error: Exception) -> None:
        """Tell of an error no part expected; the parts go on."""
        what = f"{type(error).__name__}: {error}"
        if what != self.fault:  # it may come with each second
            self.fault = what
            libobs.log(texts.say(self.texts, "Error.Unexpected", error=what), warning=True)

    def note(self, sentence: str, *, warning: bool = False) -> None:
        """Show one sentence: the answer to what the user asked for."""
        self.notice, self.noticed = sentence, time.monotonic()
        libobs.log(sentence, warning=warning)

    def current_notice(self) -> str:
        fresh = time.monotonic() - self.noticed < NOTICE_SECONDS
        return self.notice if fresh else ""

    # What the errand thread finds

    def request(self, text: str) -> None:
        if self.ui is not None:
            self.ui.post(lambda: self.run(text))

    def run(self, text: str) -> None:
        """Do one request on the UI thread and tell how it went."""
        try:
            sentence = panel_requests.run(text, self.texts)
            if sentence:
                self.note(sentence)
        except SaidError as error:
            self.note(error.text(self.texts), warning=True)
        self.write_status()

    def pressed(self, words: list[str]) -> str:
        """Do what a button of a filter's panel asks for and return the answer to show there."""
        try:
            sentence = panel_requests.run("\n".join(words), self.texts)
            libobs.log(sentence)
        except SaidError as error:
            sentence = error.text(self.texts)
            libobs.log(sentence, warning=True)
        self.write_status()
        return sentence

    @staticmethod
    def delay_of(number: int) -> float:
        """Return by how much a channel's picture is delayed, in ms."""
        channels = survivors().memory.segment.channels
        return float(channels[number].delay_ms) if 0 <= number < len(channels) else 0.0

    def round(self) -> None:
        """Once in a while: status lines, and the lists of names while a filter is in use."""
        self.write_status()
        self.want_names()

    def want_names(self) -> None:
        if survivors().memory is None:
            return
        segment = survivors().memory.segment
        if self.ui is not None and not self.names_asked and any(c.used for c in segment.channels):
            self.names_asked = True
            self.ui.post(self.refresh_names)

    def refresh_names(self) -> None:
        self.names_asked = False
        segment = survivors().memory.segment
        source_names.refresh(segment)
        transition.refresh(segment)
        self.twice = shown_twice.sentence(self.texts)

    # Hotkeys

    def act(self, action: str) -> None:
        """Do what a hotkey says; panic at once, the rest on the UI thread."""
        kept = survivors()
        if action == "panic":
            if kept.memory is not None:
                kept.memory.segment.panic = not kept.memory.segment.panic
                kept.script_wake.send()
            return
        if self.ui is not None:
            self.ui.post(
                {
                    "toggle": control.toggle,
                    "next": lambda: control.step(1),
                    "previous": lambda: control.step(-1),
                }[action]
            )

    # What the user reads

    def write_status(self) -> None:
        """Renew the filters' status lines; from any thread."""
        with self.status_lock:
            segment = survivors().memory.segment
            worker = self.worker
            problem = worker.problem if worker else None
            notice = self.current_notice() or self.twice
            eased = self.governor.reason if self.governor else ""
            for channel in segment.channels:
                if not channel.used:
                    continue
                figures = status.channel_figures(segment, channel, problem)
                figures = replace(figures, notice=notice, eased=eased if figures.eased else "")
                status.write(channel, figures.text(self.texts), figures.figures(self.texts))

    def summary(self) -> str:
        """Return the first lines of the script's own panel."""
        lines = self.worker_lines()
        if survivors().memory is not None and survivors().memory.segment.panic:
            lines.insert(0, self.texts["Status.Panic"])
        lines += [line for line in (self.current_notice(), self.twice) if line]
        if self.doctor.sentence:
            lines.append(self.doctor.sentence)
        return "\n".join(lines)

    @staticmethod
    def checked(sentence: str) -> None:
        for line in sentence.splitlines():
            libobs.log(line)

    def worker_lines(self) -> list[str]:
        if self.problem:
            return [self.problem]
        worker = self.worker
        if worker is None or survivors().memory is None:
            return [self.texts["Status.NoScript"]]
        if worker.problem is not None:
            return [worker.problem.text(self.texts)]
        channels = [c for c in survivors().memory.segment.channels if c.used]
        lines = [self.texts["Panel.Worker"].format(pid=worker.pid, filters=len(channels))]
        return lines + [c.status.decode("utf-8", "replace").split("\n")[0] for c in channels]


def _model_folders() -> list[Path]:
    return [places.models_dir(), places.user_models_dir()]


application = Application()


def next_epoch() -> int:
    """Return a number no earlier worker of this OBS had."""
    kept = survivors()
    kept.epoch += 1
    # Whatever was done to the memory while the last one lived, this one finds it as it should be.
    kept.memory.sign()
    return int(kept.epoch)


def description() -> str:
    """Return the script's description; never raises, as that would crash OBS."""
    try:
        return texts.load(obs.obs_get_locale())["Panel.Description"]
    except Exception as error:
        return f"Virtual Background: {error}"


def load(settings: Any) -> None:
    # OBS loads a script again, after a switch of the scene collection, without running it anew.
    application.event_callback = callbacks.held(on_event)
    obs.obs_frontend_add_event_callback(application.event_callback)
    try:
        application.load(settings)
    except SaidError as error:
        application.problem = error.text(application.texts)
        libobs.log(application.problem, warning=True)
    except (OSError, memory.LinkError, KeyError) as error:
        application.problem = f"{error}"
        libobs.log(application.problem, warning=True)


def unload() -> None:
    obs.obs_frontend_remove_event_callback(application.event_callback)
    application.unload()
    callbacks.let_go()


def update(settings: Any) -> None:
    application.panel.update(settings)


def save(settings: Any) -> None:
    application.hotkeys.save(settings)


def on_event(event: int) -> None:
    # OBS clears all after the first two. It unloads scripts when it has walked along its lists and
    # waits after that for what they let go.
    if event == obs.OBS_FRONTEND_EVENT_SCRIPTING_SHUTDOWN:
        application.closing = True
        application.hold_sources()
    elif event == obs.OBS_FRONTEND_EVENT_SCENE_COLLECTION_CHANGING:
        application.hold_sources()
    elif event == obs.OBS_FRONTEND_EVENT_SCENE_COLLECTION_CHANGED:
        application.let_sources_go()
    elif event in (obs.OBS_FRONTEND_EVENT_SCENE_CHANGED, obs.OBS_FRONTEND_EVENT_SCENE_LIST_CHANGED):
        application.want_names()
    if event in transition.EVENTS and survivors().memory is not None:
        transition.refresh(survivors().memory.segment)


def properties() -> Any:
    """Return the panel shown in Tools > Scripts."""
    return application.panel.properties()
