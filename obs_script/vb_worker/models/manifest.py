"""The manifest: what the project knows about one model, read from a TOML file."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vb_worker.models.errors import ManifestError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

LAYOUTS = ("NHWC", "NCHW")
COLOURS = ("RGB", "BGR")
RESIZES = ("stretch",)
KINDS = ("probability",)
LARGEST_SIDE = 512  # what the slots of the shared memory hold

_NAME = re.compile(r"[a-z0-9][a-z0-9_]*")
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\.onnx")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Source:
    """Where the weights come from: a published package, the member in it and the member's sum."""

    package: str
    version: str
    member: str
    sha256: str
    page: str


@dataclass(frozen=True)
class InputSpec:
    """What the network is fed: ``(value of 0..255 / scale - mean) / std``, colour by colour.

    ``width`` and ``height`` in pixels; ``layout`` NHWC or NCHW; ``colour`` RGB or BGR, the order
    of the channels; ``mean`` and ``std`` in that order; ``resize`` "stretch": the picture is
    made to fit without keeping its aspect.
    """

    width: int
    height: int
    layout: str
    colour: str
    scale: float
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    resize: str


@dataclass(frozen=True)
class Manifest:
    """One model. ``path`` is the manifest's own file; ``kind`` says what the network answers."""

    path: Path
    name: str
    title: str
    file: str
    sha256: str
    licence: str
    commercial: bool
    source: Source
    input: InputSpec
    kind: str

    @property
    def weights(self) -> Path:
        """Return the path of the ONNX file."""
        return self.path.parent / self.file

    @property
    def installed(self) -> bool:
        """Return whether the ONNX file is there (its sum is checked when it is opened)."""
        return self.weights.is_file()


def load(path: Path) -> Manifest:
    """Read a manifest. Raises ManifestError, one sentence naming the line or key."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ManifestError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ManifestError(f"{path} is not UTF-8 text.") from error
    except tomllib.TOMLDecodeError as error:
        raise ManifestError(f"{path} is not valid TOML: {error}.") from error

    top = _Table(path, "", document)
    source = top.table("source")
    picture = top.table("input")
    output = top.table("output")
    manifest = Manifest(
        path=path,
        name=top.matching("name", _NAME, "small letters, digits and underscores"),
        title=top.text("title"),
        file=top.matching("file", _FILE, "the name of an .onnx file beside the manifest"),
        sha256=top.matching("sha256", _SHA256, "64 hexadecimal digits"),
        licence=top.text("licence"),
        commercial=top.flag("commercial"),
        source=Source(
            package=source.text("package"),
            version=source.text("version"),
            member=source.text("member"),
            sha256=source.matching("sha256", _SHA256, "64 hexadecimal digits"),
            page=source.text("page"),
        ),
        input=InputSpec(
            width=picture.side("width"),
            height=picture.side("height"),
            layout=picture.one_of("layout", LAYOUTS),
            colour=picture.one_of("colour", COLOURS),
            scale=picture.positive("scale"),
            mean=picture.three("mean"),
            std=picture.three("std"),
            resize=picture.one_of("resize", RESIZES),
        ),
        kind=output.one_of("kind", KINDS),
    )
    if 0.0 in manifest.input.std:
        raise ManifestError(f'{path}: "input.std" must not hold a zero.')
    for table in (top, source, picture, output):
        table.refuse_unknown()
    return manifest


class _Table:
    """One table of the file: hands out its keys, checked, and remembers which were asked for."""

    def __init__(self, path: Path, prefix: str, values: Mapping[str, Any]) -> None:
        self._path = path
        self._prefix = prefix
        self._values = values
        self._known: set[str] = set()

    def _wrong(self, key: str, expected: str) -> ManifestError:
        name = f"{self._prefix}{key}"
        if key not in self._values:
            return ManifestError(f'{self._path}: "{name}" is missing; it must be {expected}.')
        return ManifestError(
            f'{self._path}: "{name}" is {self._values[key]!r}; it must be {expected}.'
        )

    def _get(self, key: str) -> Any:
        self._known.add(key)
        return self._values.get(key)

    def table(self, key: str) -> _Table:
        value = self._get(key)
        if not isinstance(value, dict):
            raise self._wrong(key, f"a table [{key}]")
        return _Table(self._path, f"{key}.", value)

    def text(self, key: str) -> str:
        value = self._get(key)
        if not isinstance(value, str) or not value.strip():
            raise self._wrong(key, "a text")
        return value

    def matching(self, key: str, pattern: re.Pattern[str], expected: str) -> str:
        value = self._get(key)
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise self._wrong(key, expected)
        return value

    def one_of(self, key: str, values: tuple[str, ...]) -> str:
        value = self._get(key)
        if value not in values:
            raise self._wrong(key, " or ".join(f'"{name}"' for name in values))
        return str(value)

    def flag(self, key: str) -> bool:
        value = self._get(key)
        if not isinstance(value, bool):
            raise self._wrong(key, "true or false")
        return value

    def side(self, key: str) -> int:
        value = self._get(key)
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= LARGEST_SIDE:
            raise self._wrong(key, f"a whole number of pixels from 1 to {LARGEST_SIDE}")
        return value

    def positive(self, key: str) -> float:
        value = self._get(key)
        if not _is_number(value) or value <= 0:
            raise self._wrong(key, "a number above zero")
        return float(value)

    def three(self, key: str) -> tuple[float, float, float]:
        value = self._get(key)
        if not isinstance(value, list) or len(value) != 3 or not all(map(_is_number, value)):
            raise self._wrong(key, "a list of three numbers")
        return (float(value[0]), float(value[1]), float(value[2]))

    def refuse_unknown(self) -> None:
        for key in self._values:
            if key not in self._known:
                raise ManifestError(
                    f'{self._path}: "{self._prefix}{key}" is not a key of a manifest; remove it.'
                )


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
