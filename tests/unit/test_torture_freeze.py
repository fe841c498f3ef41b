"""The torture tells a freeze of OBS's own from one that our code has a part in."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.torture import freeze

if sys.platform == "win32":
    pytest.skip("POSIX only: gdb looks into OBS", allow_module_level=True)

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux")
    or platform.machine() != "x86_64"
    or None in (shutil.which("cc"), shutil.which("gdb")),
    reason="needs Linux on x86-64, cc and gdb",
)

# Two threads take two mutexes in turn; with "made" one does so below code from no file, as
# LuaJIT's is, and with "well" they take them in the same order.
PROGRAM = r"""
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
static pthread_mutex_t first, second;
static pthread_barrier_t both;
static int well;
static void other_way(void)
{
	pthread_mutex_lock(well ? &first : &second);
	if (!well) pthread_barrier_wait(&both);
	pthread_mutex_lock(well ? &second : &first);
}
static void *thread(void *made)
{
	/* push rbp; mov rbp, rsp; call rdi; pop rbp; ret */
	static const char code[] = "\x55\x48\x89\xe5\xff\xd7\x5d\xc3";
	int all = PROT_READ | PROT_WRITE | PROT_EXEC, own = MAP_PRIVATE | MAP_ANONYMOUS;
	void (*call)(void (*)(void)) = mmap(0, 4096, all, own, -1, 0);
	memcpy((void *)call, code, sizeof(code));
	if (made) call(other_way);
	else other_way();
	return made;
}
int main(int count, char **words)
{
	pthread_t started;
	pthread_mutexattr_t recursive;
	pthread_mutexattr_init(&recursive);
	pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&first, &recursive);
	pthread_mutex_init(&second, &recursive);
	pthread_barrier_init(&both, 0, 2);
	well = count > 1 && !strcmp(words[1], "well");
	pthread_mutex_lock(&first);
	pthread_create(&started, 0, thread, count > 1 && !strcmp(words[1], "made") ? words : 0);
	if (!well) pthread_barrier_wait(&both);
	puts("started");
	fflush(stdout);
	if (well) sleep(600);
	pthread_mutex_lock(&second);
	return 0;
}
"""
# The same in a script, as those that OBS's Python runs.
SCRIPT = """
import ctypes, threading
libc = ctypes.CDLL(None)
locks = [ctypes.create_string_buffer(64) for _ in range(2)]
both = threading.Barrier(2)
def take(order):
    libc.pthread_mutex_lock(locks[order[0]])
    both.wait()
    libc.pthread_mutex_lock(locks[order[1]])
threading.Thread(target=take, args=((1, 0),)).start()
print("started", flush=True)
take((0, 1))
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("freeze")
    (folder / "freeze.c").write_text(PROGRAM)
    target = folder / "freeze"
    subprocess.run(
        ["cc", "-O1", "-fno-omit-frame-pointer", "-pthread", "-o", target, folder / "freeze.c"],
        check=True,
    )
    return target


@contextmanager
def _running(*command: str | Path) -> Iterator[int]:
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "started\n"
            yield process.pid
        finally:
            process.kill()


def _frozen(pid: int) -> freeze.Freeze:
    deadline = time.monotonic() + 30
    while len(freeze.mutex_waits(pid)) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    return freeze.inspect(pid)


def test_a_circle_without_a_frame_of_ours_is_obs_s_own(program: Path) -> None:
    with _running(program) as pid:
        found = _frozen(pid)
    assert len(found.circles) == 1
    assert len(found.circles[0]) == 2
    assert found.of_obs_alone, found.lines()
    assert any("other_way" in line for line in found.lines())


def test_code_made_at_run_time_counts_as_ours(program: Path) -> None:
    with _running(program, "made") as pid:
        found = _frozen(pid)
    assert len(found.circles) == 1
    assert not found.of_obs_alone, found.lines()


def test_a_script_counts_as_ours() -> None:
    with _running(sys.executable, "-c", SCRIPT) as pid:
        found = _frozen(pid)
    assert len(found.circles) == 1
    assert not found.of_obs_alone, found.lines()


def test_who_only_waits_is_no_circle(program: Path) -> None:
    with _running(program, "well") as pid:
        deadline = time.monotonic() + 30
        while not freeze.mutex_waits(pid) and time.monotonic() < deadline:
            time.sleep(0.05)
        found = freeze.inspect(pid)
    assert found.circles == ()
    assert not found.of_obs_alone  # what stands still without a circle is not excused


def test_stacks_that_cannot_be_read_count_as_ours(
    program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(freeze, "gdb", lambda pid: [])
    with _running(program) as pid:
        found = _frozen(pid)
    assert len(found.circles) == 1
    assert not found.of_obs_alone


def test_a_call_that_waits_for_the_window_waits_for_the_first_thread() -> None:
    stacks = freeze.read_stacks(
        ['Thread 2 (Thread 0x1 (LWP 11) "a"):', "#0  0x10 in QSemaphore::acquire(int) ()"],
        [(0, 0x100, "/lib/libQt5Core.so.5")],
    )
    assert freeze.window_waits(stacks, 7) == {11: 7}
    assert not stacks[11].ours


@pytest.mark.parametrize(
    ("waits", "found"),
    [
        ({1: 2, 2: 3}, []),
        ({1: 2, 2: 1, 3: 1}, [(1, 2)]),
        ({4: 2, 2: 3, 3: 4, 7: 8, 8: 7}, [(2, 3, 4), (7, 8)]),
    ],
)
def test_circles(waits: dict[int, int], found: list[tuple[int, ...]]) -> None:
    assert freeze.circles(waits) == found
