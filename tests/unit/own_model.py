"""A model of the user's own: a shipped network under another name and manifest."""

from __future__ import annotations

import shutil
from pathlib import Path

from vb_link import folders


def add_own(folder: Path, name: str, source: str = "selfie_square", **changes: str) -> None:
    """Add it to the user's models in ``folder``; ``changes``: lines of its manifest, as TOML."""
    shipped = folders.PACKAGES.parent / "models"
    text = (shipped / f"{source}.toml").read_text(encoding="utf-8")
    head, rest = text.split("[source]")
    text = f"{head}# What{rest.split('# What')[1]}"
    text = text.replace(f'name = "{source}"', f'name = "{name}"')
    text = text.replace(f"{source}.onnx", f"{name}.onnx")
    for old, new in changes.items():
        line = next(line for line in text.splitlines() if line.startswith(f"{old} ="))
        text = text.replace(line, f"{old} = {new}")
    shutil.copy(shipped / f"{source}.onnx", folder / f"{name}.onnx")
    (folder / f"{name}.toml").write_text(text, encoding="utf-8")
