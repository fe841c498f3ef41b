"""The console command ``virtual-background``: masks, videos, models, measurements, without OBS."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

from vb_link import console
from vb_worker.errors import UsageError, UserError
from vb_worker.sandbox import entry

PROGRAM = "virtual-background"

# Name -> one line of help. Each command is the module of that name in vb_worker.commands; only
# the one asked for is imported, so that help is quick.
COMMANDS = {
    "mask": "write the person's mask (8-bit PNG) of pictures or folders of pictures",
    "render": "write a video with another background",
    "models": "list the models, install or add one",
    "compute": "list the compute units and try a model on each",
    "convert": "make an ONNX file from another file, or a smaller or faster one",
    "eval": "measure the mattes on pictures whose true masks are known",
    "bench": "measure each model on each compute unit",
}
# These read untrusted pictures and run in the sandbox, without network access; the others
# download or convert models.
OFFLINE = ("mask", "render", "eval")
SERVE_HELP = "serve OBS's filters (started by the script in OBS, not by hand)"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status: 0 success, 1 failure, 2 wrong usage."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    console.prepare()
    if arguments[:1] == ["serve"]:
        from vb_worker import serve  # noqa: PLC0415 - not needed by the other commands

        return serve.main(arguments[1:])
    parser = argparse.ArgumentParser(
        prog=PROGRAM, description="Find the person in pictures and videos, without OBS."
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command")
    named = next((argument for argument in arguments if not argument.startswith("-")), None)
    if named in OFFLINE and argv is None:  # not when called from Python
        entry.enter_command()  # before the imports below start threads
    run = None
    for name, text in COMMANDS.items():
        command = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        if name == named:
            module = importlib.import_module(f"vb_worker.commands.{name}")
            module.add_arguments(command)
            run = module.run
    commands.add_parser("serve", help=SERVE_HELP)
    options = parser.parse_args(arguments)
    if run is None:
        parser.print_help()
        return 0
    try:
        status: int = run(options)
        sys.stdout.flush()
        return status
    except UserError as error:
        told, status = str(error), 2 if isinstance(error, UsageError) else 1
    except BrokenPipeError:  # the reader of our output has closed the pipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        told, status = f"{where}{error.strerror or error}.", 1
    except KeyboardInterrupt:
        told, status = "stopped.", 130
    print(f"{PROGRAM}: {told}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
