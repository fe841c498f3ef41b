"""What can be wrong with a model. Each text is one sentence for the user."""

from __future__ import annotations

from vb_worker.errors import UserError

# What a user of OBS may come to read. The script's languages have each under ``Worker.<key>``.
TEXTS = {
    "NotInstalled": "The model {name!r} is not installed: choose another one in the filter.",
    "FindsNoPeople": "The model {name!r} finds no people: choose another one in the filter.",
    "FindsNoDepth": "The model {name!r} finds no depth: choose a depth model in the filter.",
    "FailedOnPicture": "The model {name} failed on a picture: {reason}",
    "UnitDidNotStart": (
        "{unit} is offered but did not start for {title!r}; choose another device under Runs on or "
        "update its driver."
    ),
    "UnitSetAside": "{unit} failed {times} times and is no longer used.",
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
    "ModelElsewhere": (
        "The model file {path} keeps weights in another file, which is not read: save it as one "
        "file."
    ),
    "ModelOperators": (
        "The model file {path} needs operators that are not run here ({name}): export it with "
        "ONNX's own operators only."
    ),
    "ModelOpset": (
        "The model file {path} is of opset {found}; those from {lowest} to {highest} are read: "
        "export it anew."
    ),
    "ModelTooLarge": (
        "The model file {path} is too large ({what}: more than {limit}): choose a smaller model."
    ),
    "ModelDamaged": "The model file {path} is no ONNX file, or it is damaged: get it anew.",
    "BeingTried": "{title} is being tried in a process of its own, which is done once: wait.",
    "ModelTooSlow": (
        "{path} was tried and did not come to an end within {seconds} seconds: choose another "
        "model."
    ),
    "ModelEndsProcess": (
        "{path} was tried and ended the process that ran it ({status}): choose another model."
    ),
    "ModelEnded": (
        "The model {name!r} failed {times} times and is not run until OBS is restarted: "
        "choose another one."
    ),
    "CannotLoad": "onnxruntime cannot load {path}: {reason}.",
    "CpuOnly": "{title} runs on the CPU only; choose the CPU for it.",
    "GrabCutFailed": "GrabCut could not work on this picture: {reason}.",
    "NoSuchOutput": '{where}: "{entry}" is {name!r}, but the outputs of {file} are {there}.',
    "NoSuchInput": '{where}: "output.state" names the input {name!r}, but the inputs are {there}.',
    "NoTrialPicture": "{path} is missing or damaged; run install.py again.",
    "WrongEntry": (
        '{where}: "{entry}" is wrong: on a test picture {reached} of the person is found '
        "with {value}, and {found} as it is."
    ),
    "WrongManifest": (
        '{path}: on a test picture only {found} of the person is found, so "input" or '
        '"output" does not describe the model, or it is not for people.'
    ),
    "NoNumber": (
        '{where}: the answer on a test picture is no number: "input.scale", "input.mean" or '
        '"input.std" is wrong, or the file is damaged.'
    ),
    "WrongRange": (
        '{where}: "{entry}" is wrong: on a test picture the answer goes from {low} to {high} '
        "instead of 0 to 1."
    ),
    "WrongNear": (
        '{where}: "output.near" is wrong: on a test picture the person comes out farther '
        "away than the room."
    ),
    "NoDepthFound": (
        '{path}: on a test picture the person is no nearer than the room, so "input" does '
        "not describe the model, or it is not for depth."
    ),
    "CompanionOfCompanion": (
        "{where}: {name!r} has a companion itself; choose a model that has none."
    ),
}


class ModelError(UserError):
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
