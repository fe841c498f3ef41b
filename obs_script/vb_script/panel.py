"""The script's own panel in Tools > Scripts. For OBS's UI thread."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path, PureWindowsPath
from typing import Any

import obspython as obs

from vb_link.settings import DEFAULT_BACKGROUND, Value
from vb_link.texts import SaidError, say
from vb_script import cameras, canvases, missing_files, obs_filters, panel_requests, text_lines
from vb_script.callbacks import releasable
from vb_script.no_preemption import no_preemption
from vb_script.set_up import SetUp

Texts = dict[str, str]
# The text rows, and how many lines each has at least (or for each scene): OBS scrolls the panel if
# their number changes.
ROOM = {"set_up_line": 6, "missing_line": 1, "summary": 7, "backgrounds": 2, "news": 8}
# The rows that are there only until everything is set up, and those only from then on.
BEFORE = ("set_up_line", "set_up", "cancel")
AFTER = ("group_scenes", "group_tools", "fetch", "check", "summary", "backgrounds")
HAS_FILTER = "✓ "  # before a source's name in the list


class Panel:
    """Builds the panel and carries out its buttons.

    ``summary`` returns the first lines and ``news`` the last.
    ``note`` shows one sentence to the user; ``check`` starts the check of everything, ``fetch`` the
    download of the recommended model.
    """

    def __init__(
        self,
        texts: Texts,
        summary: Callable[[], str],
        news: Callable[[], str],
        note: Callable[..., None],
        *,
        check: Callable[[], None],
        fetch: Callable[[], None],
        set_up: SetUp,
    ) -> None:
        self._texts = texts
        self._summary = summary
        self._news = news
        self._note = note
        self._start_check = check
        self._start_fetch = fetch
        self._set_up = set_up
        self._chosen: dict[str, str] = {}
        self._scenes: list[tuple[str, str]] = []
        self._filters: list[tuple[str, str]] = []
        self._sources: dict[str, bool] = {}
        self._missing: list[missing_files.Missing] = []

    def update(self, settings: Any) -> None:
        """Read what is chosen in the panel."""
        for key in ("source", "scene", "camera", "preset_save", "preset_load",
                    "missing_folder"):  # fmt: skip
            self._chosen[key] = obs.obs_data_get_string(settings, key)

    def properties(self) -> Any:
        """Return the panel.

        Its buttons are created before the GIL is first released: OBS assigns them to what it
        regards as the current script, and another script's timer changes that.
        """
        texts = self._texts
        made = obs.obs_properties_create()
        self._add_text(made, "set_up_line")
        _button(made, "set_up", texts["Panel.SetUp"], self._start_set_up)
        _button(made, "cancel", texts["Panel.Cancel"], self._cancel_set_up)
        sources = obs.obs_properties_create()
        _list(sources, "source", texts["Panel.Source"])
        _button(sources, "add", texts["Panel.Add"], self._add)
        _button(sources, "take_off", texts["Panel.TakeOff"], self._take_off)
        _group(made, "sources", texts["Group.sources"], sources)
        scenes = obs.obs_properties_create()
        _list(scenes, "scene", texts["Panel.Scene"])
        _button(scenes, "own_scene", texts["Panel.OwnScene"], self._own_scene)
        _button(scenes, "default_scene", texts["Panel.DefaultScene"], self._default_scene)
        _group(made, "scenes", texts["Group.scenes"], scenes)
        tools = obs.obs_properties_create()
        _list(tools, "camera", texts["Panel.Camera"])
        _button(tools, "copy", texts["Panel.Copy"], self._copy)
        files = f"{texts['Panel.PresetFiles']} (*.json)"
        obs.obs_properties_add_path(
            tools, "preset_save", texts["Panel.PresetSave"], obs.OBS_PATH_FILE_SAVE, files, None
        )
        _button(tools, "save_preset", texts["Panel.Save"], self._save)
        obs.obs_properties_add_path(
            tools, "preset_load", texts["Panel.PresetLoad"], obs.OBS_PATH_FILE, files, None
        )
        _button(tools, "load_preset", texts["Panel.Load"], self._load)
        _group(made, "tools", texts["Group.tools"], tools)
        _button(made, "fetch", texts["Panel.Fetch"], self._fetch)
        _button(made, "check", texts["Panel.Check"], self._check)
        _button(made, "refresh", texts["Refresh"], self._refresh)
        missing = obs.obs_properties_create()
        self._add_text(missing, "missing_line")
        folder = texts["Panel.MissingFolder"]
        obs.obs_properties_add_path(
            missing, "missing_folder", folder, obs.OBS_PATH_DIRECTORY, "", None
        )
        _button(missing, "mend_files", texts["Panel.MendFiles"], self._mend_files)
        _group(made, "missing", texts["Group.missing"], missing)
        for key in ("summary", "backgrounds", "news"):
            self._add_text(made, key)
        with no_preemption():
            self._refresh(made)
        return made

    @staticmethod
    def _add_text(properties: Any, key: str) -> None:
        row = obs.obs_properties_add_text(properties, key, "", obs.OBS_TEXT_INFO)
        obs.obs_property_text_set_info_word_wrap(row, False)  # see text_lines

    def _read_lists(self) -> None:
        self._sources = cameras.names()
        self._missing = missing_files.found()
        with obs_filters.scenes() as scenes:
            self._scenes = [
                (canvases.name_of(scene), self._background_of(scene)) for scene in scenes
            ]
        program = obs_filters.program_scene()
        self._scenes.sort(key=lambda pair: pair[0] != program)  # the others in the user's order
        with obs_filters.camera_filters() as pairs:
            self._filters = sorted(
                (canvases.name_of(parent), obs.obs_source_get_name(filter_))
                for parent, filter_ in pairs
            )

    def _background_of(self, scene: Any) -> str:
        with obs_filters.scene_filter(scene) as own:
            on = own is not None and obs.obs_source_enabled(own)
            return words(obs_filters.values(own) if on else None, self._texts)

    def _backgrounds(self) -> str:
        return "\n".join(f"{name}: {background}" for name, background in self._scenes)

    def _cameras(self) -> dict[str, str]:
        """Return what the filters are called in the list, by what a choice is saved as."""
        count = Counter(source for source, _ in self._filters)
        return {
            f"{source}\n{name}": source if count[source] == 1 else f"{source}: {name}"
            for source, name in self._filters
        }

    # Buttons

    def _start_set_up(self, shown: Any) -> bool:
        self._set_up.start()
        return self._refresh(shown)

    def _cancel_set_up(self, shown: Any) -> bool:
        self._set_up.cancel()
        return self._refresh(shown)

    def _add(self, shown: Any) -> bool:
        return self._do(shown, "add", self._source())

    def _take_off(self, shown: Any) -> bool:
        return self._do(shown, "take_off", self._source())

    def _mend_files(self, shown: Any) -> bool:
        return self._do(shown, "mend_files", self._chosen.get("missing_folder", ""))

    def _source(self) -> str:
        return _one_of(self._chosen.get("source", ""), list(self._sources))

    def _own_scene(self, shown: Any) -> bool:
        return self._do(shown, "own_scene", self._scene())

    def _default_scene(self, shown: Any) -> bool:
        return self._do(shown, "default_scene", self._scene())

    def _copy(self, shown: Any) -> bool:
        return self._do(shown, "copy", self._camera())

    def _save(self, shown: Any) -> bool:
        return self._do(shown, "save_preset", self._camera(), self._chosen.get("preset_save", ""))

    def _load(self, shown: Any) -> bool:
        return self._do(shown, "load_preset", self._camera(), self._chosen.get("preset_load", ""))

    def _scene(self) -> str:
        names = [name for name, _ in self._scenes]
        return _one_of(self._chosen.get("scene", ""), names)

    def _camera(self) -> str:
        return _one_of(self._chosen.get("camera", ""), list(self._cameras()))

    def _do(self, shown: Any, *request: str) -> bool:
        try:
            if not request[1]:
                raise SaidError("Request.NothingChosen")
            self._note(panel_requests.run("\n".join(request), self._texts))
        except SaidError as error:
            self._note(say(self._texts, error.key, **error.details), warning=True)
        return self._refresh(shown)

    def _check(self, shown: Any) -> bool:
        self._start_check()
        return self._refresh(shown)

    def _fetch(self, shown: Any) -> bool:
        self._start_fetch()
        return self._refresh(shown)

    def _refresh(self, shown: Any) -> bool:
        """Update the panel's lines and lists."""
        self._read_lists()
        listed = {name: HAS_FILTER * has + name for name, has in self._sources.items()}
        _fill(obs.obs_properties_get(shown, "source"), listed)
        _fill(obs.obs_properties_get(shown, "scene"), {name: name for name, _ in self._scenes})
        _fill(obs.obs_properties_get(shown, "camera"), self._cameras())
        self._show_rows(shown)
        lines = {
            "set_up_line": self._set_up.sentence,
            "missing_line": missing_files.lines(self._texts, self._missing),
            "summary": self._summary(),
            "backgrounds": self._backgrounds(),
            "news": self._news(),
        }
        for key, text in lines.items():
            row = obs.obs_properties_get(shown, key)
            fewest = ROOM[key] * (len(self._scenes) if key == "backgrounds" else 1)
            obs.obs_property_set_description(row, text_lines.padded(text, fewest))
        return True

    def _show_rows(self, shown: Any) -> None:
        """Show the rows for setting up, or those for all that comes after it."""
        before = self._set_up.is_needed() or self._set_up.is_running()
        missing = not before and bool(self._missing)
        for keys, visible in ((BEFORE, before), (AFTER, not before), (("group_missing",), missing)):
            for key in keys:
                obs.obs_property_set_visible(obs.obs_properties_get(shown, key), visible)
        running = self._set_up.is_running()
        for key, enabled in (("set_up", not running), ("cancel", running)):
            obs.obs_property_set_enabled(obs.obs_properties_get(shown, key), enabled)


def _one_of(chosen: str, names: list[str]) -> str:
    """Return the name a list shows: the chosen one, or the first while nothing is chosen."""
    return chosen if chosen in names else (names[0] if names else "")


def _list(properties: Any, key: str, title: str) -> Any:
    return obs.obs_properties_add_list(
        properties, key, title, obs.OBS_COMBO_TYPE_LIST, obs.OBS_COMBO_FORMAT_STRING
    )


def _fill(choices: Any, names: Mapping[str, str]) -> None:
    """Offer these names alone, by what a choice of each is saved as."""
    obs.obs_property_list_clear(choices)
    for value, name in zip(names, text_lines.short_entries(names.values()), strict=True):
        obs.obs_property_list_add_string(choices, name, value)


def _button(properties: Any, key: str, title: str, pressed: Callable[[Any], bool]) -> None:
    def on_pressed(shown: Any, _button: Any) -> bool:
        with no_preemption():
            return pressed(shown)

    obs.obs_properties_add_button(properties, key, title, releasable(on_pressed))


def _group(properties: Any, key: str, title: str, inner: Any) -> None:
    obs.obs_properties_add_group(properties, f"group_{key}", title, obs.OBS_GROUP_NORMAL, inner)


def words(settings: Mapping[str, Value] | None, texts: dict[str, str]) -> str:
    """Return what a filter draws behind the person. ``None``: a scene without its own."""
    kind = str(settings["background"]) if settings is not None else DEFAULT_BACKGROUND
    named = texts.get(f"Background.{kind}", kind)
    if settings is None:
        return named
    if kind == "color":
        color = int(settings["background_color"])
        red, green, blue = color & 255, color >> 8 & 255, color >> 16 & 255
        return f"{named} #{red:02x}{green:02x}{blue:02x}"
    detail = str(settings.get(f"background_{kind}", ""))
    if kind in ("image", "video"):
        detail = PureWindowsPath(detail).name if "\\" in detail else Path(detail).name
    return f"{named}: {detail}" if detail else named
