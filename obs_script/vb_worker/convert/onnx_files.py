"""From the format a model is published in to an ONNX file's bytes."""

from __future__ import annotations

from collections.abc import Sequence

from vb_worker.convert import float_weights, from_espnetv2, from_tfjs, from_tflite
from vb_worker.convert.errors import ConversionError
from vb_worker.models.manifest import Manifest


def from_source(convert: str, pieces: Sequence[bytes], manifest: Manifest) -> bytes:
    """Return the ONNX file for a manifest from the files of its source.

    ``convert``: one of manifest_reader.CONVERSIONS other than "none", or "onnx". Raises
    ConversionError.
    """
    if convert == "onnx":
        return float_weights.unpacked(pieces[0])
    size = (manifest.input.width, manifest.input.height)
    if convert == "tflite":
        return from_tflite.convert(pieces[0], manifest.name)
    if convert == "tfjs":
        return from_tfjs.convert(
            pieces[0], pieces[1:], manifest.name,
            width=size[0], height=size[1], state=manifest.output.state,
        )  # fmt: skip
    if convert == "espnetv2":
        return from_espnetv2.convert(pieces[0], manifest.name, width=size[0], height=size[1])
    raise ConversionError(f"There is no conversion {convert!r}.")
