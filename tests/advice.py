"""Counts what the advice says about made pictures of each kind and about good ones.

``python -m tests.advice [FOLDER ...]``: pictures in the folders are taken as good ones; what is
said about them is a false alarm. Masks come from the network that ships.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from vb_demo import clip
from vb_demo.room import room
from vb_link import folders
from vb_link.layout import ADVICE
from vb_link.settings import SHIPPED_MODEL
from vb_worker.matte.advice import EVERY_SECONDS, Advisor
from vb_worker.matte.pipeline import Pipeline
from vb_worker.models import registry
from vb_worker.models.kinds import open_model

Image = npt.NDArray[np.uint8]
SIZE = (640, 360)
LOOKS = 24
KINDS = [word for word in ADVICE if word not in ("", "slow")]


def made(kind: str, t: float) -> tuple[Image, Image]:
    """Return a frame (BGR) at ``t`` seconds that is poor in one way, and its true alpha."""
    picture, alpha = clip.frame(t, *SIZE)
    person = (alpha / 255.0)[..., None]
    rng = np.random.default_rng(round(t * 100))
    if kind == "dark":
        low = picture * 0.16 + rng.normal(0, 3, picture.shape)
        picture = np.clip(low, 0, 255).astype(np.uint8)
    elif kind == "backlight":
        bright = np.clip(picture * 1.5 + 95.0, 0, 255)
        picture = (picture * 0.24 * person + bright * (1 - person)).astype(np.uint8)
    elif kind == "far":
        small = cv2.resize(alpha, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
        there = cv2.resize(picture, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
        scene, alpha = clip.frame(t, *SIZE)[0], np.zeros_like(alpha)
        scene = np.ascontiguousarray(scene[:, ::-1])
        scene[:] = cv2.GaussianBlur(_empty(), (0, 0), 1.0)
        high, wide = small.shape
        place = np.s_[250 : 250 + high, 240 : 240 + wide]
        share = (small / 255.0)[..., None]
        scene[place] = there * share + scene[place] * (1 - share)
        alpha[place] = small
        picture = scene
    elif kind == "blurred":
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), 7.0), np.uint8)
        alpha = np.asarray(cv2.GaussianBlur(alpha, (0, 0), 7.0), np.uint8)
    elif kind == "alike":
        rim = cv2.morphologyEx(alpha, cv2.MORPH_GRADIENT, np.ones((25, 25), np.uint8)) > 0
        clothes = picture[rim & (alpha > 250)].mean(axis=0)
        wall = np.clip(clothes + rng.normal(0, 2, picture.shape), 0, 255)
        evened = picture * 0.25 + clothes * 0.75
        picture = (evened * person + wall * (1 - person)).astype(np.uint8)
    elif kind == "screen":
        film = cv2.resize(rng.integers(0, 255, (4, 6, 3)).astype(np.uint8), (150, 90))
        shown = picture.copy()
        shown[30:120, 20:170] = film
        picture = np.where(person > 0.5, picture, shown).astype(np.uint8)
    return picture, alpha


def _empty() -> Image:
    """Return the room with nobody in it."""
    return np.asarray(room(*SIZE), np.uint8)


def said(frames: list[tuple[Image, Image]]) -> str:
    """Return what the advice says after these looks."""
    advisor, now = Advisor(), 0.0
    for picture, alpha in frames:
        rgba = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGBA), np.uint8)
        advisor(rgba, alpha, 10.0, now)
        now += EVERY_SECONDS
    return advisor.word


def masked(pipeline: Pipeline, picture: Image) -> Image:
    """Return the alpha of a picture (BGR), in its size."""
    rgba = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGBA), np.uint8)
    alpha = pipeline.still(rgba).alpha
    return np.asarray(cv2.resize(alpha, picture.shape[1::-1]), np.uint8)


def main() -> None:
    """Print both tables."""
    manifest = registry.find_models([folders.models_dir()])[SHIPPED_MODEL]
    pipeline = Pipeline(open_model(manifest))
    times = [look * EVERY_SECONDS for look in range(LOOKS)]
    print("made picture: with its true mask, with the network's")
    for kind in ("good", *KINDS):
        frames = [made(kind, t) for t in times]
        found = said(frames)
        own = said([(picture, masked(pipeline, picture)) for picture, _ in frames])
        print(f"{kind}: {found or '-'}, {own or '-'}")
    for folder in sys.argv[1:]:
        alarms: Counter[str] = Counter()
        paths = sorted(Path(folder).iterdir())
        for path in paths:
            picture = cv2.imread(str(path))
            if picture is not None:
                image = np.asarray(picture, np.uint8)
                word = said([(image, masked(pipeline, image))] * LOOKS)
                alarms[word or "-"] += 1
                if word:
                    print(f"  {path.stem}: {word}")
        print(f"{folder}: {dict(alarms)}")


if __name__ == "__main__":
    main()
