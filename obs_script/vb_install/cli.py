"""The command line of ``install.py``."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path

from vb_install import additions, doctor, own_obs, removal, set_up
from vb_install.system import InstallError, System
from vb_link import console

_ABOUT = """\
Sets up the virtual background for OBS Studio.

  install.py              find OBS, make the worker's environment, register the script
  install.py --uninstall  take all of that out again
  install.py demo         show it at work in an OBS of its own (demo --help for more)
  install.py doctor       check everything and write a report for an issue (doctor --help)
  install.py test         set up and run every test (what follows goes to pytest)
"""
_DEMO = """\
Sets up all that the demo needs (OBS included where apt has it) and runs it. Your own OBS is
left alone. What follows goes to the demo:

  --source FILE      your own clip or camera device instead of the sample
  --background WHAT  what to show behind the person
  --seconds N        how long to record
  --output DIR       where the recording and the picture go
"""


def main(arguments: Sequence[str] | None = None, system: System | None = None) -> int:
    """Run the given command and return the exit status; an error is one sentence."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    console.prepare()
    system = system or System()
    try:
        return _dispatch(words, system)
    except InstallError as error:
        sys.stdout.flush()
        print(f"install.py: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ninstall.py: stopped; run it again to finish.", file=sys.stderr)
        return 130
    finally:
        _keep_window(system)


def _keep_window(system: System) -> None:
    """Wait for Enter if the console closes with us, as after a double click on Windows."""
    programs = system.console_programs()
    # A shell would be in the list; py.exe and an environment's python.exe are not shells.
    ours = bool(programs) and all(name.lower().startswith("py") for name in programs)
    if ours and sys.stdin is not None and sys.stdin.isatty():
        sys.stderr.flush()
        with contextlib.suppress(EOFError, KeyboardInterrupt):
            input("\nPress Enter to close this window.")


def _dispatch(words: list[str], system: System) -> int:
    refuse_store_python(system)
    if words[:1] == ["demo"]:
        asked, rest = _parse_pass_through("demo", _DEMO, words[1:])
        return own_obs.demo(system, rest, asked)
    if words[:1] == ["test"]:
        about = "Sets up and runs ruff, mypy and pytest; what follows goes to pytest."
        asked, rest = _parse_pass_through("test", about, words[1:])
        return own_obs.test(system, rest, asked)
    if words[:1] == ["doctor"]:
        checked = _doctor_parser().parse_args(words[1:])
        return doctor.doctor(system, config=checked.obs_config, output=checked.output)
    options = _parser().parse_args(words)
    sure = options.yes
    if options.uninstall:
        return removal.uninstall(
            system, config=options.obs_config, purge=options.purge,
            dry_run=options.dry_run, sure=sure, hide_cameras=options.hide_cameras,
        )  # fmt: skip
    for name in ("purge", "hide_cameras"):
        if getattr(options, name):
            option = name.replace("_", "-")
            raise InstallError(f"--{option} goes with --uninstall only: give both or neither.")
    return set_up.install(
        system, config=options.obs_config, python=options.python,
        dry_run=options.dry_run, sure=sure, compute=options.compute, convert=options.convert,
        offline=options.offline,
    )  # fmt: skip


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="install.py",
        description=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--dry-run", action="store_true", help="print the plan, change nothing")
    parser.add_argument("--yes", action="store_true", help="do not ask before changing anything")
    parser.add_argument(
        "--obs-config", type=Path, metavar="DIR", help="OBS's configuration folder, `obs-studio`"
    )
    parser.add_argument("--python", metavar="EXE", help="the Python (3.10 to 3.14) of the worker")
    parser.add_argument(
        "--compute",
        choices=additions.CHOICES,
        help="the onnxruntime that the worker gets (default: what it has, at first cpu)",
    )
    parser.add_argument("--convert", action="store_true", help="add what converts models to ONNX")
    parser.add_argument(
        "--offline", action="store_true", help="leave out the recommended model (6 MB)"
    )
    parser.add_argument("--uninstall", action="store_true", help="take everything out again")
    parser.add_argument(
        "--purge", action="store_true", help="with --uninstall: own models and backups go too"
    )
    parser.add_argument(
        "--hide-cameras", action="store_true",
        help="with --uninstall: hide the cameras in all scenes that would show the room",
    )  # fmt: skip
    return parser


def _doctor_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="install.py doctor",
        description="Checks Python, OBS, the worker's environment, models, shared memory and a "
        "worker at work, and writes a report without personal data.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--obs-config", type=Path, metavar="DIR", help="OBS's configuration folder, `obs-studio`"
    )
    parser.add_argument("--output", type=Path, metavar="FILE", help="where the report goes")
    return parser


def _parse_pass_through(name: str, about: str, words: list[str]) -> tuple[str | None, list[str]]:
    parser = argparse.ArgumentParser(
        prog=f"install.py {name}",
        description=about,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--python", metavar="EXE", help="the Python (3.10 to 3.14) to use")
    options, rest = parser.parse_known_args(words)
    return options.python, rest


def refuse_store_python(system: System) -> None:
    """Raise InstallError for the Python of the Microsoft Store."""
    if system.name == "win32" and "WindowsApps" in str(system.base_prefix):
        raise InstallError(
            "This Python comes from the Microsoft Store, which hides the files it writes from "
            "OBS: install Python 3.12 from python.org and run install.py with that.",
            "python",
        )
