"""Errors of models. Each message is one sentence for the user."""

from __future__ import annotations

from vb_link import texts
from vb_worker.errors import UserError

# Messages that OBS may show, by key.
TEXTS = texts.english("Worker.")


class ModelError(UserError):
    """A model cannot be used; the text says why and what to do.

    Made from a key of ``TEXTS`` and its arguments, so that the sentence can be translated, or from
    a plain English sentence.
    """

    def __init__(self, text: str, /, **arguments: object) -> None:
        self.key = text if text in TEXTS else ""
        self.arguments = {name: str(value) for name, value in arguments.items()}
        super().__init__(TEXTS[text].format(**self.arguments) if self.key else text)


class ManifestError(ModelError):
    """A manifest cannot be used; the text names the file and the line or key."""
