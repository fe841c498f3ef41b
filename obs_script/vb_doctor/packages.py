"""Runs in the worker's Python: lists its packages and checks that their files are as installed.

Prints JSON: ``python``, ``versions`` by name, ``damaged`` names. Imports nothing of the product.
"""

import base64
import csv
import hashlib
import importlib.metadata
import json
import pathlib
import platform
import re
import sys


def normal(name: str) -> str:
    """Return a package's normalised name, as in lock files."""
    return re.sub(r"[-_.]+", "-", name).lower()


def is_whole(distribution: importlib.metadata.Distribution) -> bool:
    """Return whether every file with a hash in its RECORD exists and matches it."""
    for path, hashed, _ in csv.reader((distribution.read_text("RECORD") or "").splitlines()):
        kind, _, wanted = hashed.partition("=")
        if kind != "sha256" or path.endswith(".pyc"):
            continue
        try:
            data = pathlib.Path(str(distribution.locate_file(path))).read_bytes()
        except OSError:
            return False
        digest = hashlib.sha256(data).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != wanted.rstrip("="):
            return False
    return True


def main(wanted: list[str]) -> None:
    """Print as JSON: this Python's version, the wanted packages' versions, which are damaged."""
    versions, damaged = {}, []
    for distribution in importlib.metadata.distributions():
        name = normal(distribution.metadata["Name"] or "")
        if name in wanted and name not in versions:
            versions[name] = distribution.version
            if not is_whole(distribution):
                damaged.append(name)
    told = {"python": platform.python_version(), "versions": versions, "damaged": damaged}
    print(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1:])
