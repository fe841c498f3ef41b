"""A model of the user's own: a shipped network under another name and manifest."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from vb_link import bounded, folders, limits


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


@contextmanager
def far_model(folder: Path, name: str, served: Path, **changes: str) -> Iterator[Path]:
    """Serve a model from this computer; ``folder`` gets the manifest that names its address.

    Yields the file that is served, in the new folder ``served``.
    """

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

    add_own(folder, name, **changes)
    weights, manifest = folder / f"{name}.onnx", folder / f"{name}.toml"
    served.mkdir()
    digest = bounded.sha256(weights, limits.MODEL_BYTES)
    file = weights.rename(served / weights.name)
    handler = partial(Quiet, directory=str(served))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        address = f"http://127.0.0.1:{server.server_port}/{file.name}"
        source = f'\n[source]\nurl = "{address}"\nsha256 = "{digest}"\npage = "https://x/y"\n'
        manifest.write_text(manifest.read_text(encoding="utf-8") + source, encoding="utf-8")
        Thread(target=server.serve_forever, daemon=True).start()
        yield file
        server.shutdown()
