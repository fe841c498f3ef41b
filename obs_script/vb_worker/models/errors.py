"""What can be wrong with a model. Each text is one sentence for the user."""

from __future__ import annotations

# What a user of OBS may come to read. The script's languages have each under ``Worker.<key>``.
TEXTS = {
    "NotInstalled": "The model {name!r} is not installed: choose another one in the filter.",
    "FindsNoPeople": "The model {name!r} finds no people: choose another one in the filter.",
    "FindsNoDepth": "The model {name!r} finds no depth: choose a depth model in the filter.",
    "FailedOnPicture": "The model {name} failed on a picture: {reason}",
    "UnitDidNotStart": (
        "{unit} is offered but did not start for {title!r}; choose another compute unit or "
        "update its driver."
    ),
    "NoUnit": "There is no compute unit {name!r} here; there are: {there}.",
    "Unlike": (
        "{path} is unlike its manifest ({where}): the {what} should be {wanted} and is {found}."
    ),
    "FileMissing": (
        "The model file {path} is missing; run `virtual-background models install {name}`."
    ),
    "FileUnreadable": "The model file {path} cannot be read: {reason}.",
    "FileChanged": (
        "The model file {path} is not the one its manifest names (it is damaged or was changed); "
        "run `virtual-background models install {name}` or install.py again."
    ),
    "CannotLoad": "onnxruntime cannot load {path}: {reason}.",
}


class ModelError(Exception):
    """A model cannot be used; the text says why and what to do.

    Made from a key of ``TEXTS`` and what fills it, so that the sentence can be said in other
    languages, or from a plain English sentence.
    """

    def __init__(self, text: str, /, **arguments: object) -> None:
        self.key = text if text in TEXTS else ""
        self.arguments = {name: str(value) for name, value in arguments.items()}
        super().__init__(TEXTS[text].format(**self.arguments) if self.key else text)


class ManifestError(ModelError):
    """A manifest cannot be used; the text names the file and the line or key."""
