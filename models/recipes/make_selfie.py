"""Make selfie_landscape.onnx and selfie_square.onnx from a pinned public package.

    pip install -r models/recipes/requirements.txt
    python models/recipes/make_selfie.py            writes both files into models/
    python models/recipes/make_selfie.py --check    compares with the files that are there

The package is fetched with ``npm pack``, or, where there is no npm, with ``pip download`` from
the Python package that holds the same weights; ``--package FILE`` uses one already fetched.
Every sum is checked before use. Each network is run beside its original in LiteRT on smooth
and on random pictures; a difference above 0.001 ends the recipe without writing.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from ai_edge_litert.interpreter import Interpreter

MODELS = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(MODELS.parent / "obs_script"))

from vb_worker.convert.errors import ConversionError  # noqa: E402
from vb_worker.convert.from_tflite import convert  # noqa: E402

LIMIT = 1e-3


@dataclass(frozen=True)
class Package:
    """One published archive: how a client names it, its sum, where the members lie in it."""

    requirement: str
    sha256: str
    folder: str


NPM = Package(
    "@mediapipe/selfie_segmentation@0.1.1675465747",
    "7767b33eaa68990ee06c28bbb89f39a13a47ebb07ff0f1fd4947d9e817bb9bf9",
    "package",
)
PIP = Package(
    "mediapipe==0.10.21",
    "05dc4a9e593655a79558d05d6227d31018c2537a4bd3362b51e230cf22aecfe3",
    "mediapipe/modules/selfie_segmentation",
)


@dataclass(frozen=True)
class Network:
    """One network: the ONNX file's stem, the member's name, the member's sum by package."""

    name: str
    member: str
    sha256: dict[str, str]


NETWORKS = (
    Network(
        "selfie_landscape",
        "selfie_segmentation_landscape.tflite",
        {
            NPM.sha256: "4aafe6223bb8dac6fac8ca8ed56852870a33051ef3f6238822d282a109962894",
            PIP.sha256: "a77d03f4659b9f6b6c1f5106947bf40e99d7655094b6527f214ea7d451106edd",
        },
    ),
    Network(
        "selfie_square",
        "selfie_segmentation.tflite",
        {
            NPM.sha256: "8d13b7fae74af625c641226813616a2117bd6bca19eb3b75574621fc08557f27",
            PIP.sha256: "9ee168ec7c8f2a16c56fe8e1cfbc514974cbbb7e434051b455635f1bd1462f5c",
        },
    ),
)


class RecipeError(Exception):
    """The recipe cannot go on; the text says why."""


def fetch(folder: Path) -> bytes:
    """Fetch the package into ``folder`` with the registry's own client and return its bytes."""
    npm = shutil.which("npm")
    if npm:
        command = [npm, "pack", "--silent", NPM.requirement]
    else:
        wanted = folder / "requirements.txt"
        wanted.write_text(f"{PIP.requirement} --hash=sha256:{PIP.sha256}\n", encoding="utf-8")
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--require-hashes"]
        command += ["--only-binary", ":all:", "--python-version", "3.11", "--platform"]
        command += ["manylinux_2_28_x86_64", "-r", str(wanted)]
    done = subprocess.run(command, cwd=folder, check=False)
    if done.returncode:
        raise RecipeError(f"{command[0]} could not fetch the package")
    archives = [path for path in folder.iterdir() if path.suffix in {".tgz", ".whl"}]
    return archives[0].read_bytes()


def member(archive: bytes, network: Network) -> bytes:
    """Return one network's TFLite file from the package, both sums checked."""
    total = hashlib.sha256(archive).hexdigest()
    packages = {package.sha256: package for package in (NPM, PIP)}
    if total not in packages:
        raise RecipeError(f"the package's sha256 {total} is not one that this recipe pins")
    name = f"{packages[total].folder}/{network.member}"
    if packages[total] is NPM:
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            entry = tar.extractfile(name)
            data = entry.read() if entry else b""
    else:
        with zipfile.ZipFile(io.BytesIO(archive)) as wheel:
            data = wheel.read(name)
    if hashlib.sha256(data).hexdigest() != network.sha256[total]:
        raise RecipeError(f"{name} in the package is not the file that this recipe pins")
    return data


def largest_difference(original: bytes, converted: bytes) -> float:
    """Return the largest difference between both networks' outputs on ten made pictures."""
    interpreter = Interpreter(model_content=original, num_threads=1)
    interpreter.allocate_tensors()
    source = interpreter.get_input_details()[0]
    target = interpreter.get_output_details()[0]
    session = onnxruntime.InferenceSession(converted, providers=["CPUExecutionProvider"])
    _, height, width, _ = source["shape"]
    random = np.random.default_rng(1)
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    worst = 0.0
    for number in range(10):
        if number % 2:
            picture = random.random((height, width, 3))
        else:  # a head and shoulders over a slope: far from noise, near to what cameras see
            face = np.hypot((x - 0.3 - 0.04 * number) * 2, y - 0.4) < 0.25
            body = np.hypot((x - 0.3 - 0.04 * number) * 1.2, y - 1.2) < 0.6
            picture = np.stack([x, y, 1 - x], -1) * 0.6
            picture[body] = (0.2, 0.3, 0.5)
            picture[face] = (0.85, 0.65, 0.55)
        batch = picture[None].astype(np.float32)
        interpreter.set_tensor(source["index"], batch)
        interpreter.invoke()
        expected = interpreter.get_tensor(target["index"])
        (got,) = session.run(None, {"input": batch})
        if got.shape != expected.shape:
            raise RecipeError(f"output shape {got.shape} is not the original's {expected.shape}")
        worst = max(worst, float(np.abs(got - expected).max()))
    return worst


def main() -> int:
    """Run the recipe; return the exit status."""
    parser = argparse.ArgumentParser(description="Make the selfie models from their package.")
    parser.add_argument("--package", type=Path, help="the .tgz or .whl, if already fetched")
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    arguments = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory() as folder:
            package = arguments.package
            archive = package.read_bytes() if package else fetch(Path(folder))
        for network in NETWORKS:
            original = member(archive, network)
            made = convert(original, network.name)
            difference = largest_difference(original, made)
            total = hashlib.sha256(made).hexdigest()
            print(f"{network.name}.onnx {len(made)} bytes, sha256 {total}")
            print(f"  largest difference from the original: {difference:.2e}")
            if difference > LIMIT:
                raise RecipeError(f"{network.name} differs from its original by {difference}")
            path = MODELS / f"{network.name}.onnx"
            if not arguments.check:
                path.write_bytes(made)
            elif path.read_bytes() != made:
                raise RecipeError(f"{path} is not what the recipe makes")
    except (OSError, ConversionError, RecipeError) as error:
        print(f"make_selfie: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
