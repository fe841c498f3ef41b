"""What the product's source may never hold, whoever writes it."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.install_fakes import FakeSystem
from vb_install import environment, interpreters
from vb_install.environment import Environment

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted([ROOT / "install.py", *(ROOT / "obs_script").rglob("*.py")])
# Reads PyTorch's files, which are pickles, with everything but tensors refused; only by
# `convert` and `models install`, never by the worker.
PICKLES = ROOT / "obs_script" / "vb_worker" / "convert" / "torch_file.py"
MODULES = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib", "yaml", "code", "codeop"}
CALLS = {"eval", "exec", "compile", "__import__", "breakpoint"}
METHODS = {("os", "system"), ("os", "popen"), ("yaml", "load"), ("torch", "load")}
NETWORK = {"socket", "ssl", "http", "urllib", "asyncio", "ftplib", "smtplib", "xmlrpc",
           "socketserver", "requests", "websocket"}  # fmt: skip


def _nodes(path: Path) -> Iterator[ast.AST]:
    return ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path)))


def _imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in _nodes(path):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_runs_what_it_reads(path: Path) -> None:
    imported = {name.split(".")[0] for name in _imported(path)}
    assert not imported & MODULES or path == PICKLES, imported & MODULES
    for node in _nodes(path):
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        if isinstance(called, ast.Name):
            assert called.id not in CALLS, f"{path}:{node.lineno}"
        if isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name):
            assert (called.value.id, called.attr) not in METHODS, f"{path}:{node.lineno}"
        named = {keyword.arg: keyword.value for keyword in node.keywords}
        shell = named.get("shell")
        assert shell is None or (isinstance(shell, ast.Constant) and not shell.value)
        pickled = named.get("allow_pickle")
        assert pickled is None or (isinstance(pickled, ast.Constant) and not pickled.value)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_text_of_other_processes_is_read_as_utf_8(path: Path) -> None:
    for node in _nodes(path):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            named = {keyword.arg for keyword in node.keywords}
            if node.func.attr in ("run", "Popen", "check_output"):
                unread = named & {"text", "universal_newlines"}
                assert not unread, f"{path}:{node.lineno}: take child.TEXT"


def test_no_temporary_name_is_sought_in_a_folder_that_may_not_be_written() -> None:
    # On Windows tempfile then tries one name after another, for hours, unlike whole_file.beside().
    # The system's own folder of such files, which it tries first, is another matter.
    for path in SOURCES:
        for node in _nodes(path):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            named = any(keyword.arg == "dir" for keyword in node.keywords)
            assert not named or getattr(node.func.value, "id", "") != "tempfile", path


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_of_text_are_utf_8(path: Path) -> None:
    """On Windows they are in the system's code page unless something else is said."""
    positions = {"read_text": 0, "write_text": 1}
    for node in _nodes(path):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            position = positions.get(node.func.attr)
            named = {keyword.arg for keyword in node.keywords}
            said = position is None or len(node.args) > position or "encoding" in named
            assert said, f"{path}:{node.lineno}"


WINDOWLESS = ("vb_doctor", "vb_link", "vb_script", "vb_worker")  # their parents have no console
POSIX_STARTS = {
    "entry.py": "nvidia-modprobe is Linux's",
    "spawn.py": "the worker: what starts it on Windows has its own flags",
}


@pytest.mark.parametrize("package", WINDOWLESS)
def test_nothing_that_obs_starts_opens_a_console_window(package: str) -> None:
    for path in (ROOT / "obs_script" / package).rglob("*.py"):
        for node in _nodes(path):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in (
                "subprocess.run", "subprocess.Popen", "subprocess.check_output", "subprocess.call",
            ):  # fmt: skip
                given = [ast.unparse(keyword.value) for keyword in node.keywords]
                named = {keyword.arg for keyword in node.keywords}
                quiet = "child.QUIET" in given or "creationflags" in named
                assert quiet or path.name in POSIX_STARTS, f"{path}:{node.lineno}"


def test_the_pickles_that_are_read_let_through_tensors_alone() -> None:
    imported_by = [path for path in SOURCES if "pickle" in _imported(path)]
    assert imported_by == [PICKLES]
    calls = [ast.unparse(node.func) for node in _nodes(PICKLES) if isinstance(node, ast.Call)]
    assert not [
        name for name in calls if name in ("pickle.load", "pickle.loads", "pickle.Unpickler")
    ]


def _loaded_by(module: str) -> set[Path]:
    """Return our files that importing ``module`` imports, as the text of the imports says."""
    packages = ROOT / "obs_script"
    seen: set[Path] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        for path in (packages / f"{name.replace('.', '/')}.py",
                     packages / name.replace(".", "/") / "__init__.py"):  # fmt: skip
            if path.is_file() and path not in seen:
                seen.add(path)
                waiting += _imported(path)
    return seen


# Which package may import which others of ours, besides itself (docs/architecture.md).
MAY_IMPORT = {
    "virtual_background": {"vb_script"},
    "vb_link": set(),
    "vb_doctor": {"vb_link"},
    "vb_script": {"vb_doctor", "vb_install", "vb_link"},
    "vb_worker": {"vb_link"},
    "vb_install": {"vb_doctor", "vb_link"},
    "vb_demo": {"vb_link"},
}


def _imports() -> dict[str, set[str]]:
    """Return the modules of ours that each of our modules imports."""
    packages = ROOT / "obs_script"
    modules = {
        ".".join(path.relative_to(packages).with_suffix("").parts).removesuffix(".__init__"): path
        for path in SOURCES
        if packages in path.parents
    }
    found = {}
    for module, path in modules.items():
        named = {name for name in _imported(path) if name in modules}
        # `from package import module` names both; the package is then only on the way.
        on_the_way = {name for name in named if any(n.startswith(f"{name}.") for n in named)}
        found[module] = named - on_the_way - {module}
    return found


def test_imports_go_the_way_that_the_architecture_says() -> None:
    for module, imported in _imports().items():
        package = module.split(".")[0]
        others = {name.split(".")[0] for name in imported} - {package}
        assert others <= MAY_IMPORT[package], module


def test_no_folder_of_the_worker_imports_back() -> None:
    """``models`` and its part ``models.families`` count as one folder."""
    folders: dict[str, set[str]] = {}
    for module, imported in _imports().items():
        if module.startswith("vb_worker."):
            inside = {name.split(".")[1] for name in imported if name.startswith("vb_worker.")}
            folder = module.split(".")[1]
            folders.setdefault(folder, set()).update(inside - {folder})
    assert len(folders) > 15
    while folders:
        lowest = {name for name, needed in folders.items() if not needed & set(folders)}
        assert lowest, f"these import one another: {sorted(folders)}"
        folders = {name: needed for name, needed in folders.items() if name not in lowest}


def test_the_worker_has_few_modules_beside_its_folders() -> None:
    assert len(list((ROOT / "obs_script" / "vb_worker").glob("*.py"))) <= 8


def test_no_file_is_longer_than_400_lines() -> None:
    ours = [*SOURCES, *(ROOT / "tests").rglob("*.py")]
    for folder in ("obs_script", "tests"):
        for ending in ("lua", "effect", "hpp", "cpp"):
            ours += (ROOT / folder).rglob(f"*.{ending}")
    for path in ours:
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 400, path


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_function_is_longer_than_60_lines(path: Path) -> None:
    for node in _nodes(path):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            assert node.end_lineno is not None
            assert node.end_lineno - node.lineno < 60, f"{path}:{node.lineno}"


_IMPORT_EACH = """
import importlib, sys
for name in sys.argv[1:]:
    for ours in [loaded for loaded in sys.modules if loaded.startswith("vb_")]:
        del sys.modules[ours]
    try:
        importlib.import_module(name)
    except ImportError as error:
        print(f"{name}: {error}")
"""


def test_every_module_of_the_worker_can_be_the_first_that_is_imported() -> None:
    packages = ROOT / "obs_script"
    names = [
        ".".join(path.relative_to(packages).with_suffix("").parts).removesuffix(".__init__")
        for path in SOURCES
        if packages / "vb_worker" in path.parents and path.name != "__main__.py"
    ]
    assert len(names) > 100
    told = subprocess.run(
        [sys.executable, "-c", _IMPORT_EACH, *names], cwd=packages,
        env={**os.environ, "PYTHONPATH": str(packages)}, capture_output=True, check=True,
    ).stdout.decode()  # fmt: skip
    assert told == ""


def test_no_module_of_the_worker_knows_the_network() -> None:
    files = _loaded_by("vb_worker.serve") | _loaded_by("vb_worker.catalogue.quarantine")
    assert len(files) > 40
    # It tries that it has none.
    sandbox = ROOT / "obs_script" / "vb_worker" / "sandbox" / "entry.py"
    users = [
        path for path in files
        if {name.split(".")[0] for name in _imported(path)} & NETWORK and path != sandbox
    ]  # fmt: skip
    assert users == []
    assert PICKLES not in files


@pytest.mark.parametrize("pip", [None, Path("pip.whl")])
@pytest.mark.parametrize("added", [(), (environment.LOCKS / "openvino.lock",)])
def test_the_environment_is_installed_from_hashes_and_runs_no_packages_code(
    tmp_path: Path, pip: Path | None, added: tuple[Path, ...]
) -> None:
    system = FakeSystem(tmp_path)
    venv = Environment(system, tmp_path / "venv", environment.LOCKS / "worker.lock", added)
    python = interpreters.probe(system, ["/usr/bin/python3"])
    assert python is not None
    venv.make(python, tmp_path / "log", pip)
    (command,) = system.streamed("install")
    by = ["-m", "pip"] if pip is None else [str(pip / "pip")]
    assert command[: 3 + len(by)] == [str(venv.python), "-I", *by, "install"]
    assert {"--require-hashes", "--no-deps"} <= set(command)
    assert command[-4:-1] == ["--only-binary", ":all:", "-r"]
    taken = Path(command[-1]).read_text(encoding="utf-8")
    assert taken.count("--hash=sha256:") > 50 and ("openvino" in taken) == bool(added)


def test_every_package_of_a_lock_has_its_hash() -> None:
    for lock in sorted((ROOT / "obs_script" / "vb_install" / "locks").glob("*.lock")):
        lines = lock.read_text(encoding="utf-8").splitlines()
        named = [line for line in lines if line and line[0].isalnum()]
        hashed = [line for line, after in zip(lines, lines[1:])
                  if line and line[0].isalnum() and "--hash=sha256:" in line + after]  # fmt: skip
        assert named and hashed == named, lock.name


def test_no_open_panel_is_rebuilt_by_us() -> None:
    # OBS deletes its rows also while a dialog of theirs is open, and crashes when that is answered.
    asks = "obs_source_update_properties("
    lua = sorted((ROOT / "obs_script" / "vb_filter").glob("*.lua"))
    assert lua
    for path in lua:
        code = (line.split("--")[0] for line in path.read_text(encoding="utf-8").splitlines())
        assert not [line for line in code if asks in line], path
    for path in SOURCES:
        called = {ast.unparse(node.func) for node in _nodes(path) if isinstance(node, ast.Call)}
        assert not [name for name in called if name.endswith(asks[:-1])], path
