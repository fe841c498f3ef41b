"""The manifest: the description of one model (manifest_reader.py reads its file)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from vb_link import bounded, folders

# The slots in shared memory hold no more: larger networks get enlarged pictures.
LARGEST_FRAME_SIDE = 512


@dataclass(frozen=True)
class Source:
    """Where the weights come from; for this base class they have to be exported by hand.

    ``page``: a web page for people; ``sums``: the files' SHA-256; ``convert``: the conversion to
    ONNX; ``twins``: the SHA-256 of ONNX files of the same network that a user may have instead.
    """

    page: str
    sums: tuple[str, ...] = ()
    convert: str = "none"
    twins: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Return the source in a few words; "" if nothing can be downloaded."""
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
    """The network's input: ``(value of 0..255 / scale - mean) / std`` for each colour channel.

    ``width`` and ``height`` in pixels, with ``width_range`` and ``height_range`` (smallest,
    largest) where the network takes other sizes too, in steps of ``multiple_of``; ``layout``
    NHWC, NCHW, HWC or CHW; ``colour`` RGB, BGR or RGBA, the order of the channels; ``mean`` and
    ``std`` in that order; ``resize`` "stretch": the picture is made to fit without keeping its
    aspect, "letterbox": it keeps it and the rest is filled with the mean; ``dtype`` of the
    network's input: uint8 gets unscaled bytes. ``name`` of the input if there are several,
    ``constants``: fixed values for the others.
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
    """The network's output: its ``kind`` and that kind's parameters.

    ``name``: the output, if there are several. ``person``: the class or channel of people.
    ``activation``: still to be applied (none, sigmoid, softmax). ``layout``: of scores.
    ``foreground``: the output with the foreground's colours. ``state``: (input, output) pairs of
    recurrent states. ``boxes``, ``labels``, ``scores``, ``masks``: the outputs of instances,
    ``least_score``: the threshold of a detection. ``near``: whether high or low values are near.
    ``companion``: the name of another model that forms an ensemble with this one.
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
class Ensemble:
    """A network's weights among all networks together: for ``what`` is a person, and for where the
    ``edge`` is (``families.ensemble``).
    """

    what: float
    edge: float


@dataclass(frozen=True)
class Manifest:
    """One model. ``path``: the manifest's own file; ``lines``: the line number of each key.

    ``sha256`` is empty if the ONNX file is converted locally: ``virtual-background models install``
    then writes its checksum beside it. ``file`` is empty for a model that is no network.
    ``accuracy``: the overlap with the true mask in percent on one set of pictures, to compare
    models by; ``mean_iou``: the same through the whole pipeline, the mean over the five sets that
    docs/models.md names: *Automatic* goes by it. 0: unknown. ``ensemble``: None for a model that
    is not among those that answer together.
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
    mean_iou: float = 0.0
    ensemble: Ensemble | None = None
    lines: Mapping[str, int] = field(default_factory=dict, compare=False, repr=False)

    @property
    def kind(self) -> str:
        """Return the kind of the network's output."""
        return self.output.kind

    @property
    def weights(self) -> Path:
        """Return the path of the ONNX file: beside the manifest, or in the user's folder."""
        beside = self.path.parent / self.file
        return beside if beside.is_file() else folders.user_models_dir() / self.file

    @property
    def expected_sha256(self) -> str:
        """Return the SHA-256 that the ONNX file must have, or "" if unknown."""
        if self.sha256:
            return self.sha256
        try:
            return bounded.read(self.weights.with_suffix(".sha256"), 200).decode("ascii").strip()
        except (OSError, ValueError):
            return ""

    @property
    def installed(self) -> bool:
        """Return whether the ONNX file exists (its checksum is verified when it is opened)."""
        return not self.file or self.weights.is_file()

    def where(self, key: str) -> str:
        """Return the manifest's path, with the line of ``key`` ("input.layout") if it is there."""
        return f"{self.path}, line {self.lines[key]}" if key in self.lines else str(self.path)
