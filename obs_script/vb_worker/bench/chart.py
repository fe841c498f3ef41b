"""A bar chart, drawn with OpenCV to save a dependency."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

_ROW, _BAR, _MARGIN, _WIDTH = 26, 14, 12, 1100
_FONT, _SIZE = cv2.FONT_HERSHEY_SIMPLEX, 0.42
_INK, _FILL, _LINE = (40, 40, 40), (66, 133, 190), (200, 90, 40)


def bars(entries: Sequence[tuple[str, float, float]], title: str) -> NDArray[np.uint8]:
    """Return a picture (H x W x 3 uint8 RGB) with a bar for each (name, value, upper value)."""
    height = _MARGIN * 2 + _ROW * (len(entries) + 1)
    picture = np.full((height, _WIDTH, 3), 255, np.uint8)
    left = _MARGIN * 2 + max(_text_width(name) for name, _, _ in entries)
    room = _WIDTH - left - 120
    most = max(max(value, upper) for _, value, upper in entries) or 1.0
    _write(picture, title, _MARGIN, _MARGIN + _ROW // 2)
    for number, (name, value, upper) in enumerate(entries, 1):
        middle = _MARGIN + _ROW * number + _ROW // 2
        _write(picture, name, _MARGIN, middle)
        end = left + max(1, round(room * value / most))
        tip = left + max(1, round(room * upper / most))
        top, bottom = middle - _BAR // 2, middle + _BAR // 2
        cv2.rectangle(picture, (left, top), (end, bottom), _FILL, cv2.FILLED)
        cv2.line(picture, (end, middle), (tip, middle), _LINE, 2)
        _write(picture, f"{value:.2f} / {upper:.2f}", max(end, tip) + 8, middle)
    return picture


def _text_width(text: str) -> int:
    return int(cv2.getTextSize(text, _FONT, _SIZE, 1)[0][0])


def _write(picture: NDArray[np.uint8], text: str, x: int, middle: int) -> None:
    cv2.putText(picture, text, (x, middle + 4), _FONT, _SIZE, _INK, 1, cv2.LINE_AA)
