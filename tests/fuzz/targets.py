"""What is fuzzed: each target gets a random number generator and a folder, and raises Fault."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from tests import hostile_models
from tests.fuzz.mutate import damaged, misspelt
from tests.fuzz.warp import warped
from vb_link import folders, layout, picture_size, setting_values, settings, texts, unit_file
from vb_script import list_choices, lua_half, presets, status
from vb_worker.catalogue import quarantine
from vb_worker.models import ManifestError, ModelError
from vb_worker.models.manifest import RegistryPackage
from vb_worker.models.manifest_reader import load
from vb_worker.models.manifest_table import LARGEST_SIDE
from vb_worker.runtime import onnx_check
from vb_worker.runtime.providers import driver
from vb_worker.units import results

ROOT = Path(__file__).resolve().parents[2]
ENGLISH = texts.load("en-US")
LONGEST_SENTENCE = 4000
_PLAIN = re.compile(r"(@[a-z0-9][\w.-]*/)?\w[\w.-]*@\d[\w.+!-]*", re.ASCII)


class Fault(AssertionError):
    """Something was neither taken nor refused with a sentence."""


Target = Callable[[random.Random, Path], str]


def _sentence(text: str) -> None:
    if not text or "\n" in text or len(text) > LONGEST_SENTENCE:
        raise Fault(f"no sentence for a user: {text[:300]!r}")


def manifests(rng: random.Random, folder: Path) -> str:
    """A manifest is read, or refused in one line; the script's reader of it never fails."""
    path = folder / "m.toml"
    text = rng.choice(_MANIFESTS)
    data = misspelt(text, rng).encode("utf-8", "surrogatepass")
    path.write_bytes(damaged(data, rng) if rng.random() < 0.3 else data)
    list_choices.model_lists([folder])
    try:
        manifest = load(path)
    except ManifestError as error:
        _sentence(str(error))
        return "refused"
    spec = manifest.input
    if not (1 <= spec.width <= LARGEST_SIDE and 1 <= spec.height <= LARGEST_SIDE and spec.scale):
        raise Fault(f"{spec}")
    asked = manifest.source
    if isinstance(asked, RegistryPackage):
        told = f"{asked.package}@{asked.version}"
        if not _PLAIN.fullmatch(told):
            raise Fault(told)
    return "taken"


def preset_files(rng: random.Random, folder: Path) -> str:
    """A preset is used whole, or refused in one line."""
    path = folder / "preset.json"
    body = {presets.MARK: presets.FORMAT, "settings": settings.defaults()}
    text = misspelt(json.dumps(body, indent=1), rng).encode("utf-8", "surrogatepass")
    path.write_bytes(damaged(text, rng) if rng.random() < 0.3 else text)
    try:
        found = presets.load(str(path))
    except texts.SaidError as error:
        _sentence(error.text(ENGLISH))
        return "refused"
    rows = {row.key: row for row in settings.SETTINGS}
    for key, value in found.items():
        if not setting_values.suits(rows[key], value):
            raise Fault(f"{key}: {value!r}")
        str(value).encode()
    return "taken"


def unit_files(rng: random.Random, folder: Path) -> str:
    """Whatever the file of compute units holds, the filter's list can be made of it."""
    os.environ[folders.DATA_VARIABLE] = str(folder)
    path = unit_file.path()
    path.parent.mkdir(exist_ok=True)
    body = {
        "driver": driver(),
        "units": [{"name": "cpu", "title": "CPU"}, {"name": "cuda", "title": "A GPU"}],
        "started": {"cuda": 1},
        "tried": ["a"],
        "measured": {"x": {"units": {"cpu": {"ms": 1.0, "first_ms": 2.0, "reason": ""}}}},
    }
    text = misspelt(json.dumps(body, indent=1), rng).encode("utf-8", "surrogatepass")
    path.write_bytes(damaged(text, rng) if rng.random() < 0.3 else text)
    lua_half.literal([list(row) for row in list_choices.unit_list(ENGLISH)]).encode()
    results.is_set_aside("cuda")
    results.tried()
    results.probes(load(folders.models_dir() / "selfie_square.toml"))
    return "taken"


def sentences_of_the_worker(rng: random.Random, folder: Path) -> str:
    """Whatever the worker writes as its error can be shown."""
    field = b'The model.\n{"": "FileMissing", "path": "/a", "name": "b"}'
    found = damaged(field, rng) if rng.random() < 0.7 else rng.randbytes(layout.ERROR_BYTES)
    status.worker_words(found[: layout.ERROR_BYTES], ENGLISH).encode()
    return "taken"


class Opener:
    """The process that opens pictures and models; a new one when it has ended of it."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def ask(self, kind: str, path: Path) -> dict[str, str]:
        """Return what came of it; ``ended`` and the exit status when the process ended."""
        if self._process is None:
            environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'obs_script'}"}
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.fuzz.opener"], env=environment, text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            )  # fmt: skip
        process = self._process
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(f"{kind} {path}\n")
        process.stdin.flush()
        line = process.stdout.readline()
        if line:
            found: dict[str, str] = json.loads(line)
            return found
        self.close()
        return {"ended": str(process.returncode)}

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            assert process.stdin is not None and process.stdout is not None
            process.stdin.close()
            process.wait()
            process.stdout.close()


opener = Opener()


def pictures(rng: random.Random, folder: Path) -> str:
    """A picture is decoded or refused in one line, and never larger than its head says."""
    path = folder / "picture"
    data = damaged(rng.choice(_PICTURES), rng)
    path.write_bytes(data)
    picture_size.size_of(data)
    picture_size.size_of(data[: rng.randrange(len(data) + 1)])
    found = opener.ask("picture", path)
    if "refused" in found:
        _sentence(found["refused"])
    elif "ok" not in found:
        raise Fault(f"{found}")
    return next(iter(found))


def models(rng: random.Random, folder: Path) -> str:
    """A model file is run or refused; one that ends the process ends only the quarantine's."""
    kind = rng.random()
    if kind < 0.7:
        data = warped(rng.choice(_SOUND), rng)
    else:
        data = rng.choice(_MODELS)
        data = damaged(data, rng) if kind < 0.95 else data
    path = hostile_models.put(folder, "fuzzed", data)
    found = opener.ask("model", path)
    if "refused" in found:
        _sentence(found["refused"])
    elif "ended" in found:
        # What the product does with such a file:
        problem = quarantine.Attempt(path, seconds=8).result()
        slow = found["ended"] == "-14"  # the quarantine has more time
        if problem is None and not slow:
            raise Fault(f"{found}, and then the quarantine finds nothing wrong")
        _sentence(str(problem or "-"))
        return f"ended {found['ended']}"
    elif "ok" not in found:
        raise Fault(f"{found}")
    return next(iter(found))


def model_walk(rng: random.Random, folder: Path) -> str:
    """Looking through a model file ends soon and with a sentence."""
    try:
        onnx_check.check(damaged(rng.choice(_MODELS), rng), folder / "m.onnx")
    except ModelError as error:
        _sentence(str(error))
        return "refused"
    return "taken"


TARGETS: dict[str, Target] = {
    "manifests": manifests,
    "presets": preset_files,
    "unit files": unit_files,
    "worker's sentences": sentences_of_the_worker,
    "model walk": model_walk,
    "pictures": pictures,
    "models": models,
}


def run(
    target: str, seed: int, numbers: range, folder: Path, counts: Counter[str] | None = None
) -> None:
    """Run cases of a target. Raises Fault naming the case; its files stay in ``folder``."""
    for number in numbers:
        rng = random.Random(f"{target}:{seed}:{number}")
        try:
            outcome = TARGETS[target](rng, folder)
        except Exception as error:
            raise Fault(f"{target}, seed {seed}, case {number}: {error!r}") from error
        if counts is not None:
            counts[outcome] += 1


def _encoded() -> list[bytes]:
    picture = np.random.default_rng(1).integers(0, 255, (24, 32, 4), np.uint8)
    made = []
    for suffix in (".png", ".jpg", ".webp", ".bmp", ".tiff", ".gif"):
        for channels in (3, 4):
            done, data = cv2.imencode(suffix, picture[..., :channels])
            assert done
            made.append(data.tobytes())
    return made


_MANIFESTS = [path.read_text("utf-8") for path in sorted(folders.models_dir().glob("*.toml"))]
_MANIFESTS += [
    hostile_models.with_source(_MANIFESTS[-1], hostile_models.package_source(name))
    for name in hostile_models.PACKAGES
]
_PICTURES = _encoded()
_SOUND = [
    *(path.read_bytes() for path in sorted(folders.models_dir().glob("*.onnx"))),
    hostile_models.harmless(),
]
_MODELS = [
    *(path.read_bytes() for path in sorted(folders.models_dir().glob("*.onnx"))),
    *(make() for name, (make, _) in hostile_models.REFUSED.items() if name != "many_nodes"),
    hostile_models.harmless(),
    hostile_models.short_tensor(),
    hostile_models.huge_when_run(),
]
