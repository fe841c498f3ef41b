"""``python -m vb_demo``: shows the filter at work in a real OBS.

Options: ``--source FILE|DEVICE``, ``--background transparent|#rrggbb|blur:N``, ``--seconds N``,
``--output DIR``.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
from pathlib import Path

from vb_link import console


def main(arguments: list[str] | None = None) -> int:
    console.prepare()
    parser = argparse.ArgumentParser(
        prog="python -m vb_demo",
        description="Run OBS with a clip and the filter on it, record it and say how it went.",
    )
    parser.add_argument("--source", metavar="FILE|DEVICE", help="your own clip or camera")
    parser.add_argument(
        "--background",
        default="transparent",
        metavar="transparent|#rrggbb|blur:N",
        help="what replaces the room; transparent shows a landscape (the default)",
    )
    parser.add_argument("--seconds", type=float, default=10.0, help="how long to record")
    parser.add_argument(
        "--output", type=Path, default=Path("virtual-background-demo"), metavar="DIR"
    )
    options = parser.parse_args(arguments)
    if not 1 <= options.seconds <= 3600:
        parser.error("--seconds takes 1 to 3600")
    if importlib.util.find_spec("obsws_python") is None:
        print(
            "The package obsws-python is missing: run `python3 install.py demo`, which sets it up.",
            file=sys.stderr,
        )
        return 1
    from vb_demo.demo import Demo, DemoError, describe  # noqa: PLC0415  (needs obsws-python)
    from vb_demo.errors import ObsError  # noqa: PLC0415

    try:
        summary = Demo(
            options.output,
            source=options.source,
            background=options.background,
            seconds=options.seconds,
        ).run()
    except (DemoError, ObsError) as error:
        print(error, file=sys.stderr)
        return 1
    for line in describe(summary):
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
