"""Whether every model file is the one that its manifest names.

OBS's Python may have no TOML reader; the two lines that matter here are read by themselves.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from vb_link.diagnosis.findings import Finding, finding
from vb_link.settings import defaults

_LINE = re.compile(r'^(file|sha256)\s*=\s*"([^"\\]*)"')


def check(shipped: Path, own: Path) -> Finding:
    """Return what is to be said of the models that ship and of the user's own."""
    default = str(defaults()["model"])
    counts = {shipped: 0, own: 0}
    damaged = []
    default_is_there = False
    for folder in counts:
        for manifest in sorted(folder.glob("*.toml")) if folder.is_dir() else []:
            file, wanted = _named(manifest)
            weights = next((one / file for one in (own, shipped) if (one / file).is_file()), None)
            if not file or weights is None:
                continue  # an algorithm without weights, or a model that is not installed
            counts[folder] += 1
            default_is_there |= manifest.stem == default
            if hashlib.sha256(weights.read_bytes()).hexdigest() != (wanted or _beside(weights)):
                damaged.append(manifest.stem if folder == shipped else "one of your own")
    if damaged:
        return finding("ModelsDamaged", names=", ".join(damaged))
    if not default_is_there:
        return finding("ModelsMissing", name=default)
    return finding("Models", count=sum(counts.values()), own=counts[own])


def _named(manifest: Path) -> tuple[str, str]:
    """Return the file and the sum that a manifest names, "" for what it does not."""
    found = {"file": "", "sha256": ""}
    for line in manifest.read_text(encoding="utf-8", errors="replace").splitlines():
        if line.lstrip().startswith("["):
            break  # what follows belongs to a table
        match = _LINE.match(line.strip())
        if match:
            found[match[1]] = match[2]
    return found["file"], found["sha256"]


def _beside(weights: Path) -> str:
    """Return the sum of a model that was converted on this machine."""
    try:
        return weights.with_suffix(".sha256").read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""
