"""Adding a user's network: guess a manifest from its graph, try it, write it."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from vb_link import folders
from vb_worker.atomic import make_folder, replacing
from vb_worker.errors import ModelError
from vb_worker.models import sample_check
from vb_worker.models.families import FAMILIES, family_of, finds_person
from vb_worker.models.family import GraphOutput
from vb_worker.models.kinds import open_model
from vb_worker.models.manifest import InputSpec, Manifest, OutputSpec
from vb_worker.models.manifest_reader import parse
from vb_worker.models.network import Network
from vb_worker.runtime import onnx_check
from vb_worker.runtime.session import plain_session

_TIE = 0.003  # scores closer than this count as equal
_RARE = 0.02  # penalty of BGR, which is rare: it has to be clearly better
_FREE_SIDE = 256  # used if the graph takes any size
_TYPES = {"tensor(float)": "float32", "tensor(float16)": "float16", "tensor(uint8)": "uint8"}
_OUTPUT_KEYS = ("name", "layout", "person", "activation", "foreground", "state", "companion",
                "near", "least_score", "boxes", "labels", "scores", "masks")  # fmt: skip
_STATE = re.compile(r"^(.*?)_?(in|i|input|prev|h_in)(\d*)$")


def add(
    file: Path,
    *,
    name: str | None,
    title: str | None,
    kind: str | None,
    licence: str,
    commercial: bool,
    taken: Mapping[str, Manifest],
) -> tuple[Manifest, float]:
    """Copy ``file`` to the user's models and write a manifest; return it and its score, 0..1.

    ``taken``: the existing models. Raises ModelError, one sentence, and then writes nothing.
    """
    if kind is not None and kind not in FAMILIES:
        raise ModelError(f"There is no kind {kind!r}; there are: {', '.join(FAMILIES)}.")
    name = name or re.sub(r"[^a-z0-9]+", "_", file.stem.lower()).strip("_") or "model"
    weights = folders.user_models_dir() / f"{name}.onnx"
    path = weights.with_suffix(".toml")
    _refuse_taken(name, (path, weights), taken)
    data = onnx_check.load(file)
    base = Manifest(
        path=file.with_suffix(".toml"),
        name=name,
        title=title or file.stem,
        file=file.name,
        sha256=hashlib.sha256(data).hexdigest(),
        licence=licence,
        commercial=commercial,
        source=None,
        input=InputSpec(1, 1, "NCHW", "RGB", 255.0, (0.0,) * 3, (1.0,) * 3, "stretch"),
        output=OutputSpec("probability"),
    )
    best = guess(base, kind)
    try:
        found = sample_check.check(open_model(best))
    except ModelError as error:
        raise _unfit(best) from error
    manifest = parse(path, text_of(replace(best, file=weights.name)))
    make_folder(path.parent)
    # Both are written, then renamed, the manifest last: a model is listed by its manifest.
    with replacing(path) as told, replacing(weights) as copy:
        told.write_text(text_of(manifest), encoding="utf-8")
        copy.write_bytes(data)
    return manifest, found


def _refuse_taken(name: str, paths: tuple[Path, ...], taken: Mapping[str, Manifest]) -> None:
    """Raise ModelError if a new model would replace another's manifest or weights."""
    theirs = [
        manifest.path
        for manifest in taken.values()
        if name == manifest.name or f"{name}.onnx" == manifest.file
    ]
    there = [*theirs, *filter(os.path.lexists, paths)]
    if there:
        own = there[0].parent == folders.user_models_dir()
        instead = ", or remove that model first" if own else ""
        raise ModelError(
            f"The name {name!r} is taken ({there[0]}): choose another with --name{instead}."
        )


def _unfit(manifest: Manifest) -> ModelError:
    finds = "find the person in" if finds_person(manifest) else "put the person before the room in"
    return ModelError(
        f"However {manifest.file} is read, it does not {finds} the test picture; if it is made "
        "for that, write a manifest by hand (docs/models.md says how)."
    )


def guess(base: Manifest, kind: str | None) -> Manifest:
    """Return ``base`` with the input and output that find most of the test picture's person.

    ``kind``: the only kind to try, None for all. Raises ModelError if none works.
    """
    session = plain_session(onnx_check.load(base.weights), base.weights)
    found: list[tuple[float, Manifest]] = []
    problems: list[ModelError] = []
    for spec in _inputs(session):
        for output in _outputs(session, spec, kind):
            try:
                model = open_model(replace(base, input=spec, output=output))
            except ModelError as error:
                problems.append(error)
            else:
                found += _scored(model, problems)
    if not found and problems:
        raise problems[-1]
    if not found:
        raise ModelError(
            f"{base.weights.name} has no input that is a picture of 3 or 4 colours, or no output "
            "that could be a mask; write a manifest by hand (docs/models.md says how)."
        )
    highest = max(score for score, _ in found)
    best = next(option for score, option in found if score >= highest - _TIE)
    if finds_person(best) and highest < sample_check.GOOD_ENOUGH:
        raise _unfit(best)
    return best


def _scored(model: Any, problems: list[ModelError]) -> Iterator[tuple[float, Manifest]]:
    """Yield (score, manifest) for each usual way to feed and read a model.

    Ways that fail are skipped; their errors are added to ``problems``.
    """
    if not isinstance(model, Network):
        return
    manifest = model.manifest
    for spec in (manifest.input, *sample_check.normalised(manifest.input)):
        for colour in ("RGB", "BGR") if spec.colour != "RGBA" else ("RGBA",):
            fed = replace(manifest, input=replace(spec, colour=colour))
            tuned = model.retuned(fed)
            try:
                views = [(tuned.outputs(picture), truth) for picture, truth in sample_check.views()]
            except ModelError as error:  # it fails at this size with any input
                problems.append(error)
                return
            for output in family_of(manifest).readings(manifest.output, model.classes()):
                told = replace(fed, output=output)
                try:
                    reading = tuned.retuned(told)
                    scores = [
                        sample_check.score(told, reading.read(view), truth) for view, truth in views
                    ]
                except ModelError as error:
                    problems.append(error)
                    continue
                if None not in scores:
                    # Ties go to the first: the usual scale and colour order.
                    mean = float(np.mean([score_ for score_ in scores if score_ is not None]))
                    yield mean - (_RARE if colour == "BGR" else 0.0), told


def _inputs(session: Any) -> Iterator[InputSpec]:
    pictures = []
    for tensor in session.get_inputs():
        shape, dtype = list(tensor.shape), _TYPES.get(tensor.type)
        sides = shape[1:] if len(shape) == 4 else shape
        batch = shape[0] if len(shape) == 4 else 1
        if dtype is None or len(sides) != 3 or (isinstance(batch, int) and batch != 1):
            continue
        for layout, channels, rest in (
            ("CHW", sides[0], sides[1:]),
            ("HWC", sides[2], sides[:2]),
        ):
            if channels in (3, 4) and (channels == 3 or dtype == "uint8"):
                prefix = "N" if len(shape) == 4 else ""
                pictures.append((tensor.name, f"{prefix}{layout}", channels, rest, dtype))
    if not pictures:
        return
    # The first input of three channels is the picture; others may be recurrent states.
    name, layout, channels, (height, width), dtype = pictures[0]
    free = not (isinstance(height, int) and isinstance(width, int))
    several = len(session.get_inputs()) > 1
    yield InputSpec(
        width=width if isinstance(width, int) else _FREE_SIDE,
        height=height if isinstance(height, int) else _FREE_SIDE,
        layout=layout,
        colour="RGBA" if channels == 4 else "RGB",
        scale=1.0 if dtype == "uint8" else 255.0,
        mean=(0.0, 0.0, 0.0),
        std=(1.0, 1.0, 1.0),
        resize="stretch",
        dtype=dtype,
        width_range=(32, 1024) if free else None,
        height_range=(32, 1024) if free else None,
        multiple_of=32 if free else 1,
        name=name if several else "",
        constants={tensor.name: (1.0,) for tensor in session.get_inputs() if len(tensor.shape) < 3},
    )


def _outputs(session: Any, spec: InputSpec, kind: str | None) -> Iterator[OutputSpec]:
    outputs = session.get_outputs()
    inputs = [tensor.name for tensor in session.get_inputs()]
    state = tuple(
        (given, renewed)
        for given in inputs
        if given != (spec.name or inputs[0]) and given not in spec.constants
        for renewed in [_renewed(given, [output.name for output in outputs])]
        if renewed
    )
    families = [
        family
        for family in FAMILIES.values()
        if family.kind == kind or (kind is None and family.unasked)
    ]
    for family in families:
        whole = family.guess_whole(outputs)
        if whole is not None:
            yield whole
            return
    taken = {renewed for _, renewed in state}
    for output in outputs:
        shape = list(output.shape)
        if output.name in taken or len(shape) not in (2, 3, 4):
            continue
        name = output.name if len(outputs) > 1 else ""
        plane = GraphOutput(name, shape, "int" in output.type, spec, state)
        for family in families:
            yield from family.guess(plane)


def _renewed(given: str, outputs: list[str]) -> str | None:
    """Return the output that updates a state: r1i -> r1o, h_in -> h_out, state_prev -> state."""
    match = _STATE.match(given)
    if match is None:
        return None
    stem, tail = match[1], match[3]
    for end in ("o", "_o", "out", "_out", "output", "_output", "next", "_next", ""):
        if f"{stem}{end}{tail}" in outputs:
            return f"{stem}{end}{tail}"
    return None


def text_of(manifest: Manifest) -> str:
    """Return a manifest as TOML, which ``manifest_reader.parse`` reads back."""
    spec, output = manifest.input, manifest.output
    lines = [
        f"name = {_toml(manifest.name)}",
        f"title = {_toml(manifest.title)}",
        f"file = {_toml(manifest.file)}",
        f"sha256 = {_toml(manifest.sha256)}",
        f"licence = {_toml(manifest.licence)}",
        f"commercial = {_toml(manifest.commercial)}",
        *([f"accuracy = {manifest.accuracy}"] if manifest.accuracy else []),
        *([f"mean_iou = {manifest.mean_iou}"] if manifest.mean_iou else []),
        "",
        "# What the network is fed: (value of 0..255 / scale - mean) / std, colour by colour.",
        "[input]",
        f"width = {spec.width}",
        f"height = {spec.height}",
        f"layout = {_toml(spec.layout)}",
        f"colour = {_toml(spec.colour)}",
    ]
    if spec.dtype != "float32":
        lines.append(f"dtype = {_toml(spec.dtype)}")
    if spec.dtype != "uint8":
        lines += [f"{key} = {_toml(getattr(spec, key))}" for key in ("scale", "mean", "std")]
    lines.append(f"resize = {_toml(spec.resize)}")
    for key in ("width_range", "height_range"):
        if getattr(spec, key) is not None:
            lines.append(f"{key} = {_toml(getattr(spec, key))}")
    if spec.multiple_of != 1:
        lines.append(f"multiple_of = {spec.multiple_of}")
    if spec.name:
        lines.append(f"name = {_toml(spec.name)}")
    if spec.constants:
        inside = ", ".join(
            f"{_toml(key)} = {_toml(constant)}" for key, constant in spec.constants.items()
        )
        lines.append(f"constants = {{ {inside} }}")
    lines += ["", "[output]", f"kind = {_toml(output.kind)}"]
    plain, written = OutputSpec(output.kind), family_of(manifest).written
    for key in _OUTPUT_KEYS:
        if key in written or getattr(output, key) != getattr(plain, key):
            lines.append(f"{key} = {_toml(getattr(output, key))}")
    return "\n".join([*lines, ""])


def write_beside(data: bytes, manifest: Manifest, folder: Path) -> Path:
    """Write a variant of a model and its manifest to ``folder``; return the manifest's path."""
    weights = folder / f"{manifest.name}.onnx"
    weights.write_bytes(data)
    told = replace(
        manifest, file=weights.name, sha256=hashlib.sha256(data).hexdigest(), source=None,
        mean_iou=0.0,  # a variant has not been measured
    )  # fmt: skip
    path = weights.with_suffix(".toml")
    path.write_text(text_of(told), encoding="utf-8")
    return path


def _toml(value: Any) -> str:
    if isinstance(value, (tuple, list)):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    # JSON's strings and numbers are valid TOML, with non-ASCII characters left unescaped.
    return json.dumps(value, ensure_ascii=False)
