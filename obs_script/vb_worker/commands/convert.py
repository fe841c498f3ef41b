"""``convert``: other formats to ONNX, and ONNX to smaller, faster or simpler ONNX.

Every step's result is compared with its source; one that differs too much, or is neither smaller
nor faster, is not written.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from vb_link import bounded, limits
from vb_worker.atomic import replacing
from vb_worker.catalogue import adding
from vb_worker.commands.options import known_models, refuse_overwriting
from vb_worker.convert.comparison import (
    Opened,
    Work,
    calibration_pictures,
    check_step,
    compare_raw,
    compare_tfjs,
    described,
    refuse_useless,
    session_of,
)
from vb_worker.convert.errors import refusing
from vb_worker.errors import UsageError, UserError
from vb_worker.models import Manifest
from vb_worker.models.manifest_reader import load
from vb_worker.models.network import checked_weights
from vb_worker.runtime import onnx_check

SUFFIXES = (".onnx", ".tflite", ".json", ".pth", ".pt")
# Weight shards of a TensorFlow.js model: names of files beside it, no paths on any system
_SHARD = re.compile(r"[^./\\:\0][^/\\:\0]*")


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
    steps: list[tuple[str, Callable[[Work], Work]]] = []
    # Other formats are converted for that size at once.
    resizes = options.input_size is not None and options.raw is None and not foreign
    if resizes and not _is_sized(work, options.input_size):
        steps.append(("input size", lambda work: _resized(variants, work, options.input_size)))
    if options.half:
        steps.append(("half", lambda work: Work(variants.half(work.data), work.manifest)))
    if options.int8:
        steps.append(("int8", lambda work: _quantised(variants, work, options.calibrate)))
    if options.raw:
        steps.append(("bytes in", lambda work: _raw(variants, work, options.input_size)))
    elif options.fold_normalization:
        steps.append(("normalisation", lambda work: _folded(variants, work)))
    if not (steps or foreign):
        session_of(work.data)  # raises unless it is a network
    for name, step in steps:
        made = step(work)
        # Another input size gives other results: later steps are compared with this one.
        check_step(name, made if name == "input size" else first, made, options)
        if name == "input size":
            first = made
        work = made
    if steps and first is not work:
        refuse_useless(first, work, options)
    _write(work, options.output)
    return 0


# -- reading


def _read(options: argparse.Namespace) -> tuple[Work, bool]:
    """Return the network, and whether it was converted from another format."""
    known = known_models()
    name, path = options.input, Path(options.input)
    if name in known and not path.exists():
        chosen = known[name]
        if not chosen.installed or not chosen.file:
            raise UserError(f"{chosen.title} is not installed.")
        _refuse_overwriting(options.output, chosen.weights, chosen.path)
        data = checked_weights(chosen)
        onnx_check.check(data, chosen.weights)
        return Work(data, chosen), False
    if not path.is_file():
        raise UsageError(f"{name} is neither a file nor a model's name.")
    if path.suffix not in SUFFIXES:
        raise UsageError(f"{path} is none of {', '.join(SUFFIXES)}.")
    described = options.manifest or path.with_suffix(".toml")
    manifest = None
    if options.manifest or described.is_file():
        manifest = load(described)
    _refuse_overwriting(options.output, path, manifest.path if manifest else None)
    data = onnx_check.load(path)
    if path.suffix == ".onnx":
        onnx_check.check(data, path)
        return Work(_float_weights(data), manifest), False
    return Work(_foreign(path, data, manifest, options), manifest), True


def _float_weights(data: bytes) -> bytes:
    from vb_worker.convert import float_weights  # noqa: PLC0415 - an optional extra

    if not float_weights.is_packed(data):
        return data
    print("The weights, which are quantised in blocks, are made float.")
    return float_weights.unpacked(data)


def _refuse_overwriting(output: Path, weights: Path, manifest: Path | None) -> None:
    """Raise UsageError if an input would be overwritten: the network or its manifest."""
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
            compare_raw("TFLite", reference, made, shape)
        return made
    if path.suffix == ".json":
        shards = _shards(path, data)
        state = manifest.output.state if manifest else _states(data)
        made = from_tfjs.convert(
            data, [onnx_check.load(shard) for shard in shards], stem,
            width=size[0], height=size[1], state=state,
        )  # fmt: skip
        if not options.no_check:
            tfjs = references.TfjsReference(path, shards)
            compare_tfjs(tfjs, made, [1, size[1], size[0], 3], {out for _, out in state})
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
    """Return (input, output) pairs of recurrent states by their names: r1i -> r1o."""
    signature = json.loads(data).get("signature") or {}
    names = {name.split(":")[0] for name in signature.get("inputs", {})}
    outputs = {name.split(":")[0] for name in signature.get("outputs", {})}
    return tuple(
        (key, f"{key[:-1]}o")
        for key in sorted(names)
        if re.fullmatch(r"r\d+i", key) and f"{key[:-1]}o" in outputs
    )


# -- steps


def _is_sized(work: Work, size: tuple[int, int]) -> bool:
    spec = work.manifest.input if work.manifest else None
    return spec is not None and (spec.width, spec.height) == size and spec.width_range is None


def _resized(variants: Any, work: Work, size: tuple[int, int]) -> Work:
    manifest = described(work)
    spec = replace(
        manifest.input, width=size[0], height=size[1], width_range=None, height_range=None
    )
    return Work(variants.fixed_size(work.data, spec), replace(manifest, input=spec))


def _quantised(variants: Any, work: Work, folder: Path) -> Work:
    manifest = described(work)
    with Opened(work) as model:
        feeds = []
        for picture in calibration_pictures(folder):
            feed = model.prepare(model.shrink(picture)).copy()
            feeds.append(model.named(feed))
    return Work(variants.int8(work.data, feeds), manifest)


def _folded(variants: Any, work: Work) -> Work:
    manifest = described(work)
    data, spec = variants.folded(work.data, manifest.input)
    return Work(data, replace(manifest, input=spec))


def _raw(variants: Any, work: Work, size: tuple[int, int] | None) -> Work:
    manifest = described(work)
    layout = manifest.output.layout or manifest.input.layout
    data, spec = variants.raw_input(work.data, manifest.input, size)
    output = replace(manifest.output, layout=layout)
    return Work(data, replace(manifest, input=spec, output=output))


# -- writing


def _write(work: Work, path: Path) -> None:
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
