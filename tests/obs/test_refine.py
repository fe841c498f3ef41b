"""The filter upsamples the alpha as the command-line tools do."""

from __future__ import annotations

import numpy as np

from tests.obs.stage import CAMERA, Stage, person
from vb_link import slots
from vb_worker.offline.levels import levels
from vb_worker.offline.upsample import upsampled


def test_the_edge_drawn_is_the_one_the_commands_draw(stage: Stage) -> None:
    picture, _ = person()
    stage.picture(CAMERA, picture)
    stage.add_filter(background="transparent", quality="best", governor="off")
    stage.wait_for_mask()
    stage.wait_frames(20)
    drawn = stage.shot(CAMERA)[..., 3].astype(int)
    channel = stage.channels()[0]
    newest = slots.read(channel.alphas, channel.alpha_newest, 1)
    seen = slots.read(channel.frames, channel.frame_newest, 4)
    assert newest is not None
    assert seen is not None
    alpha = np.frombuffer(newest.pixels, np.uint8).reshape(newest.height, newest.width)
    guide = np.frombuffer(seen.pixels, np.uint8).reshape(seen.height, seen.width, 4)
    frame = np.ascontiguousarray(picture[..., ::-1])
    height, width = frame.shape[:2]
    wanted = np.rint(255 * levels(upsampled(frame, alpha, guide[..., :3]), width, height))
    assert np.abs(drawn - wanted).max() <= 2
    plain = np.rint(255 * levels(alpha, width, height))
    assert (np.abs(drawn - plain) > 2).mean() > 0.005, "the alpha is only interpolated"
