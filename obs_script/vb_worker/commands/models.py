"""``models``: the models on this machine."""

from __future__ import annotations

import argparse
import json

from vb_worker.commands.options import known_models
from vb_worker.commands.table import table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--json", action="store_true", help="print a JSON list")


def run(options: argparse.Namespace) -> int:
    """Run the command; return the exit status."""
    models = known_models().values()
    if options.json:
        entries = [
            {
                "name": model.name,
                "title": model.title,
                "licence": model.licence,
                "commercial": model.commercial,
                "width": model.input.width,
                "height": model.input.height,
                "installed": model.installed,
                "source": model.source.text if model.source else "",
            }
            for model in models
        ]
        print(json.dumps(entries, indent=2))
        return 0
    rows = [
        (
            model.name,
            model.title,
            model.licence,
            "yes" if model.commercial else "no",
            f"{model.input.width}x{model.input.height}",
            "yes" if model.installed else "no",
        )
        for model in models
    ]
    print(table(("name", "title", "licence", "commercial use", "input", "installed"), rows))
    return 0
