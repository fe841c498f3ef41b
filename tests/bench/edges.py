"""How edges look on a bright background: as they are, and with the person's own colours.

``python -m tests.bench.edges SET... [--page FILE.png] [--model NAME]`` (with the project and
``obs_script`` on the path). The people of sets with masks (as for ``eval``) are put before a dark
and a bright wall, found, cut out, and drawn over white. Printed per wall: the mean difference from
what is right, in levels of 255, near the true outline (within 1 % of the diagonal), and the time
that the colours take. People who were not found well are left out: their faults are not the edge's.
The page shows four times enlarged where the two differ most, a row for each picture: what was
filmed, as it is, with own colours, and what is right.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from vb_worker.bench.metrics import iou
from vb_worker.bench.sets import pairs_of
from vb_worker.bench.synthetic_clips import Clip, cut_to_person
from vb_worker.commands.options import add_model_options, open_pipeline
from vb_worker.offline.compose import over
from vb_worker.offline.foreground import own_colours
from vb_worker.offline.pictures import write_png
from vb_worker.offline.upsample import shown

SIZE = (1280, 720)
WALLS = {"dark wall": 25, "bright wall": 215}  # levels
SIDE, ENLARGED = 72, 4  # pixels of a detail, and how large it is shown
MOST_ROWS = 8
FOUND = 0.93  # overlap with the true mask

Picture = NDArray[np.uint8]
Alpha = NDArray[np.float32]


def _placed(pair: tuple[Picture, Alpha], level: int) -> tuple[Picture, Picture, Alpha] | None:
    """Return a person before a wall, the same before white, and the true alpha."""
    person = cut_to_person(*pair)
    if person is None:
        return None

    def before(wall: int) -> tuple[Picture, Alpha]:
        room = np.full((SIZE[1], SIZE[0], 3), wall, np.uint8)
        return next(iter(Clip(*person, room, *SIZE)))

    filmed, alpha = before(level)
    return filmed, before(255)[0], alpha


def _drawn(filmed: Picture, alpha: Alpha) -> tuple[Picture, Picture, float]:
    """Return the person over white, as it is and with own colours, and the latter's ms."""
    white = np.full_like(filmed, 255)
    begin = time.perf_counter()
    colours = own_colours(filmed, alpha)
    took = (time.perf_counter() - begin) * 1e3
    return over(filmed, alpha, white), over(colours, alpha, white), took


def _near(alpha: Alpha) -> NDArray[np.bool_]:
    square = np.ones((3, 3), np.uint8)
    mask = (alpha > 0.5).astype(np.uint8)
    width = max(1, round(0.01 * float(np.hypot(*alpha.shape))))
    return np.asarray(
        cv2.dilate(mask, square, iterations=width) != cv2.erode(mask, square, iterations=width)
    )


def _detail(pictures: tuple[Picture, ...], change: NDArray[np.float32]) -> Picture:
    """Return the place of the largest change from all pictures, enlarged, beside each other."""
    around = cv2.blur(change, (SIDE, SIDE))
    half = SIDE // 2
    row, column = np.unravel_index(
        int(np.argmax(around[half:-half, half:-half])), around[half:-half, half:-half].shape
    )
    part = np.s_[row : row + SIDE, column : column + SIDE]
    large = [
        cv2.resize(picture[part], None, fx=ENLARGED, fy=ENLARGED, interpolation=cv2.INTER_NEAREST)
        for picture in pictures
    ]
    return np.asarray(np.hstack(large), np.uint8)


def main() -> None:
    """Measure, and write the page if one is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="+", type=Path)
    parser.add_argument("--page", type=Path)
    parser.add_argument("--most", type=int, default=20, help="pictures of each set")
    add_model_options(parser)
    options = parser.parse_args()
    pipeline = open_pipeline(options)
    for wall, level in WALLS.items():
        scores: list[tuple[float, float, float]] = []
        rows: list[tuple[float, Picture]] = []
        for folder in options.folder:
            for pair in pairs_of(folder)[: options.most]:
                placed = _placed(pair.read(), level)
                if placed is None:
                    continue
                filmed, right, alpha = placed
                found = shown(filmed, pipeline.still(filmed).alpha, edges=True)
                if iou(found, alpha) < FOUND:
                    continue
                plain, own, took = _drawn(filmed, found)
                near = _near(alpha)
                errors = [
                    np.abs(drawn.astype(np.float32) - right).mean(-1) * near
                    for drawn in (plain, own)
                ]
                means = [float(error.sum() / near.sum()) for error in errors]
                scores.append((means[0], means[1], took))
                change = cv2.absdiff(plain, own).astype(np.float32).mean(-1)
                rows.append((float(change.max()), _detail((filmed, plain, own, right), change)))
        if not scores:
            print(f"{wall}: nobody was found well")
            continue
        before, after, took = np.mean(scores, 0)
        figures = f"as it is {before:.1f}, own colours {after:.1f} ({took:.1f} ms)"
        print(f"{wall}, {len(scores)} people: {figures}")
        if options.page:
            most = [row for _, row in sorted(rows, key=lambda row: -row[0])[:MOST_ROWS]]
            name = options.page.with_stem(f"{options.page.stem}-{wall.split()[0]}")
            write_png(name, np.vstack(most))


if __name__ == "__main__":
    main()
