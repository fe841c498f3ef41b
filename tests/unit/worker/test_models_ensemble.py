"""All good networks together: some know what is a person, others where the edge is."""

from __future__ import annotations

import argparse
from collections.abc import Hashable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.unit.own_model import add_own
from vb_link import folders
from vb_worker.commands import mask
from vb_worker.commands.options import open_pipeline
from vb_worker.models import find_models
from vb_worker.models.families.ensemble import EnsembleModel
from vb_worker.models.kinds import open_ensemble
from vb_worker.models.manifest import Ensemble
from vb_worker.models.model import Model

SHIPPED = find_models([folders.models_dir()])
SIDE = 96
PICTURE = np.zeros((72, 128, 3), np.uint8)


class Fixed(Model):
    """A model of SIDE x SIDE that always gives the same answer."""

    def __init__(self, answer: NDArray[np.float32] | float, weights: Ensemble | None) -> None:
        shape = (SIDE, SIDE)
        square = replace(SHIPPED["selfie_square"].input, width=SIDE, height=SIDE)
        manifest = replace(SHIPPED["selfie_square"], input=square, ensemble=weights)
        super().__init__(manifest)
        self.compute, self.threads = "CPU", 1
        self._answer = np.asarray(np.broadcast_to(np.float32(answer), shape), np.float32)

    def prepare(self, frame: NDArray[np.uint8]) -> NDArray[Any]:
        """Return the picture as it is."""
        return frame

    def infer(self, feed: NDArray[Any], stream: Hashable | None = None) -> NDArray[np.float32]:
        """Return the answer."""
        return self._answer


def _answer(*models: Model) -> NDArray[np.float32]:
    return EnsembleModel(models)(PICTURE)


def test_what_is_a_person_is_decided_by_the_networks_that_know_it() -> None:
    knows, draws = Fixed(0.9, Ensemble(1.0, 0.0)), Fixed(0.1, Ensemble(0.0, 1.0))
    np.testing.assert_allclose(_answer(knows, draws), 0.9, atol=1e-3)


def test_fine_edges_are_those_of_the_networks_that_draw_them() -> None:
    stripes = np.where(np.arange(SIDE) % 2, 0.4, 0.6).astype(np.float32)
    drawn = _answer(
        Fixed(0.8, Ensemble(1.0, 0.0)), Fixed(np.tile(stripes, (SIDE, 1)), Ensemble(0.0, 1.0))
    )
    odds = np.log(drawn / (1 - drawn))[:, 8:-8]
    own = np.log(0.6 / 0.4)
    np.testing.assert_allclose(odds[:, ::2] - odds[:, 1::2], 2 * own, atol=0.05)
    np.testing.assert_allclose(odds.mean(), np.log(0.8 / 0.2), atol=0.05)


def test_weights_are_shares_of_what_is_installed() -> None:
    both = Ensemble(0.2, 0.2)
    np.testing.assert_allclose(_answer(Fixed(0.9, both), Fixed(0.9, both)), 0.9, atol=1e-3)
    np.testing.assert_allclose(_answer(Fixed(0.9, both), Fixed(0.1, both)), 0.5, atol=1e-3)
    surer = _answer(Fixed(0.9, Ensemble(0.6, 0.6)), Fixed(0.1, both))
    np.testing.assert_allclose(surer, 0.75, atol=1e-3)


def test_the_blur_is_round_in_the_picture_not_in_the_stretched_answer() -> None:
    spot = np.full((SIDE, SIDE), 0.5, np.float32)
    spot[SIDE // 2 - 1 : SIDE // 2 + 1, SIDE // 2 - 1 : SIDE // 2 + 1] = 0.9
    wide = _answer(Fixed(spot, Ensemble(1.0, 0.0)), Fixed(0.5, Ensemble(0.0, 1.0))) - 0.5
    across, down = (float(np.square(wide.sum(axis) / wide.sum()).sum()) for axis in (0, 1))
    # Both profiles are bells; the sum of squares of one is inverse to its width in pixels.
    assert abs((across / down) / (PICTURE.shape[1] / PICTURE.shape[0]) - 1) < 0.05


def _opened(**options: str) -> Model:
    parser = argparse.ArgumentParser()
    mask.add_arguments(parser)
    words = [word for key, value in options.items() for word in (f"--{key}", value)]
    return open_pipeline(parser.parse_args(["x", "-o", "y", *words]), stills=True).model


def test_best_has_all_answer_together_unless_one_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(folders.DATA_VARIABLE, str(tmp_path))
    own = tmp_path / "models"
    own.mkdir()
    assert not isinstance(_opened(quality="best"), EnsembleModel), "there is only one"
    add_own(own, "second")
    together = _opened(quality="best")
    assert isinstance(together, EnsembleModel)
    assert together.manifest.title == "Selfie, square + Selfie, square"
    for alone in ({"quality": "balanced"}, {"quality": "best", "model": "selfie_square"}):
        assert not isinstance(_opened(**alone), EnsembleModel)
    add_own(own, "unfree", commercial="false")
    found = _opened(quality="best")
    assert found.manifest.title == together.manifest.title


def test_a_pair_is_not_among_all_as_its_members_stand_for_themselves() -> None:
    selfie = SHIPPED["selfie_square"]
    pair = replace(selfie, output=replace(selfie.output, companion="bodypix"))
    assert open_ensemble([pair, selfie], unit_of=lambda _: "cpu") is None
