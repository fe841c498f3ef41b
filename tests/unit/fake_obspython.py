"""A small OBS for tests of what calls obspython: sources, scenes, filters, references counted.

Importing this puts it in obspython's place; ``fresh()`` gives an empty one.
"""

from __future__ import annotations

import itertools
import json
import sys
import types
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

numbered: dict[int, Source] = {}


@dataclass(eq=False)
class Source:
    """A source, scene or filter. ``references`` counts what the code under test holds."""

    name: str
    kind: str = "input"
    settings: dict[str, Any] = field(default_factory=dict)
    filters: list[Source] = field(default_factory=list)
    flags: int = 1
    enabled: bool = True
    items: dict[str, bool] = field(default_factory=dict)  # of a scene: visible or not
    references: int = 0
    sync_offset: int = 0

    def __int__(self) -> int:
        numbered[id(self)] = self
        return id(self)


@dataclass(eq=False)
class Handle:
    """An obs_data or an array of it."""

    content: Any
    references: int = 1


class World:
    """What is in this OBS."""

    def __init__(self) -> None:
        self.inputs: list[Source] = []
        self.scenes: list[Source] = []
        self.program: Source | None = None
        self.hotkeys: dict[int, tuple[str, str, Callable[[bool], None]]] = {}
        self.bindings: dict[int, Any] = {}
        self.held: list[Handle] = []
        self.numbers = itertools.count(1)
        self.events: list[Callable[[int], None]] = []
        self.saves = 0  # asked for

    def everything(self) -> list[Source]:
        parents = [*self.inputs, *self.scenes]
        return [*parents, *(each for parent in parents for each in parent.filters)]

    def balanced(self) -> bool:
        """Whether all that was taken has been given back."""
        return not any(each.references for each in self.everything()) and not any(
            each.references for each in self.held
        )

    def hold(self, content: Any) -> Handle:
        made = Handle(content)
        self.held.append(made)
        return made


world = World()


def fresh() -> World:
    """Return the new, empty world."""
    global world  # noqa: PLW0603
    world = World()
    return world


def _take(source: Source | None) -> Source | None:
    if source is not None:
        source.references += 1
    return source


def obs_enum_sources() -> list[Source]:
    for each in world.inputs:
        each.references += 1
    return list(world.inputs)


def obs_frontend_get_scenes() -> list[Source]:
    for each in world.scenes:
        each.references += 1
    return list(world.scenes)


def obs_frontend_get_current_scene() -> Source | None:
    return _take(world.program)


def obs_frontend_set_current_scene(scene: Source) -> None:
    world.program = scene
    for callback in world.events:
        callback(OBS_FRONTEND_EVENT_SCENE_CHANGED)


def source_list_release(sources: list[Source]) -> None:
    for source in sources:
        source.references -= 1


def obs_get_source_by_name(name: str) -> Source | None:
    found = [each for each in (*world.inputs, *world.scenes) if each.name == name]
    return _take(found[0] if found else None)


def obs_source_release(source: Source | None) -> None:
    if source is not None:
        source.references -= 1


def obs_scene_from_source(source: Source) -> Source | None:
    return source if source.kind == "scene" else None


def obs_scene_find_source_recursive(scene: Source, name: str) -> tuple[Source, str] | None:
    return (scene, name) if name in scene.items else None


def obs_sceneitem_visible(item: tuple[Source, str]) -> bool:
    scene, name = item
    return scene.items[name]


def obs_source_is_scene(source: Source) -> bool:
    return source in world.scenes


def obs_source_is_group(source: Source) -> bool:
    return source.kind == "group"


def obs_source_backup_filters(source: Source) -> Handle:
    return world.hold(
        [{"id": each.kind, "name": each.name, "settings": each.settings} for each in source.filters]
    )


def obs_source_get_filter_by_name(source: Source, name: str) -> Source | None:
    return _take(next((filter_ for filter_ in source.filters if filter_.name == name), None))


def obs_source_get_name(source: Source) -> str:
    return source.name


def obs_source_get_unversioned_id(source: Source) -> str:
    return source.kind


def obs_source_get_output_flags(source: Source) -> int:
    return source.flags


def obs_source_get_sync_offset(source: Source) -> int:
    return source.sync_offset


def obs_source_set_sync_offset(source: Source, offset: int) -> None:
    source.sync_offset = offset


def obs_source_enabled(source: Source) -> bool:
    return source.enabled


def obs_source_set_enabled(source: Source, enabled: bool) -> None:
    source.enabled = enabled


def obs_source_create(kind: str, name: str, settings: Handle | None, _hotkeys: None) -> Source:
    own = dict(settings.content) if settings is not None else {}
    return Source(name, kind.removesuffix("_v2"), own, references=1)


def obs_source_filter_add(source: Source, made: Source) -> None:
    source.filters.append(made)


def obs_source_filter_remove(source: Source, filter_: Source) -> None:
    source.filters.remove(filter_)


def obs_source_get_settings(source: Source) -> Handle:
    return world.hold(source.settings)


def obs_source_update(source: Source, data: Handle) -> None:
    source.settings.update(data.content)


def obs_source_reset_settings(source: Source, data: Handle) -> None:
    source.settings = dict(data.content)


def obs_data_create_from_json(text: str) -> Handle | None:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return world.hold(found) if isinstance(found, dict) else None


def obs_data_get_json(data: Handle) -> str:
    return json.dumps(data.content)


def obs_data_create() -> Handle:
    return world.hold({})


def obs_data_has_user_value(data: Handle, key: str) -> bool:
    return key in data.content


def obs_data_get_string(data: Handle, key: str) -> str:
    return str(data.content.get(key, ""))


def obs_data_get_array(data: Handle, key: str) -> Handle | None:
    return world.hold(data.content[key]) if key in data.content else None


def obs_data_set_array(data: Handle, key: str, array: Handle) -> None:
    data.content[key] = array.content


def obs_data_array_count(array: Handle) -> int:
    return len(array.content)


def obs_data_array_item(array: Handle, index: int) -> Handle:
    return world.hold(array.content[index])


def _release(held: Handle | None) -> None:
    if held is not None:
        held.references -= 1


obs_data_release = obs_data_array_release = _release


def obs_hotkey_register_frontend(name: str, title: str, callback: Callable[[bool], None]) -> int:
    number = next(world.numbers)
    world.hotkeys[number] = (name, title, callback)
    return number


def obs_hotkey_load(number: int, keys: Handle | None) -> None:
    world.bindings[number] = keys.content if keys is not None else []


def obs_hotkey_save(number: int) -> Handle:
    return world.hold(world.bindings.get(number, []))


def obs_get_locale() -> str:
    return "en-US"


def obs_frontend_add_event_callback(callback: Callable[[int], None]) -> None:
    world.events.append(callback)


def obs_frontend_remove_event_callback(callback: Callable[[int], None]) -> None:
    world.events.remove(callback)


def obs_frontend_save() -> None:
    world.saves += 1


OBS_FRONTEND_EVENT_SCRIPTING_SHUTDOWN = 1
OBS_FRONTEND_EVENT_SCENE_COLLECTION_CHANGING = 2
OBS_FRONTEND_EVENT_SCENE_COLLECTION_CHANGED = 3
OBS_FRONTEND_EVENT_SCENE_CHANGED = 4
OBS_FRONTEND_EVENT_SCENE_LIST_CHANGED = 5
OBS_FRONTEND_EVENT_FINISHED_LOADING = 6
OBS_FRONTEND_EVENT_TRANSITION_CHANGED = 7

OBS_TEXT_INFO = OBS_COMBO_TYPE_LIST = OBS_COMBO_FORMAT_STRING = 0
OBS_PATH_FILE = OBS_PATH_FILE_SAVE = OBS_PATH_DIRECTORY = OBS_GROUP_NORMAL = 0


@dataclass(eq=False)
class Property:
    """A property of a panel, or the panel itself; a list's ``choices`` are (text, value)."""

    text: str = ""
    pressed: Callable[[Any, Any], bool] | None = None
    choices: list[tuple[str, str]] = field(default_factory=list)
    inner: dict[str, Property] = field(default_factory=dict)
    visible: bool = True
    enabled: bool = True

    def put(self, key: str, made: Property) -> Property:
        self.inner[key] = made
        return made


def obs_properties_create() -> Property:
    return Property()


def obs_properties_add_text(panel: Property, key: str, text: str, *_options: Any) -> Property:
    return panel.put(key, Property(text))


obs_properties_add_list = obs_properties_add_path = obs_properties_add_text


def obs_properties_add_button(
    panel: Property, key: str, text: str, pressed: Callable[[Any, Any], bool]
) -> Property:
    return panel.put(key, Property(text, pressed))


def obs_properties_add_group(
    panel: Property, key: str, text: str, _kind: int, inner: Property
) -> Property:
    return panel.put(key, Property(text, inner=inner.inner))


def obs_properties_get(panel: Property, key: str) -> Property | None:
    if key in panel.inner:
        return panel.inner[key]
    found = (obs_properties_get(row, key) for row in panel.inner.values())
    return next((row for row in found if row is not None), None)


def obs_property_list_add_string(row: Property, text: str, value: str) -> None:
    row.choices.append((text, value))


def obs_property_list_clear(row: Property) -> None:
    row.choices.clear()


def obs_property_set_visible(row: Property, visible: bool) -> None:
    row.visible = visible


def obs_property_set_enabled(row: Property, enabled: bool) -> None:
    row.enabled = enabled


def obs_property_text_set_info_word_wrap(_row: Property, _wrap: bool) -> None:
    pass


def obs_property_set_description(row: Property, text: str) -> None:
    row.text = text


_module = types.ModuleType("obspython")
vars(_module).update({k: v for k, v in globals().items() if k[:3] in ("obs", "OBS", "sou")})
sys.modules["obspython"] = _module
