"""The depth plane that is sent with an alpha: which parts of the scene are near.

A network estimates relative depth for each frame alone, and its scale jumps when something near
enters the picture. Here each estimate is fitted to the last plane (gain and offset) where the
picture is still, and only drifts to its own scale within seconds, so that still parts keep their
depth.

A depth estimate costs more than an alpha, so it runs after the alpha has been sent, in the time
until the next frame. Where it takes longer, it runs so rarely that the alphas wait for it, on
average, no longer than they take themselves. In between, the last plane is sent again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from vb_worker.errors import first_line
from vb_worker.matte.turn import UPRIGHT
from vb_worker.models import Manifest, Model, ModelError, open_model

Floats = NDArray[np.float32]

DRIFT_SECONDS = 3.0  # time constant of the drift to an estimate's own scale
STILL = 6.0  # difference of brightness (0..255) up to which a pixel is still
LEAST_STILL = 0.2  # of the pixels: with fewer there is no fit
FITS = 0.015  # mean error, of the range, up to which the last gain and offset stay
STRAY = 0.08  # of the range: outliers above this are left out of the fit
LOWEST_GAIN, HIGHEST_GAIN = 0.4, 2.5
_EVERY = 3  # pixels: subsampling for the fit


class SteadyDepth:
    """The depth of one stream, kept at one scale."""

    def __init__(self) -> None:
        self._plane: Floats | None = None
        self._grey: NDArray[np.uint8] | None = None
        self._scale = (1.0, 0.0)  # gain and offset applied to the last estimate

    def __call__(self, answer: Floats, picture: NDArray[np.uint8], passed: float) -> Floats:
        """Return the estimate at the stream's scale: height x width float32, 0..1, 1 nearest.

        ``answer``: the estimate, height x width float32, 0..1, 1 nearest. ``picture``: what it was
        made from, RGB or RGBA uint8 of any size. ``passed``: seconds since the last estimate.
        """
        height, width = answer.shape
        small = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
        code = cv2.COLOR_RGBA2GRAY if small.shape[2] == 4 else cv2.COLOR_RGB2GRAY
        grey = np.asarray(cv2.cvtColor(small, code), np.uint8)
        plane = answer
        if self._plane is not None and self._plane.shape == answer.shape:
            gain, offset = self._fit(answer, grey)
            own = 1.0 - float(np.exp(-passed / DRIFT_SECONDS))
            gain, offset = gain + own * (1.0 - gain), offset * (1.0 - own)
            self._scale = gain, offset
            plane = np.clip(answer * np.float32(gain) + np.float32(offset), 0.0, 1.0)
        self._plane, self._grey = plane, grey
        return plane

    def _fit(self, answer: Floats, grey: NDArray[np.uint8]) -> tuple[float, float]:
        """Return the gain and offset that fit the answer to the last plane where nothing moved.

        The last ones stay while they fit: a new fit to noise would make a steady depth flicker.
        """
        assert self._plane is not None and self._grey is not None
        moved = cv2.blur(cv2.absdiff(grey, self._grey), (5, 5))[::_EVERY, ::_EVERY]
        new = answer[::_EVERY, ::_EVERY]
        old = self._plane[::_EVERY, ::_EVERY]
        # Clipped values at the ends of the range say nothing about the scale.
        usable = (moved <= STILL) & (new > 0.01) & (new < 0.99) & (old > 0.01) & (old < 0.99)
        if np.count_nonzero(usable) < LEAST_STILL * new.size:
            return 1.0, 0.0
        x, y = new[usable].astype(np.float64), old[usable].astype(np.float64)
        gain, offset = self._scale
        if np.abs(gain * x + offset - y).mean() <= FITS:
            return gain, offset
        gain, offset = _line(x, y)
        close = np.abs(gain * x + offset - y) < STRAY
        if np.count_nonzero(close) >= 0.5 * len(x):
            gain, offset = _line(x[close], y[close])
        return (gain, offset) if LOWEST_GAIN <= gain <= HIGHEST_GAIN else (1.0, 0.0)


def _line(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float]:
    """Return gain and offset so that gain * x + offset has the mean and standard deviation of y.

    Least squares would underestimate the slope because of the noise in x (regression dilution),
    and the scale would shrink with every frame.
    """
    spread = float(x.std())
    gain = float(y.std()) / spread if spread > 1e-3 else 1.0
    return gain, float(y.mean()) - gain * float(x.mean())


class Turns:
    """Decides when a depth estimate is due: see the module's docstring. Times in seconds."""

    def __init__(self) -> None:
        self._credit = 0.0
        self._took = 0.0
        self._period = 0.0
        self._last: tuple[float, int] | None = None

    def frame(self, now: float, alpha: float, count: int) -> bool:
        """Count a frame whose alpha took ``alpha`` seconds; return whether a depth is due.

        ``count``: the number of frames so far, skipped ones included.
        """
        came = 1
        if self._last is not None and count > self._last[1]:
            came = count - self._last[1]
            passed = min((now - self._last[0]) / came, 1.0)
            self._period += (passed - self._period) * (0.1 if self._period else 1.0)
        self._last = now, count
        cost = self._cost(alpha)
        self._credit = min(self._credit + came * alpha, max(cost, alpha))
        if self._credit < cost:
            return False
        self._credit -= cost
        return True

    def _cost(self, alpha: float) -> float:
        """Return the total wait of all frames that arrive during a depth estimate."""
        longest = self._took - max(0.0, self._period - alpha)
        if longest <= 0.0 or self._period <= 0.0:
            return max(longest, 0.0)
        more = int(longest / self._period)
        return (more + 1) * longest - self._period * more * (more + 1) / 2

    def took(self, seconds: float) -> None:
        """Note the duration of a depth estimate, smoothed: the first ones of a network are slow."""
        self._took += (seconds - self._took) * (0.3 if self._took else 1.0)


class DepthStream:
    """One filter's depth: the chosen model, the last plane, the error."""

    def __init__(self) -> None:
        self.name = ""
        self.error: Exception | None = None
        self.turn = UPRIGHT
        """How the picture stands that the model is shown upright."""
        self._begin()

    def _begin(self) -> None:
        self.plane: NDArray[np.uint8] | None = None
        self.steady = SteadyDepth()
        self.turns = Turns()
        self.made: float | None = None

    def choose(self, name: str, error: Exception | None) -> None:
        """Start over with model ``name`` ("" for none), or with why it cannot be used."""
        self.name, self.error = name, error
        self._begin()

    def reset(self) -> None:
        """Forget the last plane: the next picture is unrelated."""
        self._begin()

    def sized(self, width: int, height: int) -> NDArray[np.uint8] | None:
        """Return the last plane at this size, height x width uint8, 255 nearest; None at first."""
        if self.plane is None or self.plane.shape == (height, width):
            return self.plane
        return np.asarray(cv2.resize(self.plane, (width, height)), np.uint8)


class Depths:
    """The open depth models, each shared by all streams that chose it."""

    def __init__(
        self,
        manifests: Mapping[str, Manifest],
        clock: Callable[[], float] = time.perf_counter,
        allow: Callable[[Manifest], None] = lambda _manifest: None,
    ) -> None:
        """``allow`` raises ModelError for a model that may not be opened, or not yet.

        ``clock`` returns seconds.
        """
        self._manifests = manifests
        self._allow = allow
        self._models: dict[str, Model] = {}
        self._clock = clock

    def choose(self, stream: DepthStream, name: str) -> None:
        """Set a stream's model, "" for none. A failure to open it is kept in ``stream.error``."""
        if name == stream.name and not stream.error:
            return
        try:
            if name and name not in self._models:
                self._models[name] = self._open(name)
            stream.choose(name, None)
        except Exception as error:  # a model that fails must not stop the alphas
            stream.choose(name, error)

    def close_except(self, names: set[str]) -> None:
        """Close the models that no stream uses."""
        for name in [name for name in self._models if name not in names]:
            del self._models[name]

    def see(
        self, stream: DepthStream, picture: NDArray[np.uint8], alpha_ms: float, count: int
    ) -> None:
        """Update the stream's plane from a frame (H x W x 4 uint8 RGBA) if a depth is due.

        ``alpha_ms``: the time of this frame's alpha. ``count``: the number of frames so far,
        skipped ones included. A model that fails is not run again until the setting changes;
        ``stream.error`` says why.
        """
        model = self._models.get(stream.name)
        begin = self._clock()
        if model is None or stream.error or not stream.turns.frame(begin, alpha_ms / 1e3, count):
            return
        try:
            answer = stream.turn.back(model(stream.turn.upright(picture)))
            passed = begin - stream.made if stream.made is not None else 0.0
            plane = stream.steady(answer, picture, passed)
        except Exception as error:  # a model that fails must not stop the alphas
            failed = ModelError("FailedOnPicture", name=stream.name, reason=first_line(error))
            stream.choose(stream.name, error if isinstance(error, ModelError) else failed)
            return
        stream.plane = np.asarray(cv2.convertScaleAbs(plane, alpha=255.0), np.uint8)
        stream.made = begin
        stream.turns.took(self._clock() - begin)

    def _open(self, name: str) -> Model:
        manifest = self._manifests.get(name)
        if manifest is None:
            raise ModelError("NotInstalled", name=name)
        if manifest.kind != "depth":
            raise ModelError("FindsNoDepth", name=name)
        self._allow(manifest)
        return open_model(manifest)
