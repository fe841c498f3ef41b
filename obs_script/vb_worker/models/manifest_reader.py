"""Reading a manifest, the TOML file that describes one model."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from vb_link import bounded, limits
from vb_link.settings import AUTO_MODEL
from vb_worker.errors import ManifestError, first_line
from vb_worker.models.families import FAMILIES
from vb_worker.models.manifest import (
    Address,
    Ensemble,
    InputSpec,
    Manifest,
    OutputSpec,
    RegistryPackage,
    Source,
)
from vb_worker.models.manifest_table import LAYOUTS, NAME, Table, line_numbers

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

COLOURS = ("RGB", "BGR", "RGBA")
RESIZES = ("stretch", "letterbox")
DTYPES = ("float32", "float16", "uint8")
REGISTRIES = ("npm", "pypi")
CONVERSIONS = ("none", "tflite", "tfjs", "espnetv2")

_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\.onnx")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_TEXT = re.compile(r"\S(.*\S)?")
# npm and pip also take URLs, folders and options in place of a package: refused by these.
_PACKAGE = re.compile(r"(@[a-z0-9][a-z0-9._-]*/)?[A-Za-z0-9][A-Za-z0-9._-]*")
_VERSION = re.compile(r"[0-9][0-9A-Za-z.+!_-]*")
_URL = re.compile(r"https?://[^\s?#]+/[A-Za-z0-9][A-Za-z0-9._%+-]*(\?[^\s#]*)?")


def load(path: Path) -> Manifest:
    """Read a manifest. Raises ManifestError, one sentence that names the line or key."""
    try:
        text = bounded.read(path, limits.MANIFEST_BYTES).decode("utf-8")
    except OSError as error:
        raise ManifestError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ManifestError(f"{path} is not UTF-8 text.") from error
    return parse(path, text)


def parse(path: Path, text: str) -> Manifest:
    """Parse ``text`` as a manifest at ``path``. Raises ManifestError."""
    try:
        document = tomllib.loads(text)
    except ValueError as error:  # TOMLDecodeError, or an integer of too many digits
        raise ManifestError(f"{path} is not valid TOML: {first_line(error)}.") from error
    except RecursionError as error:
        raise ManifestError(f"{path} is not valid TOML: it is nested too deeply.") from error
    lines = line_numbers(text)
    top = Table(path, "", document, lines)
    name = top.matching("name", NAME, "small letters, digits and underscores")
    if name == AUTO_MODEL:
        raise top.wrong("name", f"any name but {AUTO_MODEL!r}, which means the automatic choice")
    title = top.text("title")
    output_table = top.table("output")
    output = _output(output_table)
    without = not FAMILIES[output.kind].is_network
    source = top.table("source") if "source" in top else None
    made_from = _source(source) if source is not None else None
    # A file that is converted or exported locally has no checksum known in advance.
    converted = made_from is not None and (
        made_from.convert != "none" or not made_from.sums or made_from.twins != ()
    )
    picture = top.table("input")
    weights = top.table("ensemble") if "ensemble" in top else None
    manifest = Manifest(
        path=path,
        name=name,
        title=title,
        file=""
        if without
        else top.matching("file", _FILE, "the name of an .onnx file beside the manifest"),
        sha256=""
        if without
        else top.matching("sha256", _SHA256, "64 hexadecimal digits", "" if converted else None),
        licence=top.text("licence"),
        commercial=top.flag("commercial"),
        source=made_from,
        input=_input(picture),
        output=output,
        accuracy=top.positive("accuracy", 0.0) if "accuracy" in top else 0.0,
        mean_iou=top.positive("mean_iou", 0.0) if "mean_iou" in top else 0.0,
        ensemble=None
        if weights is None
        else Ensemble(weights.positive("what", 0.0), weights.positive("edge", 0.0)),
        lines=lines,
    )
    for table in (top, source, picture, output_table, weights):
        if table is not None:
            table.refuse_unknown()
    return manifest


def _source(table: Table) -> Source:
    page = table.text("page")
    if "url" not in table and "package" not in table:
        return Source(page)
    digits = "64 hexadecimal digits"
    sums = table.each_matching("sha256", _SHA256, digits)
    convert = table.one_of("convert", CONVERSIONS, "none")
    twins = table.each_matching("twin", _SHA256, digits) if "twin" in table else ()
    if "url" in table:
        url = table.matching("url", _URL, "the http or https address of a file")
        return Address(page, sums, convert, twins, url)
    members = table.each_matching("member", _TEXT, "the name of a file in the package")
    if len(members) != len(sums):
        raise table.wrong("sha256", f"as many sums as there are members ({len(members)})")
    return RegistryPackage(
        page,
        sums,
        registry=table.one_of("registry", REGISTRIES, "npm"),
        package=table.matching("package", _PACKAGE, "a package's name and nothing else"),
        version=table.matching("version", _VERSION, "one exact version, such as 1.2.3"),
        members=members,
        convert=convert,
        twins=twins,
    )


def _input(table: Table) -> InputSpec:
    dtype = table.one_of("dtype", DTYPES, "float32")
    # uint8 inputs get unscaled bytes.
    raw = dtype == "uint8"
    zeros, ones = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
    spec = InputSpec(
        width=table.side("width"),
        height=table.side("height"),
        layout=table.one_of("layout", LAYOUTS),
        colour=table.one_of("colour", COLOURS),
        scale=1.0 if raw else table.positive("scale"),
        mean=zeros if raw else table.three("mean"),
        std=ones if raw else table.three("std"),
        resize=table.one_of("resize", RESIZES),
        dtype=dtype,
        width_range=table.side_range("width_range"),
        height_range=table.side_range("height_range"),
        multiple_of=table.index("multiple_of", 1),
        name=table.text("name") if "name" in table else "",
        constants=table.numbers_by_name("constants"),
    )
    if 0.0 in spec.std:
        raise table.wrong("std", "three numbers other than zero")
    if spec.multiple_of < 1:
        raise table.wrong("multiple_of", "a whole number from 1")
    if spec.colour == "RGBA" and not raw:
        raise table.wrong("colour", '"RGB" or "BGR" unless "dtype" is "uint8"')
    return spec


def _output(table: Table) -> OutputSpec:
    kind = table.one_of("kind", tuple(FAMILIES))
    return OutputSpec(kind, **FAMILIES[kind].read(table))
