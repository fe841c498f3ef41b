"""``models``: list the models on this machine, install more, add one's own, check them."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from vb_worker.commands.options import known_model, known_models
from vb_worker.commands.table import table
from vb_worker.errors import UsageError, UserError
from vb_worker.models import Manifest, ModelError, open_model
from vb_worker.models.families import finds_person


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--json", action="store_true", help="print a JSON list")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", dest="action")
    install = actions.add_parser("install", help="fetch a model of the list and put it in place")
    install.add_argument("name", metavar="NAME", help="the model (see the list)")
    install.add_argument(
        "--file",
        nargs="+",
        type=Path,
        default=[],
        metavar="FILE",
        help="what was fetched by hand: the package, its members, or the model's file",
    )
    install.add_argument("--yes", action="store_true", help="agree to the licence's terms")
    add = actions.add_parser("add", help="add an ONNX file of your own")
    add.add_argument("file", type=Path, metavar="FILE.onnx", help="the network")
    add.add_argument("--name", metavar="NAME", help="its name (default: made from the file's)")
    add.add_argument("--title", metavar="TEXT", help="its name in OBS's list")
    add.add_argument(
        "--kind", metavar="KIND", help="what it answers, where that cannot be guessed (depth)"
    )
    add.add_argument(
        "--licence", default="unknown", metavar="SPDX", help="its licence (default: %(default)s)"
    )
    add.add_argument("--commercial", action="store_true", help="its licence allows commercial use")
    check = actions.add_parser("check", help="try models on a picture with a known person")
    check.add_argument("name", nargs="*", metavar="NAME", help="default: all installed")


def run(options: argparse.Namespace) -> int:
    """Run the command; return the exit status."""
    action = {"install": _install, "add": _add, "check": _check}.get(options.action or "", _list)
    return action(options)


def _list(options: argparse.Namespace) -> int:
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
                "kind": model.kind,
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


def _install(options: argparse.Namespace) -> int:
    from vb_worker.catalogue import install  # noqa: PLC0415 - so that the list is quick

    manifest = known_model(options.name)
    if manifest.installed and not options.file:
        try:
            open_model(manifest)
        except ModelError:
            pass  # damaged: downloaded again
        else:
            print(f"{manifest.title} is installed already.")
            return 0
    terms = install.terms(manifest)
    if terms:
        print(terms)
        if not manifest.commercial and not options.yes and not _agreed():
            raise UserError(f"{manifest.name} was not installed; --yes agrees to its terms.")
    found = install.install(manifest, options.file)
    print(f"{manifest.title} is installed: {manifest.weights}")
    if finds_person(manifest):
        print(f"On the test picture it finds {found:.0%} of the person.")
    return 0


def _agreed() -> bool:
    if not sys.stdin.isatty():
        return False
    return input("Install it all the same? [y/N] ").strip().lower() in ("y", "yes")


def _add(options: argparse.Namespace) -> int:
    from vb_worker.catalogue import adding, quarantine  # noqa: PLC0415 - so that the list is quick

    if not options.file.is_file():
        raise UsageError(f"{options.file} does not exist.")
    quarantine.check_file(options.file)
    manifest, found = adding.add(
        options.file,
        name=options.name,
        title=options.title,
        kind=options.kind,
        licence=options.licence,
        commercial=options.commercial,
        taken=known_models(),
    )
    _tell_guess(manifest)
    print(f"On the test picture it finds {found:.0%} of the person." if finds_person(manifest)
          else "On the test picture the person comes out nearer than the room.")  # fmt: skip
    print(f"Written: {manifest.path} (edit it if something is wrong), {manifest.weights}")
    print(f'It is in OBS\'s list as "{manifest.title}" now.')
    return 0


def _tell_guess(manifest: Manifest) -> None:
    spec, output = manifest.input, manifest.output
    print(f"kind {output.kind}" + (f", person {output.person}" if output.person != 1 else ""))
    print(
        f"input {spec.width}x{spec.height} {spec.layout} {spec.colour} {spec.dtype}, "
        f"(value / {spec.scale:g} - {list(spec.mean)}) / {list(spec.std)}"
    )


def _check(options: argparse.Namespace) -> int:
    from vb_worker.models import sample_check  # noqa: PLC0415 - so that the list is quick

    if options.name:
        manifests = [known_model(name) for name in options.name]
    else:
        manifests = [model for model in known_models().values() if model.installed]
    failed = False
    for manifest in manifests:
        try:
            found = sample_check.check(open_model(manifest), thorough=True)
        except ModelError as error:
            print(f"virtual-background: {error}", file=sys.stderr)
            failed = True
            continue
        print(f"{manifest.name}: {found:.0%}" if finds_person(manifest) else f"{manifest.name}: ok")
    return 1 if failed else 0
