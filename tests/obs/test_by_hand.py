"""Rows used by mouse and keys in OBS's own windows, while the camera plays.

``python -m tests.by_hand`` is the long one: a random hand, in each language.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import pytest

from tests.by_hand import desk
from tests.by_hand.panel import GROUP, Panel, places_in, scroll_of, scrolled_by_obs, words_in
from tests.by_hand.rows import Rows
from tests.by_hand.sitting import CAMERA_PANEL, GRAYS, SCENE_PANEL, SCRIPTS_PANEL, Sitting, sitting
from tests.by_hand.windows import Widget
from tests.obs.stage import CAMERA, SCENE, wait_for
from vb_link.settings import LOCK, SCENE_FILTER_ID

pytestmark = [
    pytest.mark.versions,
    pytest.mark.skipif(bool(desk.missing()), reason=desk.missing() or "all is there"),
    pytest.mark.timeout(600),
]
WAIT = 5.0  # seconds that a dialog stays open: figures change each second
SHORT_WAIT = 2.0
FOREIGN_NAME = "居間のカメラ"
LONG_NAME = "A scene whose name is longer than any window of OBS's is wide by default"
MOST_ACTIONS = 6  # from the window of the filters to the first own picture


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sitting]:
    with sitting(tmp_path_factory.mktemp("by_hand")) as made:
        yield made


@pytest.fixture
def at_obs(shared: Sitting) -> Iterator[Sitting]:
    yield shared
    # After a failed test: OBS crashes when filters are opened again below a dialog.
    if shared.stage.obs.running:
        shared.recover()


def test_the_first_own_picture_takes_six_actions(at_obs: Sitting) -> None:
    """A panel that is rebuilt while its dialog is open crashes OBS 29 when that is answered."""
    word = at_obs.word
    hand = at_obs.hand
    before = hand.actions - hand.in_vain
    panel = at_obs.open(CAMERA_PANEL)
    rows = Rows(panel, WAIT)
    rows.choose(word("Background"), word("Background.image"))
    rows.pick_file(word("BackgroundImage"), str(at_obs.pictures[0]))
    actions = hand.actions
    assert actions - hand.in_vain - before <= MOST_ACTIONS
    panel.reach(word("Quality"), "combo box")
    assert hand.actions == actions, "OBS's window as it opens does not show the quality."
    assert at_obs.values()["background_image"] == str(at_obs.pictures[0])

    def behind() -> bool:
        corner = at_obs.stage.shot(SCENE)[:20, :20, :3].astype(int)
        return bool(np.abs(corner - GRAYS[0]).max() <= 2)

    wait_for(behind, 10, "the picture behind the camera")
    at_obs.close(panel)


def test_every_kind_of_row_keeps_what_is_chosen(at_obs: Sitting) -> None:
    word = at_obs.word
    panel = at_obs.open(CAMERA_PANEL)
    rows, kept = Rows(panel, SHORT_WAIT), at_obs.kept(CAMERA_PANEL)
    assert kept is not None
    rows.choose(word("Background"), word("Background.image"))
    rows.pick_file(word("BackgroundImage"), str(at_obs.pictures[0]))
    rows.pick_file(word("BackgroundImage"), str(at_obs.pictures[1]), cancel=True)
    assert at_obs.values()["background_image"] == str(at_obs.pictures[0])
    rows.press(GROUP)
    behind = word("BackgroundColor.Behind")

    def is_open() -> bool:
        return any(row.text == behind for row in panel.rows())

    wait_for(is_open, 20, "the group's rows")
    rows.pick_color(behind, "#336699")
    rows.pick_color(behind, "#00ff00", cancel=True)
    assert kept.color(behind, "#336699")
    rows.press(GROUP)
    wait_for(lambda: not is_open(), 20, "the group folded")
    rows.leave_list(word("Quality"))
    assert at_obs.values()["quality"] == "balanced"
    softness = word("Softness")
    dragged = rows.drag(softness, 0.8)
    assert abs(dragged - 80) <= 5 and kept.number(softness, dragged)
    stepped = rows.step(softness, "Left", 3)
    assert stepped < dragged and kept.number(softness, stepped)
    for typed, wanted in (("abc", stepped), ("7", 7.0)):
        assert rows.type_number(softness, typed) == wanted
        assert kept.number(softness, wanted)
    rows.press(word("Active"), 2)
    assert at_obs.values()["active"] is True
    rows.press(word("Refresh"), 2)
    folded = [row.text for row in panel.rows()]
    rows.press(GROUP)
    wait_for(lambda: len(panel.rows()) > len(folded), 5, "the group's rows")
    rows.press(GROUP)
    wait_for(lambda: [row.text for row in panel.rows()] == folded, 5, "the group folded again")
    at_obs.close(panel)


def test_a_scene_gets_a_source_behind_it_by_its_name(at_obs: Sitting) -> None:
    word = at_obs.word
    panel = at_obs.open(SCENE_PANEL)
    rows = Rows(panel, SHORT_WAIT)
    rows.choose(word("Background"), word("Background.source"))
    assert rows.type_name(word("BackgroundSource"), "Nobody") == "Nobody"
    assert at_obs.values(scene=True)["background_source"] == "Nobody"
    at_obs.close(panel)


def test_a_name_in_another_script_moves_no_row(at_obs: Sitting) -> None:
    """Its letters come from another font, whose lines are higher."""
    panel = at_obs.open(CAMERA_PANEL)
    rows = Rows(panel, SHORT_WAIT)
    at_obs.stage.set_filter(background="source", background_source=FOREIGN_NAME)
    wait_for(lambda: _is_said(rows, at_obs, FOREIGN_NAME), 60, "what is wrong with the name")
    at_obs.stage.set_filter(background="blur")
    wait_for(lambda: not _is_said(rows, at_obs, FOREIGN_NAME), 60, "the usual status")
    at_obs.close(panel)


def _is_said(rows: Rows, at_obs: Sitting, words: str) -> bool:
    """Whether the panel says ``words``, once it is refreshed by its button."""
    rows.press(at_obs.word("Refresh"))
    return any(words in line for line in words_in(rows.after))


def test_the_scenes_filter_on_a_camera_says_what_to_do(at_obs: Sitting) -> None:
    at_obs.stage.obs.add_filter(CAMERA, "Misplaced", SCENE_FILTER_ID, {})
    panel = at_obs.open(CAMERA_PANEL)  # of the last filter
    said = "".join("".join(words_in(panel.window())).split())
    at_obs.close(panel)
    at_obs.stage.obs.request(
        "RemoveSourceFilter", {"sourceName": CAMERA, "filterName": "Misplaced"}
    )
    assert "".join(at_obs.word("Error.SceneOnly").split()) in said


def test_a_preset_is_saved_in_the_scripts_window(at_obs: Sitting) -> None:
    """Also where names are long: OBS makes a rebuilt panel as wide as its longest list."""
    word = at_obs.word
    at_obs.stage.obs.request("CreateScene", {"sceneName": LONG_NAME})
    panel = at_obs.open(SCRIPTS_PANEL)
    rows = Rows(panel, SHORT_WAIT)
    rows.press(word("Refresh"))  # rebuilds the panel
    path = at_obs.stage.folder / "preset.json"
    rows.pick_file(word("Panel.PresetSave"), str(path))
    rows.press(word("Panel.Save"))
    assert json.loads(path.read_text())
    at_obs.close(panel)
    at_obs.stage.obs.request("RemoveScene", {"sceneName": LONG_NAME})


def test_the_lock_is_put_in_when_the_window_is_closed(at_obs: Sitting) -> None:
    """OBS selects a filter that is added: the panel would go away under the user."""
    stage = at_obs.stage

    def locked() -> bool:
        found = stage.obs.request("GetSourceFilterList", {"sourceName": CAMERA})["filters"]
        return any(filter_["filterName"] == LOCK for filter_ in found)

    stage.set_filter(group_cover=True)
    panel = at_obs.open(CAMERA_PANEL)
    Rows(panel, SHORT_WAIT).press(at_obs.word("Lock"))
    assert at_obs.values()["lock"] is True and not locked()
    at_obs.close(panel)
    wait_for(locked, 20, "the lock")
    stage.set_filter(lock=False, group_cover=False)
    wait_for(lambda: not locked(), 20, "the lock gone")


def _changed(panel: Panel, before: Widget) -> Widget:
    """Return the window once it is other than ``before`` and stands still."""
    wait_for(lambda: panel.window() != before, 20, "another panel")
    return panel.settle()


def test_obs_scrolls_the_panels_of_its_own_filters_as_ours(at_obs: Sitting) -> None:
    """What the hand takes for OBS's own doing is what OBS does to a stock filter."""
    at_obs.stage.obs.add_filter(CAMERA, "Key", "chroma_key_filter_v2", {})
    at_obs.stage.obs.request("OpenInputFiltersDialog", {"inputName": CAMERA})
    panel = Panel(at_obs.hand, at_obs.windows, f"'{CAMERA}'", anywhere=at_obs.anywhere)
    wait_for(panel.is_open, 20, "the window of the filters")
    at_obs.hand.click(panel.settle().find("list item")[-1].middle)
    wait_for(lambda: any(row.has("slider") for row in panel.rows()), 20, "OBS's panel")
    above = next(row for row in panel.rows() if row.has("combo box"))
    colors = above.field("combo box")
    at_obs.hand.click((colors.box[0] + colors.box[2] - 10, colors.middle[1]))
    at_obs.hand.keys("Escape")
    at_obs.hand.wheel((colors.box[0] - 20, colors.middle[1]), 20)
    heights = set()
    for key in ("Down", "Down", "Down", "Up"):  # the last colour and back: a row comes and goes
        before = panel.window()
        at_obs.hand.keys(key)
        after = _changed(panel, before)
        was, now = scroll_of(before), scroll_of(after)
        assert was is not None and now is not None
        heights.add(now.height)
        up = scrolled_by_obs(before, after, at_obs.anywhere)
        assert now.at - was.at == up
        assert dict(places_in(before))[above.text] - dict(places_in(after))[above.text] == up
    assert len(heights) == 2
    at_obs.close(panel)
    at_obs.stage.obs.request("RemoveSourceFilter", {"sourceName": CAMERA, "filterName": "Key"})
