"""Errors that the user of the command can act on. Each message is one sentence."""

from __future__ import annotations

from vb_link import texts

# Messages that OBS may show, by key.
TEXTS = texts.english("Worker.")


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message, without its full stop; else its class name."""
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__


class UserError(Exception):
    """An input or the environment is at fault; exit status 1."""


class UsageError(UserError):
    """The command line is wrong; exit status 2."""


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
