"""By how much the person is brightened, and what tint is taken off."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from vb_demo import clip
from vb_worker.matte.person_light import LARGEST, PersonLight, wanted_gains

Image = npt.NDArray[np.uint8]
SIZE = (320, 180)


def _lit(light: float = 1.0, tint: tuple[float, float, float] = (1.0, 1.0, 1.0), noise: float = 0.0,
         seed: int = 0) -> tuple[Image, Image]:  # fmt: skip
    """Return a frame (RGB) in so much linear light of a colour, and its alpha."""
    picture, alpha = clip.frame(0.0, *SIZE)
    linear = (picture[..., ::-1] / 255.0) ** 2.2 * light * np.array(tint)
    shown = np.clip(linear, 0, 1) ** (1 / 2.2) * 255
    shown += np.random.default_rng(seed).normal(0, noise, shown.shape)
    return np.clip(shown, 0, 255).astype(np.uint8), alpha


def _gains(*frame: Image) -> npt.NDArray[np.float64]:
    found = wanted_gains(*frame)
    assert found is not None
    return found


def test_a_well_lit_person_is_left_alone() -> None:
    assert _gains(*_lit()) == pytest.approx([1.0, 1.0, 1.0], abs=0.02)


def test_dark_skin_in_good_light_is_left_alone() -> None:
    """The shirt's brightness tells a dark face from a dark room."""
    picture, alpha = _lit()
    rows = np.flatnonzero(alpha.any(axis=1))
    head = np.zeros(alpha.shape, bool)
    head[: rows[0] + len(rows) * 4 // 10] = True
    picture[head] = (picture[head] * 0.55).astype(np.uint8)
    picture[~head] = 225
    assert _gains(picture, alpha)[1] == pytest.approx(1.0, abs=0.02)
    dim = (picture * 0.4).astype(np.uint8)
    assert _gains(dim, alpha)[1] > 1.5


def test_the_darker_the_more_up_to_a_limit() -> None:
    half, tenth, hundredth = (_gains(*_lit(light)) for light in (0.25, 0.1, 0.01))
    assert 1.2 < half[1] < tenth[1] <= LARGEST
    assert hundredth[1] == pytest.approx(LARGEST)


@pytest.mark.parametrize("tint", [(1.0, 0.8, 0.4), (0.55, 0.8, 1.0)], ids=["warm", "cold"])
def test_a_tint_is_taken_off_in_part_and_never_turned_round(
    tint: tuple[float, float, float],
) -> None:
    warm = tint[0] > tint[2]
    gains = _gains(*_lit(0.8, tint))
    ratio = gains[2] / gains[0]
    assert (ratio > 1.05) if warm else (ratio < 0.95)
    left = tint[2] * ratio / tint[0]
    assert (left < 1.05) if warm else (left > 0.95)


def test_without_a_head_the_gains_stay() -> None:
    light = PersonLight()
    before = light(*_lit(0.1), 0.05).copy()
    picture, alpha = _lit()
    assert (light(picture, np.zeros_like(alpha), 0.05) == before).all()


def test_noise_and_a_flickering_lamp_change_little_from_frame_to_frame() -> None:
    light, found = PersonLight(), []
    for number in range(90):
        lamp = 0.1 * (1.25 if number % 2 else 1.0)
        found.append(light(*_lit(lamp, noise=4, seed=number), 1 / 30)[1])
    steps = np.abs(np.diff(np.log(found[10:])))
    assert steps.max() < 0.012


def test_new_light_is_followed_within_seconds_at_any_rate() -> None:
    for rate in (5, 30, 60):
        light = PersonLight()
        light(*_lit(), 1 / rate)
        for _ in range(6 * rate):
            gains = light(*_lit(0.1), 1 / rate)
        assert gains[1] == pytest.approx(_gains(*_lit(0.1))[1], rel=0.05)
