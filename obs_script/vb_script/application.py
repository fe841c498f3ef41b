"""The script's life in OBS: everything is made on load and ended on unload."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import obspython as obs

from vb_link import layout, memory, places, unit_file, wake
from vb_script import libobs, lua_half, model_list, pointer, status, texts, unit_list
from vb_script.survivors import survivors
from vb_script.worker_process import WorkerProcess


class Application:
    """What lives between one load and the next unload."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = texts.load("en-US")
        self.worker: WorkerProcess | None = None
        self.problem = ""
        self.closing = False
        self.listed: tuple[object, ...] = ()
        self.shown: dict[int, tuple[int, status.Figures]] = {}

    def load(self) -> None:
        self.texts = texts.load(obs.obs_get_locale())
        kept = survivors()
        if kept.memory is None:
            kept.memory = memory.create()
            kept.memory.keep_forever()
            kept.wake = wake.Wake()
        segment = kept.memory.segment
        if (segment.version, segment.bytes) != (layout.VERSION, layout.SEGMENT_BYTES):
            self.problem = self.texts["Error.RestartObs"]
            return
        segment.wake, segment.life = kept.wake.handle, -1
        self.listed = self._listed_now()
        table = self._table()
        if kept.lua is None:
            kept.lua = lua_half.load(table)
        else:
            lua_half.update(kept.lua, table)
        segment.alive = 1
        self.worker = WorkerProcess(
            kept.memory, kept.wake, next_epoch, self.write_status, self.log_line
        )
        self.worker.start()

    def _table(self) -> dict[str, Any]:
        """Return what the Lua half works from, with the lists as they are now."""
        return lua_half.half(
            address=survivors().memory.address,
            texts=self.texts,
            models=model_list.model_list(_model_folders()),
            units=unit_list.unit_list(self.texts),
        )

    @staticmethod
    def _listed_now() -> tuple[object, ...]:
        return model_list.state_of(_model_folders(), unit_file.path())

    def renew_lists(self) -> None:
        """Hand the Lua half new lists if a model or what is known of the units changed."""
        now = self._listed_now()
        if now != self.listed and survivors().lua is not None:
            self.listed = now
            lua_half.update(survivors().lua, self._table())

    def unload(self) -> None:
        kept = survivors()
        if kept.memory is not None:
            kept.memory.segment.alive = 0  # from the next draw on the cover is shown
        if self.worker is not None:
            self.worker.stop()
            self.worker = None
        if self.closing and kept.lua is not None:
            lua_half.destroy(kept.lua)
            kept.lua = None

    def log_line(self, line: str) -> None:
        libobs.log(line, warning=True)

    def write_status(self) -> None:
        """Renew the filters' status lines; called by the watching thread."""
        self.renew_lists()
        segment = survivors().memory.segment
        problem = self.worker.problem if self.worker else ""
        for index, channel in enumerate(segment.channels):
            used = int(channel.used)
            if not used:
                self.shown.pop(index, None)
                continue
            figures = status.channel_figures(segment, channel, problem)
            before = self.shown.get(index)
            if before and before[0] == used and not figures.differs(before[1]):
                continue
            if before and pointer.button_down():
                continue  # an open panel would be rebuilt under it; the next second will do
            self.shown[index] = (used, figures)
            status.write(channel, figures.text(self.texts))

    def summary(self) -> str:
        """Return the lines of the script's own panel."""
        if self.problem:
            return self.problem
        worker = self.worker
        if worker is None or survivors().memory is None:
            return self.texts["Status.NoScript"]
        failed = status.worker_figures(worker.problem)
        if failed:
            return failed.text(self.texts)
        channels = [c for c in survivors().memory.segment.channels if c.used]
        lines = [self.texts["Panel.Worker"].format(pid=worker.pid, filters=len(channels))]
        lines += [c.status.decode("utf-8", "replace") for c in channels]
        return "\n".join(lines)


def _model_folders() -> list[Path]:
    return [places.models_dir(), places.user_models_dir()]


application = Application()


def next_epoch() -> int:
    """Return a number no earlier worker of this OBS had."""
    kept = survivors()
    kept.epoch += 1
    return int(kept.epoch)


def description() -> str:
    """Return the script's description; never raises, as that would crash OBS."""
    try:
        return texts.load(obs.obs_get_locale())["Panel.Description"]
    except Exception as error:
        return f"Virtual Background: {error}"


def load() -> None:
    obs.obs_frontend_add_event_callback(on_event)
    try:
        application.load()
    except (OSError, memory.LinkError, libobs.LibraryError, KeyError) as error:
        application.problem = f"{error}"
        libobs.log(application.problem, warning=True)


def unload() -> None:
    obs.obs_frontend_remove_event_callback(on_event)
    application.unload()


def on_event(event: int) -> None:
    if event == obs.OBS_FRONTEND_EVENT_SCRIPTING_SHUTDOWN:
        application.closing = True


def properties() -> Any:
    """Return the panel shown in Tools > Scripts."""
    made = obs.obs_properties_create()
    obs.obs_properties_add_text(made, "summary", application.summary(), obs.OBS_TEXT_INFO)
    obs.obs_properties_add_button(made, "refresh", application.texts["Panel.Refresh"], refresh)
    return made


def refresh(shown: Any, _property: Any) -> bool:
    """Renew the panel's lines."""
    line = obs.obs_properties_get(shown, "summary")
    obs.obs_property_set_description(line, application.summary())
    return True
