"""The manifest: what the project knows about one model (see manifest_reader.py for its file)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from vb_link import bounded, places

# What the slots of the shared memory hold: larger networks get pictures of this size enlarged.
LARGEST_FRAME_SIDE = 512


@dataclass(frozen=True)
class Source:
    """Where the weights come from; of this plain kind they have to be exported by hand.

    ``page`` is for people; ``sums`` are the files' SHA-256; ``convert`` says what turns them into
    the ONNX file.
    """

    page: str
    sums: tuple[str, ...] = ()
    convert: str = "none"

    @property
    def text(self) -> str:
        """Return the source in a few words; "" where nothing can be fetched."""
        return ""

    @property
    def files(self) -> tuple[str, ...]:
        """Return the names of the files, in the order of ``sums``."""
        return ()


@dataclass(frozen=True)
class Address(Source):
    """One file at an http or https address."""

    url: str = ""

    @property
    def text(self) -> str:
        """Return the address."""
        return self.url

    @property
    def files(self) -> tuple[str, ...]:
        """Return the address."""
        return (self.url,)


@dataclass(frozen=True)
class RegistryPackage(Source):
    """Files in a package of npm or PyPI (``registry`` npm or pypi), of one exact version."""

    registry: str = "npm"
    package: str = ""
    version: str = ""
    members: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Return the package and its version."""
        return f"{self.package} {self.version}"

    @property
    def files(self) -> tuple[str, ...]:
        """Return the members' names."""
        return self.members


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
    beside it, written by ``virtual-background models install``. ``file`` is empty for what is no
    network. ``accuracy`` is the overlap with
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
        return not self.file or self.weights.is_file()

    def where(self, key: str) -> str:
        """Return the file, and the line of ``key`` ("input.layout") if it stands there."""
        return f"{self.path}, line {self.lines[key]}" if key in self.lines else str(self.path)
