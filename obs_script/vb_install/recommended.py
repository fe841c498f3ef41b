"""The recommended model: one file, fetched from the address in its manifest, with its sum checked.

*Automatic* takes it where the computer is fast enough. Without it the model that ships serves, so
a set-up without a network is whole, too.
"""

from __future__ import annotations

import re
from pathlib import Path

from vb_install import worker_environment
from vb_install.obs_installations import ObsInstallation
from vb_install.progress import Progress
from vb_install.system import InstallError, System
from vb_link import child, fetch_command, folders
from vb_link.fetch_command import SIZE, TITLE
from vb_link.settings import RECOMMENDED_MODEL

OFFLINE = (
    f"The recommended model {TITLE} is left out: the one that ships serves, and "
    "Fetch the recommended model in Tools > Scripts gets it later."
)
_URL = re.compile(r'(?m)^url = "([^"\\]+)"')
_STEP = 10  # percent


class _Failed(Exception):
    """The command ended with an error."""


def files(data: Path) -> list[Path]:
    """Return what fetching makes in a data folder, whether it is there or not."""
    weights = data / "models" / f"{RECOMMENDED_MODEL}.onnx"
    return [weights, weights.with_suffix(".sha256"), data / "models" / "downloads"]


def is_there(obs: ObsInstallation) -> bool:
    """Return whether an OBS's worker has it already."""
    return files(obs.data)[0].is_file()


def address() -> str:
    """Return where it is fetched from. Raises InstallError."""
    manifest = folders.models_dir() / f"{RECOMMENDED_MODEL}.toml"
    try:
        found = _URL.search(manifest.read_text(encoding="utf-8"))
    except OSError:
        found = None
    if found is None:
        raise InstallError(f"{manifest} is missing or damaged: get the product again, whole.")
    return found[1]


def plan(obs: ObsInstallation, *, offline: bool) -> str:
    """Return what will be done, for the list of the plan."""
    if is_there(obs):
        return f"{TITLE} is there"
    return f"{TITLE} is left out" if offline else f"fetch {TITLE} ({SIZE}) from {address()}"


def fetch(system: System, obs: ObsInstallation) -> None:
    """Fetch, try and install it unless it is there; print one sentence if that fails."""
    if is_there(obs):
        return
    python = worker_environment.of(system, obs).command
    lines = [""]
    shown = -_STEP
    try:
        with Progress(f"Fetching the model {TITLE}") as progress:

            def hear(line: str) -> None:
                nonlocal shown
                percent = fetch_command.percent_of(line)
                if percent is None:
                    lines.append(line)
                elif percent >= shown + _STEP:
                    shown = percent
                    progress.note(f"{shown} % of {SIZE}")
                    system.step("model", shown / 100)

            words = fetch_command.WORDS
            if system.stream([*python, *child.ISOLATED, "-m", "vb_worker", *words], hear):
                raise _Failed
    except _Failed:
        last = next((line for line in reversed(lines) if line.strip()), "")
        print(
            f"The recommended model {TITLE} was not fetched ({fetch_command.reason(last)}): the "
            "one that ships serves, and Fetch the recommended model in Tools > Scripts tries again."
        )
