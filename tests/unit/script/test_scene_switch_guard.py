"""What is held while OBS clears its scenes is all that there is, and is given back once."""

from __future__ import annotations

from tests.unit import fake_library
from tests.unit import fake_obspython as fake
from vb_script.scene_switch_guard import SceneSwitchGuard


def test_all_scenes_and_inputs_are_held_until_they_are_let_go() -> None:
    world = fake.fresh()
    world.scenes = [fake.Source("Scene", "scene"), fake.Source("Other", "scene")]
    world.inputs = [fake.Source("Camera"), fake.Source("Group", "group")]
    held = SceneSwitchGuard(fake_library.Library())
    held.hold()
    assert [source.references for source in world.everything()] == [1, 1, 1, 1]
    held.hold()
    assert [source.references for source in world.everything()] == [1, 1, 1, 1]
    held.let_go()
    held.let_go()
    assert world.balanced()
