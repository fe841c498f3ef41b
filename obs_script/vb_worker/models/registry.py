"""Finding the models on this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from pathlib import Path

from vb_link import folders, limits
from vb_worker.errors import ManifestError, ModelError
from vb_worker.models.manifest import Manifest
from vb_worker.models.manifest_reader import load


def default_folders() -> list[Path]:
    """Return the folders to search: the product's own models, then the user's."""
    return [folders.models_dir(), folders.user_models_dir()]


def find_models(
    folders: Iterable[Path], *, on_error: Callable[[ManifestError], None] | None = None
) -> dict[str, Manifest]:
    """Return the models of ``folders`` by name, in the order found; folders may be absent.

    A manifest that cannot be used, or whose name is taken, raises ManifestError. With ``on_error``
    that is called instead and the manifest skipped, so that one bad file of the user's neither
    hides the other models nor replaces one of the product's.
    """
    found: dict[str, Manifest] = {}
    for folder in dict.fromkeys(folders):
        # Limited, as a folder of very many files is hardly one of models.
        for path in sorted(islice(folder.glob("*.toml"), limits.MANIFESTS)):
            try:
                manifest = load(path)
                if manifest.name in found:
                    raise ManifestError(
                        f'{path}: "name" is {manifest.name!r}, which '
                        f"{found[manifest.name].path} has already; choose another."
                    )
            except ManifestError as error:
                if on_error is None:
                    raise
                on_error(error)
                continue
            found[manifest.name] = manifest
    return found


def choose_model(models: Mapping[str, Manifest], name: str) -> Manifest:
    """Return the model called ``name``. Raises ModelError, listing the available ones."""
    if name not in models:
        there = ", ".join(models) or "none"
        raise ModelError(f"There is no model named {name!r}; there are: {there}.")
    return models[name]
