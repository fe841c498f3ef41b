"""Options that several commands share, and what they are turned into."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from vb_link import settings
from vb_link.settings import QUALITIES
from vb_worker.catalogue.automatic import allowed, may_be_taken
from vb_worker.errors import UsageError
from vb_worker.matte.pipeline import Pipeline
from vb_worker.matte.plate import Plate
from vb_worker.matte.quality import PRESETS
from vb_worker.matte.turn import Turn, turn_of
from vb_worker.models import (
    Manifest,
    ModelError,
    choose_model,
    default_folders,
    find_models,
    open_model,
)
from vb_worker.models.kinds import open_ensemble
from vb_worker.offline.pictures import read_picture
from vb_worker.people.choice import MODES
from vb_worker.units import results

_DEFAULTS = settings.defaults()


def add_model_options(parser: argparse.ArgumentParser, *, several: bool = False) -> None:
    """Add --model, --quality, --compute, --threads, --threshold, --softness, --person.

    ``several``: models and qualities may be comma-separated lists, which the command splits.
    """
    more = "; several with commas" if several else ""
    parser.add_argument(
        "--model",
        default=str(_DEFAULTS["model"]),
        metavar="NAME",
        help=f"the model (see `virtual-background models`{more}; default: %(default)s)",
    )
    parser.add_argument(
        "--quality",
        "--preset",
        default=str(_DEFAULTS["quality"]),
        metavar="NAME",
        help=f"{', '.join(PRESETS)}{more} (default: %(default)s)",
    )
    parser.add_argument(
        "--compute",
        default="cpu",
        metavar="UNIT",
        help="the compute unit, or auto (see `virtual-background compute`; default: %(default)s)",
    )
    parser.add_argument(
        "--threads",
        type=positive,
        default=1,
        metavar="N",
        help="threads for the model on the CPU (default: %(default)s)",
    )
    parser.add_argument(
        "--threshold",
        type=fraction,
        default=_DEFAULTS["threshold"],
        metavar="0..1",
        help="how sure the model must be that a pixel is the person (default: %(default)s)",
    )
    parser.add_argument(
        "--softness",
        type=fraction,
        default=_DEFAULTS["softness"],
        metavar="0..1",
        help="how soft the mask's edge is (default: %(default)s)",
    )
    parser.add_argument(
        "--person",
        type=person,
        default=person(str(_DEFAULTS["person"])),
        metavar="WHO",
        help="of several people: all, largest, central, or follow:X,Y, the one at that point in "
        "shares of the picture (default: all)",
    )


def add_plate_option(parser: argparse.ArgumentParser) -> None:
    """Add --plate."""
    parser.add_argument(
        "--plate",
        type=Path,
        metavar="FILE",
        help="a picture of the empty room from the same camera at the same place: what looks "
        "like it is not taken for a person",
    )


def add_turn_options(parser: argparse.ArgumentParser) -> None:
    """Add --turned and --mirrored."""
    parser.add_argument(
        "--turned",
        choices=settings.TURNS,
        default=_DEFAULTS["turned"],
        help="degrees by which the camera was turned, clockwise: 90 where heads point right; "
        "people are looked for upright, and the result stands as the input (default: %(default)s)",
    )
    parser.add_argument("--mirrored", action="store_true", help="the camera's picture is mirrored")


def turn_options(options: argparse.Namespace) -> Turn:
    """Return the turn that the options name."""
    return turn_of(options.turned, options.mirrored)


def plate_of(options: argparse.Namespace) -> Plate | None:
    """Return a new plate for --plate, None without it. Raises UserError."""
    return None if options.plate is None else Plate(read_picture(options.plate))


def refuse_overwriting(output: Path, *read: Path | None) -> None:
    """Raise UsageError if ``output`` is one of the input files ``read``."""
    if output.resolve() in {path.resolve() for path in read if path is not None}:
        raise UsageError(f"{output} is read from; choose another name for -o.")


def person(text: str) -> tuple[str, float, float]:
    """Return the arguments of ``PersonChoice`` for ``all``, ``largest``, ``follow:0.3,0.5``..."""
    mode, colon, point = text.partition(":")
    if mode not in MODES or (colon and mode != "follow"):
        known = ", ".join(MODES)
        raise argparse.ArgumentTypeError(f"{text} is not one of {known} or follow:X,Y")
    if not colon:
        return mode, 0.5, 0.5
    try:
        x, y = (fraction(number) for number in point.split(","))
    except (ValueError, argparse.ArgumentTypeError):
        raise argparse.ArgumentTypeError(
            f"{text} is not follow:X,Y with two numbers from 0 to 1"
        ) from None
    return mode, x, y


def positive(text: str) -> int:
    """Return an integer of at least 1, for argparse."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not at least 1")
    return number


def fraction(text: str) -> float:
    """Return a number from 0 to 1, for argparse."""
    number = float(text)
    if not 0.0 <= number <= 1.0:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1")
    return number


def known_models() -> dict[str, Manifest]:
    """Return the models on this machine; errors of manifests go to stderr."""
    return find_models(default_folders(), on_error=lambda error: print(error, file=sys.stderr))


def known_model(name: str) -> Manifest:
    """Return one model's manifest. Raises UsageError, listing the available ones.

    "auto" is the most accurate of those that may be taken unasked; speed does not matter here.
    """
    if name == settings.AUTO_MODEL:
        listed = allowed(known_models().values())
        if listed:
            return listed[0]
        name = settings.SHIPPED_MODEL
    try:
        return choose_model(known_models(), name)
    except ModelError as error:
        raise UsageError(str(error)) from error


def open_pipeline(
    options: argparse.Namespace,
    *,
    model: str | None = None,
    quality: str | None = None,
    stills: bool = False,
) -> Pipeline:
    """Return a pipeline for the options of ``add_model_options``. Raises UserError.

    ``model`` and ``quality`` replace those of the options. ``stills``: time does not matter, so
    that *Best* with the automatic choice has all good networks answer together.
    """
    name, quality = model or options.model, quality or options.quality
    preset = PRESETS.get(quality)
    if preset is None:
        raise UsageError(f"There is no quality {quality!r}; there are: {', '.join(PRESETS)}.")

    def unit_of(manifest: Manifest) -> str:
        auto = options.compute == results.AUTO
        return results.fastest(manifest) if auto else str(options.compute)

    together = None
    if stills and preset.name == QUALITIES[-1] and name == settings.AUTO_MODEL:
        usable = may_be_taken(known_models().values())
        together = open_ensemble(usable, unit_of=unit_of, threads=options.threads)
    if together is not None:
        return Pipeline(together, preset)
    manifest = known_model(name)
    return Pipeline(
        open_model(manifest, compute=unit_of(manifest), threads=options.threads), preset
    )
