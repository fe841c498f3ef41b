"""What is released: one version, the same bytes each time, a licence for every file."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from vb_install import product
from vb_link import folders
from vb_link.version import VERSION

ROOT = Path(__file__).resolve().parents[3]
SECTIONS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
FONTS_AND_FILMS = (".ttf", ".otf", ".woff", ".woff2", ".mp4", ".mkv", ".webm", ".wav", ".ogg")
Sums = dict[str, str]


def _sum(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture(scope="module")
def tracked() -> list[str]:
    """The files of the checkout."""
    if not (ROOT / ".git").exists():
        where = "POSIX only: " if sys.platform == "win32" else ""
        pytest.skip(f"{where}a release is made from a checkout of the repository")
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT, capture_output=True, check=True,
    ).stdout.decode()  # fmt: skip
    return [name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def _build(folder: Path, tracked: list[str]) -> tuple[Path, Path]:
    """Return the wheel and the sdist built in a fresh copy of the checkout."""
    for name in tracked:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, folder / name)
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", "dist"],
        cwd=folder, check=True, capture_output=True,
        env={**os.environ, "SOURCE_DATE_EPOCH": "1893456000"},
    )  # fmt: skip
    (wheel,) = (folder / "dist").glob("*.whl")
    (sdist,) = (folder / "dist").glob("*.tar.gz")
    return wheel, sdist


@pytest.fixture(scope="module")
def built(tracked: list[str], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return _build(tmp_path_factory.mktemp("built"), tracked)


def _licence_of(name: str) -> str | None:
    """Return the licence that LICENCES.md gives a file."""
    for row in (ROOT / "LICENCES.md").read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in row.split("|")]
        for pattern in re.findall(r"`([^`]+)`", cells[1]) if len(cells) > 3 else ():
            if fnmatchcase(name, pattern):
                return cells[2]
    return None


# Version and changelog


def test_the_version_is_written_once(tracked: list[str]) -> None:
    written = re.compile(rf'(?i)version\s*=\s*"{re.escape(VERSION)}"')
    holders = [
        name
        for name in tracked
        if name.endswith((".py", ".toml", ".lua", ".ini"))
        and written.search((ROOT / name).read_text("utf-8"))
    ]
    assert holders == ["obs_script/vb_link/version.py"]
    assert re.fullmatch(r"\d+\.\d+\.\d+((a|b|rc)\d+)?", VERSION)


def test_the_changelog_is_one_and_knows_this_version() -> None:
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    headings = re.findall(r"^## (.*)$", text, re.M)
    assert all(
        re.fullmatch(r"\[Unreleased\]|\[\d+\.\d+\.\d+\S*\] - \d{4}-\d\d-\d\d", heading)
        for heading in headings
    )
    assert headings[0] == "[Unreleased]" or headings[0].startswith(f"[{VERSION}]")
    assert set(re.findall(r"^### (.*)$", text, re.M)) <= SECTIONS


# Licences


def test_every_file_has_a_licence(tracked: list[str]) -> None:
    assert [name for name in tracked if _licence_of(name) is None] == []
    assert not [name for name in tracked if name.endswith(FONTS_AND_FILMS)]


def test_every_row_is_needed_and_no_row_takes_in_new_pictures_or_weights(
    tracked: list[str],
) -> None:
    rows = (ROOT / "LICENCES.md").read_text("utf-8").splitlines()
    patterns = [
        pattern
        for row in rows
        if row.startswith("| `")
        for pattern in re.findall(r"`([^`]+)`", row.split("|")[1])
    ]
    for pattern in patterns:
        assert any(fnmatchcase(name, pattern) for name in tracked), pattern
    assert _licence_of("models/selfie_square.onnx") == "Apache-2.0"
    assert _licence_of("models/another.onnx") is None
    assert _licence_of("obs_script/vb_demo/sample/another.png") is None


# The build


def test_two_builds_are_the_same_bytes(
    built: tuple[Path, Path], tracked: list[str], tmp_path: Path
) -> None:
    again = _build(tmp_path / "elsewhere", tracked)
    assert [wheel.name for wheel in again] == [wheel.name for wheel in built]
    assert [_sum(wheel.read_bytes()) for wheel in again] == [
        _sum(wheel.read_bytes()) for wheel in built
    ]


def test_the_wheel_holds_files_of_the_checkout_and_nothing_else(
    built: tuple[Path, Path], tracked: list[str]
) -> None:
    known = {_sum((ROOT / name).read_bytes()) for name in tracked}
    with zipfile.ZipFile(built[0]) as wheel:
        names = [name for name in wheel.namelist() if ".dist-info/" not in name]
        unknown = [name for name in names if _sum(wheel.read(name)) not in known]
        inside = wheel.namelist()
    assert unknown == []
    about = f"obs_virtual_background-{VERSION}.dist-info/licenses"
    for licence in ("LICENSE", "LICENCES.md", "models/licences/Apache-2.0.txt"):
        assert f"{about}/{licence}" in inside


def test_the_sdist_installs_without_git(built: tuple[Path, Path], tmp_path: Path) -> None:
    with tarfile.open(built[1]) as sdist:
        sdist.extractall(tmp_path)
    folder = tmp_path / f"obs_virtual_background-{VERSION}"
    config = tmp_path / "home" / "obs-studio"
    (config / "basic" / "scenes").mkdir(parents=True)
    shown = subprocess.run(
        [sys.executable, "install.py", "--dry-run", "--obs-config", str(config)],
        cwd=folder, check=True, capture_output=True, text=True,
        env={**os.environ, "HOME": str(tmp_path / "home"), folders.DATA_VARIABLE: ""},
    ).stdout  # fmt: skip
    assert "copy to" in shown and "nothing was changed" in shown


@pytest.fixture(scope="module")
def unpacked(built: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as pip installs it."""
    target = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--no-compile",
         "--disable-pip-version-check", "--target", str(target), str(built[0])],
        check=True, capture_output=True,
    )  # fmt: skip
    return target


def _run(unpacked: Path, *words: str, home: Path) -> str:
    environment = {**os.environ, "PYTHONPATH": str(unpacked), "HOME": str(home),
                   folders.DATA_VARIABLE: "", "PYTHONDONTWRITEBYTECODE": "1"}  # fmt: skip
    command = [sys.executable, *words]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return done.stdout


def test_the_wheel_installs_the_same_product_as_the_checkout(
    unpacked: Path, tracked: list[str], tmp_path: Path
) -> None:
    app = tmp_path / "data" / "app"
    code = "import sys, pathlib; from vb_install import product; "
    code += "print(product.copy(pathlib.Path(sys.argv[1])), product.folders.PACKAGES)"
    assert _run(unpacked, "-c", code, str(app), home=tmp_path).split() == ["True", str(unpacked)]
    copied = {
        path.relative_to(app).as_posix(): _sum(path.read_bytes())
        for path in app.rglob("*")
        if path.is_file()
    }
    parts = tuple(product._PARTS)
    assert copied == {
        name: _sum((ROOT / name).read_bytes()) for name in tracked if name.startswith(parts)
    }


def test_the_wheel_s_two_commands_run(unpacked: Path, tmp_path: Path) -> None:
    config = tmp_path / "obs-studio"
    config.mkdir()
    installer = str(unpacked / "bin" / "virtual-background-install")
    shown = _run(unpacked, installer, "--dry-run", "--obs-config", str(config), home=tmp_path)
    assert "copy to" in shown and "nothing was changed" in shown
    command = str(unpacked / "bin" / "virtual-background")
    assert "selfie_square" in _run(unpacked, command, "models", home=tmp_path)
