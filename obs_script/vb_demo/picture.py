"""The picture of what the filter does: before, mask and after side by side.

``python -m vb_demo.picture BEFORE MASK AFTER -o OUT.png [--width PIXELS]``
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Union

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]
Source = Union[Path, str, Image]

LABELS = ("Before", "Mask", "After")
WIDTH = 1920
GAP = 1 / 320  # of the whole width
GAP_COLOUR = (255, 255, 255)
FONT = cv2.FONT_HERSHEY_DUPLEX


class PictureError(Exception):
    """A picture cannot be read or written; the message says which."""


def _bgr(source: Source) -> Image:
    """Return a picture as HxWx3 uint8 BGR; what is transparent becomes black."""
    if isinstance(source, (str, Path)):
        read = cv2.imread(str(source), cv2.IMREAD_UNCHANGED)
        if read is None:
            raise PictureError(f"{source} is not a picture that can be read.")
        source = np.asarray(read, np.uint8)
    if source.ndim == 2:
        return np.asarray(cv2.cvtColor(source, cv2.COLOR_GRAY2BGR), np.uint8)
    if source.shape[2] == 4:
        alpha = source[..., 3:].astype(np.uint16)
        return ((source[..., :3] * alpha + 127) // 255).astype(np.uint8)
    return source


def _label(panel: Image, text: str) -> None:
    """Write ``text`` on a dark tag in the panel's lower left corner."""
    height = panel.shape[0]
    scale = max(0.3, height / 460)
    thickness = max(1, round(height / 360))
    (w, h), _baseline = cv2.getTextSize(text, FONT, scale, thickness)
    pad, edge = round(0.6 * h), round(0.035 * height)
    x0, y1 = edge, height - edge
    x1, y0 = min(x0 + w + 2 * pad, panel.shape[1]), max(y1 - h - 2 * pad, 0)
    tag = panel[y0:y1, x0:x1]
    tag[:] = (tag * 0.25 + np.array((28, 24, 20)) * 0.75).astype(np.uint8)
    cv2.putText(
        panel, text, (x0 + pad, y1 - pad), FONT, scale, (255, 255, 255), thickness, cv2.LINE_AA
    )


def join(
    before: Source,
    mask: Source,
    after: Source,
    *,
    width: int = WIDTH,
    labels: Sequence[str] = LABELS,
) -> Image:
    """Return the three pictures in a row, HxWx3 uint8 BGR, ``width`` pixels wide.

    Each is a path or an array: HxW uint8 gray, HxWx3 BGR or HxWx4 BGRA. All are shown at the
    same height; the three panels are as wide as the first one's shape asks for. Raises
    PictureError when a file is not a picture.
    """
    pictures = [_bgr(source) for source in (before, mask, after)]
    gap = max(2, round(width * GAP))
    panel_width = (width - 2 * gap) // 3
    panel_height = max(1, round(panel_width * pictures[0].shape[0] / pictures[0].shape[1]))
    result = np.full((panel_height, width, 3), GAP_COLOUR, np.uint8)
    for number, (picture, text) in enumerate(zip(pictures, labels)):
        smaller = picture.shape[1] > panel_width
        panel = np.asarray(
            cv2.resize(
                picture,
                (panel_width, panel_height),
                interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC,
            ),
            np.uint8,
        )
        _label(panel, text)
        # Align the last panel with the right edge, whatever rounding left over.
        left = number * (panel_width + gap) if number < 2 else width - panel_width
        result[:, left : left + panel_width] = panel
    return result


def make_picture(
    before: Source, mask: Source, after: Source, output: Path, *, width: int = WIDTH
) -> None:
    """Write :func:`join` as a PNG. Raises PictureError when a file cannot be read or written."""
    picture = join(before, mask, after, width=width)
    try:
        written = cv2.imwrite(str(output), picture, [cv2.IMWRITE_PNG_COMPRESSION, 9])
    except cv2.error as error:
        raise PictureError(f"{output} cannot be written: give a name that ends in .png.") from error
    if not written:
        raise PictureError(f"{output} cannot be written: does its folder exist?")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m vb_demo.picture", description="Put before, mask and after side by side."
    )
    parser.add_argument("before", type=Path)
    parser.add_argument("mask", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="OUT.png")
    parser.add_argument("--width", type=int, default=WIDTH, metavar="PIXELS")
    options = parser.parse_args(arguments)
    try:
        make_picture(
            options.before, options.mask, options.after, options.output, width=options.width
        )
    except PictureError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
