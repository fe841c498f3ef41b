"""What can be wrong with a model. Each text is one sentence for the user."""

from __future__ import annotations


class ModelError(Exception):
    """A model cannot be used; the text says why and what to do."""


class ManifestError(ModelError):
    """A manifest cannot be used; the text names the file and the line or key."""
