"""The mask of the same picture by the same model, on Linux and on Windows: the same bytes."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from tests.obs import stage
from tests.windows.setup import CHECKOUT
from tests.windows.wine import BenchError, Wine
from vb_demo import clip

MODELS = ("selfie_square", "selfie_landscape", "grabcut")  # those that ship
QUALITIES = ("fast", "balanced", "best")
SIZES = ((640, 360), (1280, 720), (480, 640))
COMMAND = ("-m", "vb_worker.cli", "mask")


def check(wine: Wine, folder: Path, say: Callable[[bool, str], None]) -> None:
    """Make the masks on both systems and compare them. Raises BenchError."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(wine.drive / "masks", ignore_errors=True)
    pictures = wine.drive / "masks/pictures"
    pictures.mkdir(parents=True)
    for number, size in enumerate(SIZES):
        room = stage.SECRET if number == 0 else None
        cv2.imwrite(
            str(pictures / f"{number}.png"), clip.frame(number / 2, *size, room_color=room)[0]
        )
    for model in MODELS:
        for quality in QUALITIES:
            words = ("--model", model, "--quality", quality)
            name = f"{model}-{quality}"
            here, there = folder / name, wine.drive / "masks" / name
            _run_here((*COMMAND, *words, "-o", str(here), str(pictures)))
            done = wine.run(["C:/data/venv/Scripts/python.exe", *COMMAND, *words,
                             "-o", f"C:/masks/{name}", "C:/masks/pictures"],
                            "C:/product/obs_script")  # fmt: skip
            if done.returncode != 0:
                say(False, f"masks {name}: {done.stdout.decode('utf-8', 'replace')[-300:]}")
                continue
            say(*compare(name, here, there))


def _run_here(words: tuple[str, ...]) -> None:
    done = subprocess.run([sys.executable, *words], cwd=CHECKOUT / "obs_script",
                          capture_output=True, text=True, check=False)  # fmt: skip
    if done.returncode != 0:
        raise BenchError(f"Linux made no masks: {done.stderr[-300:]}")


def compare(name: str, here: Path, there: Path) -> tuple[bool, str]:
    """Return whether the masks in both folders are the same, and the line that says so."""
    differing, people = 0, 0
    for path in sorted(here.iterdir()):
        ours = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        theirs = cv2.imread(str(there / path.name), cv2.IMREAD_UNCHANGED)
        if ours is None or theirs is None or ours.shape != theirs.shape:
            return False, f"masks {name}: {path.name} was not made on both"
        people += int((ours > 127).any() and (ours < 127).any())
        differing += int(np.count_nonzero(ours != theirs))
    good = differing == 0 and people == len(SIZES)
    return good, f"masks {name}: {differing} pixels differ in {people} masks of a person"
