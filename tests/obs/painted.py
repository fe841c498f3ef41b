"""Pictures that encode their number twice, and a model whose alpha is a picture's red channel.

So a recording shows whether a picture was drawn with another one's alpha.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from tests.clips import write_clip
from tests.obs.stage import SIZE, Image
from tests.unit.onnx_graphs import FLOAT, Graph, manifest_for
from vb_worker.models import sample_check

W, H = 256, 144
BITS = 8
_CORNER = 8  # pixels of the model's picture
_STRIP = 40  # rows


def install_model(folder: Path, name: str, layers: int = 0) -> str:
    """Install a model whose answer is the picture's red channel; return its name.

    The worker tries the user's models on a picture of a person, recognised here by the red in its
    lower right corner: there the answer is the person. ``layers`` adds convolutions that only take
    time, some milliseconds each.
    """
    folder.mkdir(exist_ok=True)
    graph = Graph()

    def cut(of: str, axis: int, begin: int, end: int) -> str:
        ends = (graph.weight([value], np.int64) for value in (begin, end, axis))
        return graph.node("Slice", of, *ends)

    red = cut("picture", 1, 0, 1)
    corner = cut(cut(red, 2, H - _CORNER, H), 3, W - _CORNER, W)
    mean = graph.node("ReduceMean", corner, axes=[1, 2, 3], keepdims=1)
    zero, unity, much = (graph.weight(value, np.float32) for value in (0.0, 1.0, 1e4))
    is_sample = graph.node("Clip", graph.node("Mul", mean, much), zero, unity)
    truth = cv2.resize(sample_check.sample()[1], (W, H), interpolation=cv2.INTER_AREA)
    person = graph.node("Mul", graph.weight(truth[None, None], np.float32), is_sample)
    answer = graph.node("Add", graph.node("Mul", red, graph.node("Sub", unity, is_sample)), person)
    if layers:
        x = graph.conv("picture", 3, 16)
        for _ in range(layers):
            x = graph.relu(graph.conv(x, 16, 16))
        nothing = graph.node("Mul", graph.conv(x, 16, 1), graph.weight(1e-9, np.float32))
        answer = graph.node("Add", answer, nothing)
    graph.node("Clip", answer, zero, unity, out="out")
    file = graph.save(
        folder / f"{name}.onnx",
        [("picture", FLOAT, [1, 3, H, W])],
        [("out", FLOAT, [1, 1, H, W])],
    )
    manifest_for(file, 'kind = "probability"', width=W, height=H, name=name)
    return name


def cell(bit: int, row: int) -> tuple[slice, slice]:
    """Return where a bit is painted: row 0 is the picture's top half, 1 its bottom."""
    width = SIZE[0] // BITS
    top = row * SIZE[1] // 2
    return slice(top, top + SIZE[1] // 2), slice(bit * width, (bit + 1) * width)


def numbered(number: int) -> Image:
    """Return a picture that encodes its number twice, BGR.

    The bits of the top half are red and black: the alpha shows them, whatever the colours. Those
    of the bottom half, kept by a zone, are bright and black without red: the picture shows them.
    """
    picture = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    for bit in range(BITS):
        on = number >> bit & 1
        picture[cell(bit, 0)] = (0, 0, 255) if on else (60, 60, 0)
        picture[cell(bit, 1)] = (200, 200, 0) if on else (0, 0, 0)
    return picture


def numbers(shown: Image) -> tuple[int, int]:
    """Return the number that the alpha shows and the number that the picture shows.

    ``shown``: a picture drawn over a background that is greener than red, its bottom half kept.
    """
    by_alpha = by_picture = 0
    for bit in range(BITS):
        by_alpha |= int(_middle(shown, bit, 0)[2] > _middle(shown, bit, 0)[1]) << bit
        by_picture |= int(_middle(shown, bit, 1)[1] > 100) << bit
    return by_alpha, by_picture


def _middle(shown: Image, bit: int, row: int) -> Any:
    rows, columns = cell(bit, row)
    return shown[rows, columns][120:240, 50:110].astype(int).mean(axis=(0, 1))


def clip(path: Path, fps: int = 30) -> Path:
    """Write a clip of all the numbers there are.

    A red strip connects the bits of the top half: a separate region may be dropped for a moment.
    """

    def frame(number: int) -> Image:
        picture = numbered(number)
        picture[:_STRIP] = (0, 0, 255)
        return picture

    frames = (frame(number) for number in range(1 << BITS))
    return write_clip(path, frames, fps, preset="ultrafast", crf="10", bf="0")
