"""``--person`` of ``mask`` and ``render``."""

from __future__ import annotations

from argparse import ArgumentTypeError
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.unit.two_people import Stand, draw
from vb_worker.cli import main
from vb_worker.commands.options import person
from vb_worker.commands.render import Renderer
from vb_worker.matte.pipeline import Pipeline
from vb_worker.models import choose_model, default_folders, find_models, open_model


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("all", ("all", 0.5, 0.5)),
        ("largest", ("largest", 0.5, 0.5)),
        ("follow", ("follow", 0.5, 0.5)),
        ("follow:0.25,1", ("follow", 0.25, 1.0)),
    ],
)
def test_the_words_that_are_taken(text: str, expected: tuple[str, float, float]) -> None:
    assert person(text) == expected


@pytest.mark.parametrize(
    "text", ["", "tallest", "largest:1,1", "follow:", "follow:0.5", "follow:2,0", "follow:a,b"]
)
def test_other_words_are_refused(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match="follow:X,Y"):
        person(text)


def _two() -> tuple[NDArray[np.uint8], list[NDArray[np.float32]]]:
    return draw(Stand(0.22, 0.75), Stand(0.72, 0.85), width=640, height=360)


def test_mask_keeps_the_person_asked_for(tmp_path: Path) -> None:
    picture, seen = _two()
    cv2.imwrite(str(tmp_path / "two.png"), picture[..., ::-1])
    shown = {}
    for who in ("all", "largest", "follow:0.2,0.8"):
        out = tmp_path / who.partition(":")[0]
        assert main(["mask", str(tmp_path / "two.png"), "-o", str(out), "--person", who]) == 0
        mask = cv2.imread(str(out / "two.png"), cv2.IMREAD_UNCHANGED)
        assert mask is not None
        shown[who] = [float(mask[person > 0.9].mean() / 255) for person in seen]
    assert min(shown["all"]) > 0.6, "the model does not find both"
    assert shown["largest"][0] < 0.02 and shown["largest"][1] > 0.6
    assert shown["follow:0.2,0.8"][1] < 0.02 and shown["follow:0.2,0.8"][0] > 0.6


def test_render_waits_by_the_videos_time() -> None:
    model = open_model(choose_model(find_models(default_folders()), "selfie_landscape"))
    renderer = Renderer(
        Pipeline(model), None, threshold=0.5, softness=0.5, person=("follow", 0.2, 0.8)
    )
    picture, seen = _two()
    alone, _ = draw(Stand(0.22, 0.75, there=False), Stand(0.72, 0.85), width=640, height=360)
    first, second = (person > 0.9 for person in seen)

    def drawn(frame: NDArray[np.uint8], seconds: float) -> NDArray[np.uint8]:
        return renderer.draw(frame, renderer.find(frame, seconds), seconds)

    both = drawn(picture, 0.0)
    assert both[first, 3].mean() > 150
    assert both[second, 3].max() < 8
    for tenth in range(1, 6):
        assert drawn(alone, tenth / 10)[second, 3].max() < 8
    for tenth in range(6, 31):
        drawn(alone, tenth / 10)
    assert drawn(alone, 3.1)[second, 3].mean() > 150
