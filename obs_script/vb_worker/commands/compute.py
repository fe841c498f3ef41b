"""``compute``: the compute units of this computer, and how fast a model is on each.

Each unit is tried in a child process with a time limit. The results are stored for the model and
the current drivers: "auto" in OBS chooses by them, and OBS's list shows them.
"""

from __future__ import annotations

import argparse
import json

from vb_link import settings
from vb_worker.commands.options import known_model
from vb_worker.commands.table import table
from vb_worker.errors import UserError
from vb_worker.runtime.providers import available_units
from vb_worker.units import results


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--model",
        default=settings.SHIPPED_MODEL,
        metavar="NAME",
        help="the model to try (default: %(default)s)",
    )
    parser.add_argument("--again", action="store_true", help="measure again what is known already")


def run(options: argparse.Namespace) -> int:
    """Run the command; return the exit status, 1 if no unit runs the model."""
    manifest = known_model(options.model)
    if not manifest.installed:
        raise UserError(
            f"{manifest.title} is not installed: `virtual-background models install "
            f"{manifest.name}`."
        )
    if options.again or not results.is_known(manifest):
        try:
            results.survey(manifest, forget=options.again)
        except OSError as error:
            raise UserError(f"What was measured cannot be kept: {error.strerror}.") from error
    found = results.probes(manifest)
    auto = results.fastest(manifest)
    if options.json:
        entries = [
            {"unit": unit.name, "title": unit.title, "auto": unit.name == auto,
             **vars(found[unit.name])}
            for unit in available_units()
        ]  # fmt: skip
        print(json.dumps({"model": manifest.name, "units": entries}, indent=2))
    else:
        rows = [
            (
                unit.name,
                unit.title,
                f"{found[unit.name].ms:.2f} ms" if found[unit.name].usable else "-",
                f"{found[unit.name].first_ms:.0f} ms" if found[unit.name].usable else "-",
                found[unit.name].reason or ("auto takes it" if unit.name == auto else ""),
            )
            for unit in available_units()
        ]
        print(table(("unit", "title", manifest.name, "to the first mask", ""), rows))
    return 0 if any(row.usable for row in found.values()) else 1
