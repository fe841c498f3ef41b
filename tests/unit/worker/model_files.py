"""Files of shipped models for tests, and manifests of models that are not here yet."""

from __future__ import annotations

import hashlib
from pathlib import Path

from vb_link import folders

SHIPPED = folders.models_dir()
WEIGHTS = (SHIPPED / "selfie_landscape.onnx").read_bytes()
SUM = hashlib.sha256(WEIGHTS).hexdigest()
PACKAGE = f'package = "@some/model"\nversion = "1.2.3"\nmember = "package/m.onnx"\nsha256 = "{SUM}"'


def far_model(folder: Path, source: str, name: str = "far", **changes: str) -> Path:
    """A manifest of a model that is not here yet."""
    text = (SHIPPED / "selfie_landscape.toml").read_text(encoding="utf-8")
    before, after = text.split("[source]")
    _, after = after.split("# What the network is fed")
    text = f"{before}[source]\n{source}\npage = 'there'\n\n# What the network is fed{after}"
    text = text.replace('"selfie_landscape"', f'"{name}"').replace(
        "selfie_landscape.onnx", f"{name}.onnx"
    )
    for key, value in changes.items():
        line = next(line for line in text.splitlines() if line.startswith(f"{key} ="))
        text = text.replace(line, f"{key} = {value}")
    path = folder / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return path
