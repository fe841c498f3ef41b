"""Checks that every model file is the one that its manifest names.

OBS's Python may have no TOML reader, so the two lines that matter here are parsed directly.
"""

from __future__ import annotations

import re
from itertools import islice
from pathlib import Path

from vb_doctor.findings import Finding, finding
from vb_link import bounded, limits
from vb_link.settings import SHIPPED_MODEL

_LINE = re.compile(r'^(file|sha256)\s*=\s*"([^"\\]*)"')


def check(shipped: Path, own: Path) -> Finding:
    """Check the shipped models and the user's own, in these two folders."""
    counts = {shipped: 0, own: 0}
    damaged = []
    default_is_there = False
    for folder in counts:
        for manifest in sorted(islice(folder.glob("*.toml"), limits.MANIFESTS)):
            name = manifest.stem if folder == shipped else "one of your own"
            try:
                file, wanted = _named(manifest)
                # Beside its manifest, or in the user's folder, as in the worker.
                found = [place / file for place in (folder, own) if (place / file).is_file()]
                if not file or not found:
                    continue  # an algorithm without weights, or a model that is not installed
                counts[folder] += 1
                default_is_there |= folder == shipped and manifest.stem == SHIPPED_MODEL
                whole = bounded.sha256(found[0], limits.MODEL_BYTES)
                if whole != (wanted or _beside(found[0])):
                    damaged.append(name)
            except OSError as error:
                damaged.append(f"{name}: {error.strerror or type(error).__name__}")
    if damaged:
        return finding("ModelsDamaged", names=", ".join(damaged))
    if not default_is_there:
        return finding("ModelsMissing", name=SHIPPED_MODEL)
    return finding("Models", count=sum(counts.values()), own=counts[own])


def _named(manifest: Path) -> tuple[str, str]:
    """Return the file and the SHA-256 that a manifest names, "" for what is missing.

    Raises OSError.
    """
    found = {"file": "", "sha256": ""}
    text = bounded.read(manifest, limits.MANIFEST_BYTES).decode("utf-8", "replace")
    for line in text.splitlines():
        if line.lstrip().startswith("["):
            break  # what follows belongs to a table
        match = _LINE.match(line.strip())
        if match:
            found[match[1]] = match[2]
    return found["file"], found["sha256"]


def _beside(weights: Path) -> str:
    """Return the SHA-256 of a model that was converted on this machine, or ""."""
    try:
        return bounded.read(weights.with_suffix(".sha256"), 200).decode("ascii").strip()
    except (OSError, ValueError):
        return ""
