"""Many files in one call: several at once, a part of them, and going on where a call was ended."""

from __future__ import annotations

import argparse
import glob
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from vb_worker.commands.options import positive
from vb_worker.errors import UsageError, UserError


@dataclass(frozen=True)
class Job:
    """A file to read and the file to write."""

    source: Path
    output: Path


class Stopped(Exception):
    """The call is ending: this job is given up."""


def add_batch_options(parser: argparse.ArgumentParser) -> None:
    """Add --jobs, --part and --resume."""
    parser.add_argument(
        "--jobs",
        type=positive,
        default=1,
        metavar="N",
        help="how many files are worked on at the same time (default: %(default)s)",
    )
    parser.add_argument(
        "--part",
        type=part,
        default=(1, 1),
        metavar="K/N",
        help="only the K-th of N equal parts of the files, for N computers (default: all)",
    )
    parser.add_argument(
        "--resume",
        action="store_true",
        help="leave out files whose result is there: go on where an earlier call was ended",
    )


def part(text: str) -> tuple[int, int]:
    """Return (K, N) for ``K/N``, for argparse."""
    number, slash, of = text.partition("/")
    if not (slash and number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of)):
        raise argparse.ArgumentTypeError(f"{text} is not K/N, like 3/10")
    return int(number), int(of)


def listed(pairs: Iterable[Job], *read: Path | None) -> list[Job]:
    """Return the jobs without repetitions; ``read``: files that are read beside the sources.

    Raises UsageError if a result would overwrite another one or a file that is read.
    """
    jobs: dict[Path, Job] = {}
    for job in pairs:
        other = jobs.setdefault(job.output, job)
        if other.source != job.source:
            raise UsageError(
                f"{other.source} and {job.source} would both be written to {job.output}; "
                "do them in two runs with different folders."
            )
    sources = {job.source.resolve() for job in jobs.values()}
    sources.update(path.resolve() for path in read if path is not None)
    for output in jobs:
        if output.resolve() in sources:
            raise UsageError(f"{output} is read from; choose another name or folder for -o.")
    return list(jobs.values())


def chosen(jobs: Sequence[Job], options: argparse.Namespace) -> list[Job]:
    """Return the jobs of this call, by --part and --resume.

    Every N-th: files that follow each other are often alike in length, and so the parts are. A
    result is whole if it is there, as it gets its name when it is; what an ended call left of it is
    removed.
    """
    number, of = options.part
    mine = list(jobs)[number - 1 :: of]
    if not options.resume:
        return mine
    mine = [job for job in mine if not job.output.is_file()]
    for job in mine:
        name = f".{glob.escape(job.output.stem)}.*.part{glob.escape(job.output.suffix)}"
        for left in job.output.parent.glob(name):
            with suppress(OSError):
                left.unlink()
    return mine


def work_through(
    jobs: Sequence[Job],
    work: Callable[[Job, int, threading.Event], None],
    at_once: int,
) -> bool:
    """Call ``work`` for each job, ``at_once`` at the same time; return whether all succeeded.

    Its second argument is a number below ``at_once`` that no other running call has; its third is
    set when it should raise ``Stopped``. A UserError is printed, and the others are done.
    """
    stop = threading.Event()
    places: SimpleQueue[int] = SimpleQueue()
    for place in range(at_once):
        places.put(place)

    def succeeds(job: Job) -> bool:
        if stop.is_set():
            return False
        place = places.get()
        try:
            work(job, place, stop)
        except UsageError:
            raise
        except UserError as error:
            print(f"virtual-background: {error}", file=sys.stderr)
            return False
        except Stopped:
            return False
        finally:
            places.put(place)
        return True

    if at_once == 1:
        return all([succeeds(job) for job in jobs])
    with ThreadPoolExecutor(at_once, "job") as threads:
        try:
            return all(list(threads.map(succeeds, jobs)))
        except BaseException:
            stop.set()
            raise
