"""The release archive, unpacked as a user does it, with packages that need no network."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tarfile
import zipfile
from importlib.metadata import Distribution, distribution
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[1]
# What the worker needs to find a person, and the set-up's own check.
PACKAGES = ("av", "flatbuffers", "numpy", "onnxruntime", "opencv-python-headless", "packaging",
            "protobuf", "tqdm")  # fmt: skip
_LEFT_OUT = ("__pycache__", "tests", "transformers", "quantization", "tools", "f2py")
NOWHERE = "https://127.0.0.1:9/"  # nobody listens there


def unpack(folder: Path) -> Path:
    """Build the source archive, unpack it into ``folder`` and return the product's folder."""
    subprocess.run(
        [sys.executable, "-m", "build", "--sdist", "--no-isolation", "--outdir", str(folder)],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(folder)
    archive.unlink()
    (product,) = folder.iterdir()
    return product


def take_packages_from(wheels: Path, product: Path) -> None:
    """Lock the worker's packages to wheels of those that this Python has; give no model's
    address."""
    wheels.mkdir()
    lock = product / "obs_script" / "vb_install" / "locks" / "worker.lock"
    lines = []
    for name in PACKAGES:
        wheel = _wheel(distribution(name), wheels)
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        version = distribution(name).version
        lines.append(f"{name}=={version} \\\n    --hash=sha256:{digest}\n")
    lock.write_text("".join(lines), "utf-8")
    manifest = product / "models" / "pphumanseg.toml"
    text = manifest.read_text("utf-8")
    manifest.write_text(re.sub(r'url = "https://[^/]+/', f'url = "{NOWHERE}', text), "utf-8")


def _wheel(of: Distribution, folder: Path) -> Path:
    """Pack an installed distribution as a wheel, uncompressed and without what is not run."""
    name = re.sub(r"[-_.]+", "_", of.metadata["Name"])
    path = folder / f"{name}-{of.version}-py3-none-any.whl"
    about = f"{name}-{of.version}.dist-info"
    kept: list[str] = []
    with zipfile.ZipFile(path, "w") as made:
        for file in of.files or []:
            inside = PurePosixPath(file)
            if ".." in inside.parts or set(inside.parts) & set(_LEFT_OUT):
                continue
            if inside.parts[0].endswith(".dist-info"):
                if inside.name not in ("METADATA", "WHEEL"):
                    continue
                inside = PurePosixPath(about, inside.name)
            kept.append(str(inside))
            made.write(Path(str(of.locate_file(file))), str(inside))
        record = "".join(f"{line},,\n" for line in [*kept, f"{about}/RECORD"])
        made.writestr(f"{about}/RECORD", record)
    return path
