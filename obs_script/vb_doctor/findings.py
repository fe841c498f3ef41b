"""What a check found: a key of a text, what fills it in, and whether it is as it should be."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# What is wrong says what to do. The script's languages have each under ``Doctor.<key>``.
TEXTS = {
    "System": "{system}, {machine}, {processors} processor(s)",
    "Product": "virtual background {version}",
    "ProductMissing": "The product is not installed for this OBS: run python3 install.py.",
    "ProductOld": "The product installed is another than this one: run python3 install.py.",
    "Python": "Python {version} in {where}",
    "Obs": "OBS {version} ({kind})",
    "ObsOld": "OBS {version} is older than {oldest}: update OBS.",
    "ObsNew": "OBS {version} is newer than {newest}, the newest that was tested",
    "ObsUnknown": (
        "Which version of OBS this is has not been found out: start OBS once, then check again."
    ),
    "Functions": "OBS's libraries have all {count} functions that are used",
    "FunctionsMissing": (
        "OBS's libraries lack {names}: update OBS and this script to their newest versions."
    ),
    "FunctionsUnchecked": "OBS's libraries were not checked; the button in Tools > Scripts does",
    "Scripts": "{count} of {all} scene collection(s) load the script",
    "ScriptsNone": (
        "No scene collection loads the script: run python3 install.py, or add it in OBS under "
        "Tools > Scripts."
    ),
    "InUse": "{filters} filter(s) in use, {masks} of them with a mask",
    "Environment": "the worker's Python {version}: {packages}; all as locked, no file damaged",
    "EnvironmentMissing": "The worker's environment is missing: run python3 install.py.",
    "EnvironmentBroken": (
        "The Python of the worker's environment does not run ({reason}): delete venv in the data "
        "folder (the report's usual place) and run python3 install.py."
    ),
    "EnvironmentOther": (
        "The worker's environment has other packages than were locked ({names}): delete venv in "
        "the data folder (the report's usual place) and run python3 install.py."
    ),
    "EnvironmentDamaged": (
        "Files of {names} are not as they were installed: delete venv in the data folder (the "
        "report's usual place) and run python3 install.py."
    ),
    "Models": "{count} model(s), {own} of them your own: every file has its SHA-256",
    "ModelsMissing": "The default model {name} is missing: run python3 install.py.",
    "ModelsDamaged": (
        "Model files are not those their manifests name, or cannot be read ({names}): install or "
        "add these models again."
    ),
    "Memory": "shared memory: {megabytes} MB, this user's alone",
    "MemoryOpen": "The shared memory can be opened by others ({mode}): please report this.",
    "MemoryFailed": (
        "The system gave no shared memory ({reason}): close programs or allow more of it, then "
        "check again."
    ),
    "Worker": (
        "a frame went to the worker and its mask came back: the first {first} s after its start, "
        "then one in {each} ms ({model}, {unit})"
    ),
    "WorkerSkipped": "The worker was not tried, as its environment has to be mended first.",
    "WorkerSilent": (
        "The worker gave no mask within {seconds} s ({reason}): run python3 install.py, then "
        "check again."
    ),
    "WorkerEnded": "The worker ended ({reason}): run python3 install.py, then check again.",
    "WorkerError": "The worker could not make a mask: {reason}",
    "Held": "the system holds the worker to what it needs ({parts})",
    "HeldInPart": "this system does not hold the worker to what it needs ({missing})",
    "CheckFailed": "The check itself failed ({reason}): please report this.",
}
_GOOD = frozenset(
    ("System", "Product", "Python", "Obs", "ObsNew", "Functions", "FunctionsUnchecked", "Scripts",
     "InUse", "Environment", "Models", "Memory", "Held", "HeldInPart",
     "Worker")
)  # fmt: skip
# What others said fills these in: the system, another program, a file.
_TOLD = frozenset(("reason", "names", "missing"))
# All from the first word with a slash to the end of the last one's name, which may have spaces.
_PATHS = re.compile(r"""(?<!\S)\S*[/\\](?:.*[/\\])?(?:[^:;)\]"'\n]|["'](?=\w))*["']?""")
_PACKAGES = str(Path(__file__).parents[1])


@dataclass(frozen=True)
class Finding:
    """One line of a report. It names no folder and no file of the user's."""

    key: str
    arguments: Mapping[str, str] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        return self.key in _GOOD

    def text(self, texts: Mapping[str, str] = TEXTS, prefix: str = "") -> str:
        """Return the line in the language of ``texts``, whose keys begin with ``prefix``."""
        return texts[prefix + self.key].format(**self.arguments)


def finding(key: str, **arguments: object) -> Finding:
    """Return a finding; what fills it in is kept as text, what others said without paths."""
    return Finding(
        key,
        {
            name: without_paths(str(value)) if name in _TOLD else str(value)
            for name, value in arguments.items()
        },
    )


def without_paths(text: str) -> str:
    """Return ``text`` with ``(path)`` for what may be a file or a folder, and all between two."""
    told = text.replace("Input/output", "Input-output")  # the system's words for a broken disk
    return _PATHS.sub("(path)", told)


def checked(check: Callable[..., Finding | list[Finding]], *arguments: object) -> list[Finding]:
    """Return what a check found. That it failed is a finding, too, and ends no other check."""
    try:
        found = check(*arguments)
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        ours = [one for one in frames if one.filename.startswith(_PACKAGES)]
        # Its text may hold anything; where it came from does not.
        at = (ours or frames)[-1]
        reason = f"{type(error).__name__} in {Path(at.filename).name}, line {at.lineno}"
        return [finding("CheckFailed", reason=reason)]
    return found if isinstance(found, list) else [found]


def to_plain(found: list[Finding]) -> list[Any]:
    """Return findings as JSON can hold them."""
    return [[one.key, dict(one.arguments)] for one in found]


def from_plain(plain: Any) -> list[Finding]:
    """Return what :func:`to_plain` was given. Raises ValueError for anything else."""
    try:
        return [finding(key, **arguments) for key, arguments in plain if TEXTS[key]]
    except (TypeError, KeyError) as error:
        raise ValueError("these are no findings") from error
