"""What the worker has given up it cannot do: tried from inside, in processes of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.unit.worker_pictures import person
from vb_link import folders, memory
from vb_worker.offline.pictures import write_png
from vb_worker.sandbox import entry

ROOT = Path(__file__).resolve().parents[3]


CAN = """
def can(call):
    try:
        call()
        return True
    except PermissionError:
        return False
"""


def _python(code: str, data: Path, **more: str) -> str:
    """Run ``code``, which may ask ``can``, in a process whose home and data are in ``data``."""
    environment = {
        **os.environ, "PYTHONPATH": str(ROOT / "obs_script"),
        folders.DATA_VARIABLE: str(data / "data"),
        # the home on POSIX, on Windows, and where Windows' programs keep what they cache
        "HOME": str(data), "USERPROFILE": str(data), "LOCALAPPDATA": str(data), **more,
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", CAN + textwrap.dedent(code)], env=environment,
        cwd=ROOT / "obs_script", capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What this system can do: part -> "", or why not."""
    folder = tmp_path_factory.mktemp("state")
    code = "import json; from vb_worker.sandbox.entry import sandbox_state as state; "
    code += "print(json.dumps(state()))"
    found: dict[str, str] = json.loads(_python(code, folder))
    assert list(found) == list(entry.PARTS)
    return found


def _need(state: dict[str, str], part: str) -> None:
    if state[part]:
        system = "" if sys.platform.startswith("linux") else "Linux only: "
        pytest.skip(f"{system}not held here: {state[part]}")


TRY_CALLS = """
    import ctypes, errno, json, os, socket
    from vb_worker.sandbox import entry as sandbox
    sandbox.enter_network()
    refused = {}
    def attempt(name, call):
        try:
            call()
            refused[name] = False
        except OSError as error:
            refused[name] = error.errno == errno.EPERM
    for family in ("AF_INET", "AF_INET6", "AF_UNIX", "AF_NETLINK", "AF_PACKET", "AF_VSOCK"):
        attempt(family, lambda: socket.socket(getattr(socket, family), socket.SOCK_RAW
                if family in ("AF_NETLINK", "AF_PACKET") else socket.SOCK_STREAM))
    libc = ctypes.CDLL(None, use_errno=True)
    def system(number, *arguments):
        if libc.syscall(number, *arguments) < 0:
            raise OSError(ctypes.get_errno(), "")
    attempt("io_uring_setup", lambda: system(425, 1, ctypes.create_string_buffer(256)))
    attempt("pidfd_getfd", lambda: system(438, -1, 0, 0))
    if os.uname().machine == "x86_64":
        attempt("ptrace", lambda: system(101, 16, os.getppid(), 0, 0))
        attempt("process_vm_readv", lambda: system(310, os.getppid(), 0, 0, 0, 0, 0))
        attempt("socket by its x32 number", lambda: system(41 | 0x40000000, 2, 1, 0))
    print(json.dumps(refused))
"""


def test_no_kind_of_socket_opens_and_no_process_is_reached(
    tmp_path: Path, state: dict[str, str]
) -> None:
    _need(state, "network")
    refused = json.loads(_python(TRY_CALLS, tmp_path))
    assert len(refused) >= 8
    assert all(refused.values()), refused


def test_what_it_starts_has_no_network_either(tmp_path: Path, state: dict[str, str]) -> None:
    _need(state, "network")
    code = """
        import subprocess, sys
        from vb_worker.sandbox import entry as sandbox
        sandbox.enter_network()
        print(subprocess.run([sys.executable, "-c", "import socket; socket.socket()"],
                             capture_output=True, text=True).stderr)
    """
    assert "PermissionError" in _python(code, tmp_path)


def test_only_its_own_files_are_read_and_only_its_state_is_written(
    tmp_path: Path, state: dict[str, str]
) -> None:
    _need(state, "files")
    secret = tmp_path / "secret"
    secret.write_text("diary")
    code = f"""
        import ctypes, json, os
        from pathlib import Path
        from vb_link import folders
        from vb_worker.sandbox import entry as sandbox
        landlock_version = ctypes.CDLL(None).syscall(444, None, ctypes.c_size_t(0), 1)
        folders.user_models_dir().mkdir(parents=True)
        (folders.user_models_dir() / "a.toml").write_text("x")
        (folders.user_models_dir() / "out.onnx").symlink_to({str(secret)!r})
        Path(folders.data_dir(), "venv").mkdir()
        sandbox.enter()
        print(json.dumps({{
            "model": can(lambda: (folders.user_models_dir() / "a.toml").read_text()),
            "shipped": can(lambda: (folders.models_dir() / "selfie_square.onnx").read_bytes()),
            "state": can(lambda: (folders.state_dir() / "x").write_text("x")),
            "library": can(lambda: Path(os.__file__).read_text()),
            "secret": can(lambda: Path({str(secret)!r}).read_text()),
            "link to it": can(lambda: (folders.user_models_dir() / "out.onnx").read_text()),
            "home": can(lambda: (Path.home() / "x").write_text("x")),
            "write model": can(lambda: (folders.user_models_dir() / "b").write_text("x")),
            "write venv": can(lambda: (folders.data_dir() / "venv" / "x").write_text("x")),
            "write /tmp": can(lambda: Path("/tmp/virtual-background-test").write_text("x")),
            "signal its parent": can(lambda: os.kill(os.getppid(), 0)),
            "signal itself": can(lambda: os.kill(os.getpid(), 0)),
            "version": landlock_version,
        }}))
    """
    found = json.loads(_python(code, tmp_path))
    allowed = {"model", "shipped", "state", "library", "signal itself"}
    if found.pop("version") < 6:  # before Linux 6.12 it does not know of signals
        allowed.add("signal its parent")
    assert {name for name, can in found.items() if can} == allowed


@pytest.mark.parametrize("gpu", [False, True])
def test_a_gpus_onnxruntime_opens_what_a_gpu_needs_and_only_where_there_is_one(
    gpu: bool, tmp_path: Path, state: dict[str, str]
) -> None:
    for part in ("network", "files", "memory"):
        _need(state, part)
    cache = tmp_path / ".cache"
    cache.mkdir()
    code = f"""
        import json, os, socket, tempfile
        from pathlib import Path
        from vb_link import folders
        from vb_worker.sandbox import entry as sandbox
        sandbox.has_gpu_provider = lambda: True
        sandbox._GPUS = ({"null" if gpu else "no such device"!r},)
        common = tempfile.gettempdir()
        for folder in (common, Path.home() / ".cache"):
            Path(folder, "virtual-background-test").touch()
        sandbox.enter()
        tempfile.tempdir = None  # it remembers
        print(json.dumps({{
            "others' caches": can((Path.home() / ".cache" / "virtual-background-test").read_text),
            "temporary files": can(Path(common, "virtual-background-test").read_text),
            "own temporary": can(lambda: tempfile.mkstemp(dir=os.environ["TMPDIR"])),
            "own cache": can(lambda: Path(os.environ["XDG_CACHE_HOME"], "nvidia").mkdir()),
            "CUDA's": can(lambda: Path(os.environ["CUDA_CACHE_PATH"]).mkdir()),
            "local sockets": can(lambda: socket.socket(socket.AF_UNIX).close()),
            "memory": bool(sandbox.state()["memory"]),
        }}))
    """
    variables = {"TMPDIR": tmp_path, "XDG_CACHE_HOME": cache, "CUDA_CACHE_PATH": cache / "cuda"}
    found = json.loads(
        _python(code, tmp_path, **{key: str(value_) for key, value_ in variables.items()})
    )
    opened = {"own temporary", "own cache", "CUDA's", "local sockets", "memory"}
    assert {name for name, can in found.items() if can} == (opened if gpu else set())


# What is tried on the process that started this one, and on one that this one starts.
REACH = """
    import json, os, signal, subprocess, sys
    from pathlib import Path
    def reach(*_):
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        others, own = f"/proc/{os.getppid()}", f"/proc/{child.pid}"
        pidfd = os.pidfd_open(os.getppid())
        found = {
            "memory": can(lambda: Path(others, "mem").open("r+b").close()),
            "memory to read": can(lambda: Path(others, "mem").open("rb").close()),
            "open files": can(lambda: os.readlink(f"{others}/fd/0")),
            "signals": can(lambda: os.kill(os.getppid(), 0)),
            "signals by pidfd": can(lambda: signal.pidfd_send_signal(pidfd, 0)),
            "child's memory": can(lambda: Path(own, "mem").open("rb").close()),
            "child's signals": can(child.kill),
        }
        child.communicate()
        print(json.dumps(found))
        return 0
"""
ENTER = {
    "worker": """
    from vb_worker.sandbox import entry
    entry.enter()
    reach()
""",
    "command": """
    import importlib
    from vb_worker import cli
    load = importlib.import_module
    def loaded(name):
        module = load(name)
        if name == "vb_worker.commands.mask":
            module.run = reach
        return module
    importlib.import_module = loaded
    sys.argv = ["virtual-background", "mask", "in.png", "-o", "out"]
    assert cli.main() == 0
""",
}
ENTER["command before Linux 6.12"] = (
    "\n    from vb_worker.sandbox import landlock\n    landlock.version = lambda: 1"
    + ENTER["command"]
)


@pytest.mark.linux("Landlock is Linux's")
@pytest.mark.parametrize("what", ["memory", "signals"])
@pytest.mark.parametrize("who", ENTER)
def test_no_other_process_is_reached(
    who: str, what: str, tmp_path: Path, state: dict[str, str]
) -> None:
    _need(state, "files")
    free = json.loads(_python(REACH + ENTER[who], tmp_path, **{entry.VARIABLE: "off"}))
    if not free["memory"] and what == "memory":
        pytest.skip("this system keeps processes from each other's memory by itself (Yama?)")
    assert free["signals"] and free["signals by pidfd"], "there is nothing to be held"
    found = json.loads(_python(REACH + ENTER[who], tmp_path))
    assert found["child's signals"] and found["child's memory"] == free["child's memory"]
    if what == "memory":
        assert not {"memory", "memory to read", "open files"} & {
            part for part in found if found[part]
        }
        return
    if state["processes"]:
        pytest.skip(f"not held here: {state['processes']}")
    old = "before" in who  # does as on a kernel that knows no signals
    assert found["signals"] == found["signals by pidfd"] == old


def test_memory_beyond_the_limit_is_an_error_not_the_computers_end(
    tmp_path: Path, state: dict[str, str]
) -> None:
    _need(state, "memory")
    code = """
        import numpy
        from vb_link import limits
        from vb_worker.sandbox import entry as sandbox
        sandbox.enter()
        try:
            numpy.ones(limits.WORKER_BYTES, numpy.uint8)
        except MemoryError:
            print("refused")
    """
    assert _python(code, tmp_path) == "refused"


def test_it_can_be_left_out(tmp_path: Path) -> None:
    code = """
        import socket
        from vb_worker.sandbox import entry as sandbox
        sandbox.enter()
        socket.socket().close()
        print(set(sandbox.state().values()))
    """
    found = _python(code, tmp_path, **{entry.VARIABLE: "off"})
    assert found == f"{{'{entry.VARIABLE} is off'}}"


@pytest.mark.linux("Landlock is Linux's")
def test_other_threads_are_no_reason_to_claim_that_files_are_held(tmp_path: Path) -> None:
    code = """
        import threading
        from vb_worker.sandbox import entry as sandbox
        threading.Thread(target=threading.Event().wait, daemon=True).start()
        sandbox.enter()
        print(sandbox.state()["files"])
    """
    assert _python(code, tmp_path) == "other threads run already"


def test_onnxruntime_reports_nothing_to_its_maker(tmp_path: Path) -> None:
    # Its telemetry keeps a database in the user's cache and a thread that sends it.
    code = """
        import os
        from pathlib import Path
        from vb_link import folders
        import vb_worker.models as models
        def threads():
            return len(os.listdir("/proc/self/task")) if os.path.isdir("/proc/self/task") else 1
        before = threads()
        model = models.open_model(models.find_models([folders.models_dir()])["selfie_square"])
        print([str(path) for path in Path.home().rglob("*")], before, threads())
    """
    assert _python(code, tmp_path, OPENBLAS_NUM_THREADS="1", XDG_CACHE_HOME="") == "[] 1 1"


@pytest.mark.linux("namespaces are Linux's")
def test_masks_are_made_where_there_is_no_network(tmp_path: Path) -> None:
    apart = ["unshare", "--user", "--map-root-user", "--net"]
    tried = subprocess.run([*apart, "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip(f"namespaces are not allowed here: {tried.stderr.strip()}")
    write_png(tmp_path / "in.png", person(320, 180)[0])
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "obs_script"),
                   folders.DATA_VARIABLE: str(tmp_path / "data")}  # fmt: skip
    done = subprocess.run(
        [*apart, sys.executable, "-m", "vb_worker", "mask", "--model", "selfie_square",
         str(tmp_path / "in.png"), "-o", str(tmp_path / "out")],
        env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "in.png").stat().st_size > 100


@pytest.mark.posix("Windows has no modes")
def test_the_shared_memory_is_one_users_and_has_no_name(tmp_path: Path) -> None:
    made = memory.create()
    found = os.fstat(made.descriptor)
    assert found.st_mode & 0o777 == 0o600
    assert found.st_nlink == 0
    if not sys.platform.startswith("linux") or os.getuid() != 0:
        pytest.skip("only root can try it as somebody else")
    code = (
        f"import os; os.setuid(65534)\nfor way in (os.O_RDONLY, os.O_RDWR):\n"
        f"    try: print(os.open('/proc/{os.getpid()}/fd/{made.descriptor}', way))\n"
        f"    except PermissionError: print('refused')"
    )
    done = subprocess.run(["/usr/bin/env", "python3", "-c", code], capture_output=True, text=True,
                          check=False)  # fmt: skip
    assert done.stdout.split() == ["refused", "refused"], done.stderr
