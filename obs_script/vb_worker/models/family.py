"""The declaration of a family of models, which each file of ``families`` makes for its class.

``virtual-background models add`` guesses manifests by it, ``models check`` finds wrong lines by it,
and a manifest's ``[output]`` is read and written by it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from vb_worker.models.manifest import InputSpec, Manifest, OutputSpec
from vb_worker.models.manifest_table import LAYOUTS, NAME, Table
from vb_worker.models.model import Model, Size

# A key of the manifest, and the output with another value for it
Change = tuple[str, OutputSpec]


class Opener(Protocol):
    """The call signature of a model's class."""

    def __call__(
        self, manifest: Manifest, *, compute: str, threads: int, size: Size | None
    ) -> Model:
        """Open the model. Raises ModelError."""


@dataclass(frozen=True)
class GraphOutput:
    """One output of a graph without a manifest, and what is known besides.

    ``name`` is empty if it is the only one; ``shape`` as onnxruntime reports it (a dynamic side is
    no number); ``integer``: whether its type is an integer; ``input``: the picture; ``state``: the
    (input, output) pairs that look like recurrent states.
    """

    name: str
    shape: list[Any]
    integer: bool
    input: InputSpec
    state: tuple[tuple[str, str], ...] = ()

    @property
    def is_plane(self) -> bool:
        """Whether it may be one channel."""
        sides = [side for side in self.shape if side != 1]
        return len(sides) <= 2 or not isinstance(self.shape[-1], int)


def no_keys(_: Table) -> dict[str, Any]:
    """Read nothing, for families without keys."""
    return {}


def no_guess(_: GraphOutput) -> Iterator[OutputSpec]:
    """Guess nothing."""
    yield from ()


def no_whole(_: Sequence[Any]) -> OutputSpec | None:
    """Guess nothing from all outputs together."""
    return None


def as_it_is(output: OutputSpec, _: int) -> Iterator[OutputSpec]:
    """Yield the output itself: there is no other reading."""
    yield output


def no_change(_: OutputSpec, __: int) -> Iterator[Change]:
    """Yield nothing: there is no other reading."""
    yield from ()


@dataclass(frozen=True)
class Family:
    """A family: the value of ``kind`` in a manifest's ``[output]``, and all that depends on it.

    ``opener``: the class. ``read``: from the table ``[output]`` to fields of OutputSpec; raises
    ManifestError. ``written``: keys that are written even if they have their default value.
    ``guess``: how an output of an unknown graph may be read; ``guess_whole``: the same from all
    of onnxruntime's outputs together. ``unasked``: whether it is guessed if the user names no
    kind. ``readings``: all variants of an output to try (the second argument is the number of
    classes); ``changes``: (key, other output), to find the wrong line of a manifest.
    ``is_network``: whether it has an ONNX file. ``finds_person``: false for depth.
    """

    kind: str
    opener: Opener
    read: Callable[[Table], dict[str, Any]]
    written: tuple[str, ...] = ()
    guess: Callable[[GraphOutput], Iterator[OutputSpec]] = no_guess
    guess_whole: Callable[[Sequence[Any]], OutputSpec | None] = no_whole
    unasked: bool = True
    readings: Callable[[OutputSpec, int], Iterator[OutputSpec]] = as_it_is
    changes: Callable[[OutputSpec, int], Iterator[Change]] = no_change
    is_network: bool = True
    finds_person: bool = True


def read_output(table: Table) -> dict[str, Any]:
    """Read the keys of one output: its name and its layout."""
    return {
        "name": table.text("name") if "name" in table else "",
        "layout": table.one_of("layout", LAYOUTS) if "layout" in table else "",
    }


def read_companion(table: Table) -> dict[str, Any]:
    """Read the name of the model that forms an ensemble with this one."""
    return {"companion": table.matching("companion", NAME, "the name of a model", "")}


def read_plane(table: Table) -> dict[str, Any]:
    """Read the keys that most families for people share."""
    return {**read_output(table), **read_companion(table)}


def read_foreground(table: Table) -> dict[str, Any]:
    """Read the name of the output that holds the foreground's colours."""
    return {"foreground": table.text("foreground") if "foreground" in table else ""}
