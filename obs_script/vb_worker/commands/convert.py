"""``convert``: other formats to ONNX, and ONNX to smaller, faster or simpler ONNX.

Every step is compared with what it started from, and a result that differs too much, or that is
neither smaller nor faster, is not written.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vb_link import bounded, limits
from vb_worker.atomic import replacing
from vb_worker.commands.mask import pictures_of
from vb_worker.commands.options import known_models, refuse_overwriting
from vb_worker.convert.errors import refusing
from vb_worker.errors import UsageError, UserError
from vb_worker.models import Manifest, ModelError, adding, graph_file, open_model, trial
from vb_worker.models.manifest_reader import load
from vb_worker.models.network import Network, checked_weights
from vb_worker.models.prepare import resize
from vb_worker.pictures import read_picture

SUFFIXES = (".onnx", ".tflite", ".json", ".pth", ".pt")
_ROUNDS = 40
_MOST_PICTURES = 100
_FASTER = 0.97
_NOT_COMPARED = "The result cannot be compared with what it was made from"


# The weights of a TensorFlow.js model: files beside it, whatever the system calls a path
_SHARD = re.compile(r"[^./\\:\0][^/\\:\0]*")


@dataclass
class _Work:
    """The network on its way: the bytes and, where it is known, what describes them."""

    data: bytes
    manifest: Manifest | None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "input", metavar="IN", help="an installed model's name, or a file (.onnx, .tflite, a "
        "TensorFlow.js model.json, ESPNetv2's .pth)",
    )  # fmt: skip
    parser.add_argument("-o", "--output", required=True, type=Path, metavar="OUT.onnx")
    parser.add_argument("--manifest", type=Path, metavar="FILE.toml", help="what describes IN")
    parser.add_argument("--half", action="store_true", help="16-bit weights and arithmetic")
    parser.add_argument("--int8", action="store_true", help="8-bit weights and arithmetic")
    parser.add_argument(
        "--calibrate", type=Path, metavar="DIR", help="pictures that show --int8 the usual values"
    )
    parser.add_argument("--input-size", type=_size, metavar="WxH", help="size of the pictures")
    parser.add_argument(
        "--fold-normalization",
        action="store_true",
        help="take values of 0..255: scale, mean and std become part of the network",
    )
    parser.add_argument(
        "--input", dest="raw", choices=("uint8",), help="take RGBA bytes as they are"
    )
    parser.add_argument(
        "--no-check", action="store_true", help="do not compare with the format's own runtime"
    )
    parser.add_argument(
        "--anyway", action="store_true", help="write what is neither smaller nor faster too"
    )


def _size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d+)x(\d+)", text)
    if not match or not (0 < int(match[1]) <= 4096 and 0 < int(match[2]) <= 4096):
        raise argparse.ArgumentTypeError(f"{text} is not a size like 256x144")
    return int(match[1]), int(match[2])


def run(options: argparse.Namespace) -> int:
    """Run the command; return the exit status."""
    try:
        from vb_worker.convert import variants  # noqa: PLC0415 - an optional extra
    except ImportError as error:
        raise UserError(
            f"{error.name} is not installed: run install.py --convert, or "
            "pip install obs-virtual-background[convert]."
        ) from error
    if options.int8 and options.calibrate is None:
        raise UsageError("--int8 needs --calibrate DIR: pictures like those that will come.")
    if options.output.suffix != ".onnx":
        raise UsageError(f"{options.output} has to end in .onnx.")
    work, foreign = _read(options)
    first = work
    steps: list[tuple[str, Callable[[_Work], _Work]]] = []
    # Other formats were converted for that size already.
    resizes = options.input_size is not None and options.raw is None and not foreign
    if resizes and not _is_sized(work, options.input_size):
        steps.append(("input size", lambda one: _resized(variants, one, options.input_size)))
    if options.half:
        steps.append(("half", lambda one: _Work(variants.half(one.data), one.manifest)))
    if options.int8:
        steps.append(("int8", lambda one: _quantised(variants, one, options.calibrate)))
    if options.raw:
        steps.append(("bytes in", lambda one: _raw(variants, one, options.input_size)))
    elif options.fold_normalization:
        steps.append(("normalisation", lambda one: _folded(variants, one)))
    if not (steps or foreign):
        _session(work.data)  # a network at least
    for name, step in steps:
        made = step(work)
        # A network at another size answers otherwise: what follows is compared with it.
        _check_step(name, made if name == "input size" else first, made, options)
        if name == "input size":
            first = made
        work = made
    if steps and first is not work:
        _refuse_useless(first, work, options)
    _write(work, options.output)
    return 0


# -- reading


def _read(options: argparse.Namespace) -> tuple[_Work, bool]:
    """Return the network, and whether it came from another format."""
    known = known_models()
    name, path = options.input, Path(options.input)
    if name in known and not path.exists():
        chosen = known[name]
        if not chosen.installed or not chosen.file:
            raise UserError(f"{chosen.title} is not installed.")
        _refuse_overwriting(options.output, chosen.weights, chosen.path)
        data = checked_weights(chosen)
        graph_file.check(data, chosen.weights)
        return _Work(data, chosen), False
    if not path.is_file():
        raise UsageError(f"{name} is neither a file nor a model's name.")
    if path.suffix not in SUFFIXES:
        raise UsageError(f"{path} is none of {', '.join(SUFFIXES)}.")
    described = options.manifest or path.with_suffix(".toml")
    manifest = None
    if options.manifest or described.is_file():
        manifest = load(described)
    _refuse_overwriting(options.output, path, manifest.path if manifest else None)
    data = graph_file.load(path)
    if path.suffix == ".onnx":
        graph_file.check(data, path)
        return _Work(data, manifest), False
    return _Work(_foreign(path, data, manifest, options), manifest), True


def _refuse_overwriting(output: Path, weights: Path, manifest: Path | None) -> None:
    """Raise UsageError if what is read would be replaced: the network, or what describes it."""
    refuse_overwriting(output, weights)
    refuse_overwriting(output.with_suffix(".toml"), manifest)


def _foreign(
    path: Path, data: bytes, manifest: Manifest | None, options: argparse.Namespace
) -> bytes:
    from vb_worker.convert import (  # noqa: PLC0415 - an optional extra
        from_espnetv2,
        from_tfjs,
        from_tflite,
        from_torchscript,
        references,
    )

    size = options.input_size or (
        (manifest.input.width, manifest.input.height) if manifest else (256, 256)
    )
    stem = re.sub(r"\W+", "_", path.stem)
    if path.suffix == ".tflite":
        if options.input_size and not options.raw:
            raise UsageError("A TFLite file has one size; leave --input-size out.")
        made = from_tflite.convert(data, stem)
        if not options.no_check:
            reference = references.TfliteReference(data)
            shape = reference.shape
            _compare_raw("TFLite", reference, made, shape)
        return made
    if path.suffix == ".json":
        shards = _shards(path, data)
        state = manifest.output.state if manifest else _states(data)
        made = from_tfjs.convert(
            data, [graph_file.load(one) for one in shards], stem,
            width=size[0], height=size[1], state=state,
        )  # fmt: skip
        if not options.no_check:
            tfjs = references.TfjsReference(path, shards)
            _compare_tfjs(tfjs, made, [1, size[1], size[0], 3], {out for _, out in state})
        return made
    if from_torchscript.is_script(data):
        return from_torchscript.convert(data, size, check=not options.no_check)
    return from_espnetv2.convert(data, stem, width=size[0], height=size[1])


def _shards(path: Path, data: bytes) -> list[Path]:
    with refusing(f"{path} is not a TensorFlow.js graph model"):
        groups = json.loads(data)["weightsManifest"]
        names = [str(name) for group in groups for name in group["paths"]]
    for name in names:
        if not (_SHARD.fullmatch(name) and name.isprintable()):
            raise UserError(f"{path} names the weights {name[:80]!r}, which are not beside it.")
    shards = [path.parent / name for name in names]
    for shard in shards:
        if not shard.is_file():
            raise UserError(f"{shard}, which {path} names, is missing.")
    if sum(shard.stat().st_size for shard in shards) > limits.MODEL_BYTES:
        most = bounded.size_text(limits.MODEL_BYTES)
        raise UserError(f"The weights that {path} names are larger than {most}.")
    return shards


@refusing("The file is not a TensorFlow.js graph model")
def _states(data: bytes) -> tuple[tuple[str, str], ...]:
    """Return r1i -> r1o and the like, as recurrent networks name their states."""
    signature = json.loads(data).get("signature") or {}
    names = {one.split(":")[0] for one in signature.get("inputs", {})}
    outputs = {one.split(":")[0] for one in signature.get("outputs", {})}
    return tuple(
        (one, f"{one[:-1]}o")
        for one in sorted(names)
        if re.fullmatch(r"r\d+i", one) and f"{one[:-1]}o" in outputs
    )


# -- steps


def _described(work: _Work) -> Manifest:
    if work.manifest is None:
        raise UsageError(
            "How the network wants its pictures has to be known for this: give --manifest "
            "FILE.toml, or the name of an installed model."
        )
    return work.manifest


def _is_sized(work: _Work, size: tuple[int, int]) -> bool:
    spec = work.manifest.input if work.manifest else None
    return spec is not None and (spec.width, spec.height) == size and spec.width_range is None


def _resized(variants: Any, work: _Work, size: tuple[int, int]) -> _Work:
    manifest = _described(work)
    spec = replace(
        manifest.input, width=size[0], height=size[1], width_range=None, height_range=None
    )
    return _Work(variants.fixed_size(work.data, spec), replace(manifest, input=spec))


def _quantised(variants: Any, work: _Work, folder: Path) -> _Work:
    manifest = _described(work)
    with _opened(work) as model:
        feeds = []
        for picture in _pictures(folder):
            feed = model.prepare(model.shrink(picture)).copy()
            feeds.append(model.named(feed))
    return _Work(variants.int8(work.data, feeds), manifest)


def _folded(variants: Any, work: _Work) -> _Work:
    manifest = _described(work)
    data, spec = variants.folded(work.data, manifest.input)
    return _Work(data, replace(manifest, input=spec))


def _raw(variants: Any, work: _Work, size: tuple[int, int] | None) -> _Work:
    manifest = _described(work)
    layout = manifest.output.layout or manifest.input.layout
    data, spec = variants.raw_input(work.data, manifest.input, size)
    output = replace(manifest.output, layout=layout)
    return _Work(data, replace(manifest, input=spec, output=output))


# -- comparing


class _opened:
    """The network as a model, from a file that is there while it is open."""

    def __init__(self, work: _Work) -> None:
        self._work = work

    def __enter__(self) -> Network:
        manifest = _described(self._work)
        self._folder = tempfile.TemporaryDirectory()
        path = Path(self._folder.name) / "model.onnx"
        path.write_bytes(self._work.data)
        told = replace(
            manifest,
            path=path.with_suffix(".toml"),
            file=path.name,
            sha256=hashlib.sha256(self._work.data).hexdigest(),
        )
        try:
            model = open_model(told)
        except ModelError as error:
            self._folder.cleanup()
            text = str(error).replace(str(path), "The result")
            raise UserError(text) from error
        if not isinstance(model, Network):
            raise UsageError(f"{manifest.title} is no network that could be converted.")
        return model

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()


def _pictures(folder: Path) -> Iterator[NDArray[np.uint8]]:
    for path in pictures_of(folder)[:_MOST_PICTURES]:
        yield read_picture(path)


@refusing(_NOT_COMPARED)
def _check_step(name: str, before: _Work, after: _Work, options: argparse.Namespace) -> None:
    from vb_worker.convert import checking  # noqa: PLC0415 - an optional extra

    if after.manifest is None:
        session = _session(after.data)
        shape = [side if isinstance(side, int) else 1 for side in session.get_inputs()[0].shape]
        original = _run_one(_session(before.data))
        found = checking.compare(original, _run_one(session), _random(shape))
        print(f"{name}: {found}")
        checking.refuse_worse(found)
        return
    with _opened(before) as reference, _opened(after) as made:
        pictures = [picture for picture, _ in trial.views()]
        if options.calibrate:
            pictures += list(_pictures(options.calibrate))[:20]
        found = checking.compare(_at_its_size(reference, made), made, pictures)
    print(f"{name}: {found}")
    lossy = options.half or options.int8 or options.input_size
    if name in ("normalisation", "bytes in") and not lossy:
        checking.refuse_inexact(found)
    checking.refuse_worse(found)


def _at_its_size(reference: Network, made: Network) -> Callable[[Any], NDArray[Any]]:
    """Return the reference's answers at the size of the other's."""
    import cv2  # noqa: PLC0415 - only here

    def answer(picture: NDArray[np.uint8]) -> NDArray[Any]:
        size = made.frame_size(picture.shape[1], picture.shape[0])
        plane = reference(picture)
        return plane if plane.shape == size[::-1] else np.asarray(cv2.resize(plane, size))

    return answer


def _session(data: bytes) -> Any:
    from vb_worker.models.session import plain_session  # noqa: PLC0415 - only here

    return plain_session(data, Path("The result"))


def _run_one(session: Any) -> Callable[[Any], NDArray[Any]]:
    inputs = session.get_inputs()
    zeros = {
        one.name: np.zeros([side if isinstance(side, int) else 1 for side in one.shape], np.float32)
        for one in inputs[1:]
    }
    return lambda feed: np.asarray(session.run(None, {**zeros, inputs[0].name: feed})[0])


def _random(shape: list[int]) -> list[NDArray[np.float32]]:
    random = np.random.default_rng(1)
    ramp = np.broadcast_to(np.linspace(0, 1, shape[-2], dtype=np.float32)[:, None], shape)
    feeds = [random.uniform(0, 1, shape).astype(np.float32), np.ascontiguousarray(ramp, np.float32)]
    if len(shape) == 4 and shape[3] == 3:
        picture, _ = trial.sample()
        feeds.append(np.asarray(resize(picture, shape[2], shape[1])[None] / 255, np.float32))
    return feeds


@refusing(_NOT_COMPARED)
def _compare_raw(
    name: str, reference: Callable[[Any], NDArray[Any]], made: bytes, shape: list[int]
) -> None:
    from vb_worker.convert import checking  # noqa: PLC0415 - an optional extra

    found = checking.compare(reference, _run_one(_session(made)), _random(shape))
    print(f"against {name}: {found}")
    checking.refuse_inexact(found)


@refusing(_NOT_COMPARED)
def _compare_tfjs(reference: Any, made: bytes, shape: list[int], states: set[str]) -> None:
    from vb_worker.convert import checking  # noqa: PLC0415 - an optional extra

    session = _session(made)
    inputs, outputs = session.get_inputs(), [one.name for one in session.get_outputs()]
    zeros = {one.name: np.zeros(one.shape, np.float32) for one in inputs}
    picture = next(one.name for one in inputs if list(one.shape) == shape)
    feed = _random(shape)[-1]
    expected = reference(feed)
    got = dict(zip(outputs, session.run(None, {**zeros, picture: feed})))
    for name in states & got.keys():  # states are planes inside
        got[name] = got[name].transpose(0, 2, 3, 1)
    names = sorted(expected)
    found = checking.compare(lambda one: expected[one].ravel(), lambda one: got[one].ravel(), names)
    print(f"against TensorFlow.js ({', '.join(names)}): {found}")
    checking.refuse_inexact(found)


def _refuse_useless(before: _Work, after: _Work, options: argparse.Namespace) -> None:
    """Raise UserError for a result that is neither smaller nor faster."""
    print(f"size {len(before.data)} -> {len(after.data)} bytes")
    smaller = len(after.data) < 0.95 * len(before.data)
    faster = True
    if after.manifest is not None:
        old, new = _times(before, after)
        print(f"picture to mask, one thread: {old:.2f} -> {new:.2f} ms")
        faster = new < _FASTER * old
    if not (smaller or faster or options.anyway or options.input_size):
        raise UserError(
            "The result is neither smaller nor faster here, so nothing was written "
            "(--anyway writes it)."
        )


def _times(before: _Work, after: _Work) -> tuple[float, float]:
    """Return the medians of both in ms, taken in turn."""
    picture, _ = trial.sample()
    rgba = np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)])
    with _opened(before) as one, _opened(after) as other:
        times: tuple[list[float], list[float]] = ([], [])
        frames = [np.ascontiguousarray(model.shrink(rgba)) for model in (one, other)]
        for _ in range(_ROUNDS):
            for model, frame, taken in zip((one, other), frames, times):
                begin = time.perf_counter()
                model.infer(model.prepare(frame))
                taken.append((time.perf_counter() - begin) * 1e3)
    return statistics.median(times[0]), statistics.median(times[1])


# -- writing


def _write(work: _Work, path: Path) -> None:
    with replacing(path) as temporary:
        temporary.write_bytes(work.data)
    print(f"Written: {path} ({len(work.data)} bytes)")
    if work.manifest is None:
        print(f"`virtual-background models add {path}` puts it into OBS's list.")
        return
    name = re.sub(r"[^a-z0-9]+", "_", path.stem.lower()).strip("_") or "model"
    told = replace(
        work.manifest,
        name=name,
        title=f"{work.manifest.title} ({path.stem})",
        file=path.name,
        sha256=hashlib.sha256(work.data).hexdigest(),
        source=None,
    )
    described = path.with_suffix(".toml")
    with replacing(described) as temporary:
        temporary.write_text(adding.text_of(told), encoding="utf-8")
    print(f"Written: {described}; both belong into the folder of your models.")
