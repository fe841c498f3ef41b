"""Runs the product on OBS's and Python's Windows binaries: ``python -m tests.windows``.

The first run fetches and makes what it needs (Debian as root; about 5 GB and 8 minutes), which
is kept in the folder. Wine is not Windows: the README says what it cannot show.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import cv2

from tests.windows import (
    compile_times,
    first_uses,
    installer,
    life,
    macos,
    masks,
    registers,
    scenes,
    set_up_in_obs,
    setup,
    unit_tests,
)
from tests.windows.linux_obs import LinuxObs
from tests.windows.obs_host import Image, ObsHost
from tests.windows.wine import BenchError, Wine
from vb_demo.errors import ObsError
from vb_demo.virtual_display import VirtualDisplay

OBS = ("obs31", "obs32")
RENDERERS = ("d3d11", "opengl")
PARTS = ("registers", "masks", "looks", "life", "compile", "installer", "set-up", "unit", "macos")


class Bench:
    """What a run needs; counts what was wrong."""

    def __init__(self, wine: Wine, folder: Path, options: argparse.Namespace) -> None:
        self.wine, self.folder, self.options = wine, folder, options
        self.wrong = 0

    def say(self, good: bool, text: str) -> None:
        self.wrong += not good
        print("ok   " if good else "WRONG", text, flush=True)

    @contextlib.contextmanager
    def session(self, version: str, renderer: str, what: str) -> Iterator[ObsHost]:
        """Yield an OBS with the script; reports a crash or hang, and leaks."""
        name = f"{version} {renderer} {what}"
        log = self.folder / "logs" / f"{name.replace(' ', '-')}.log"
        log.parent.mkdir(exist_ok=True)
        try:
            with ObsHost(self.wine, version, renderer, log) as host:
                host.load_script()
                yield host
        except BenchError as error:
            self.say(False, f"{name}: {error}")
        else:
            self.say(host.leaks == 0, f"{name}: ended with {host.leaks} leaks")

    def keep(self, name: str, picture: Image) -> None:
        path = self.folder / "pictures" / f"{name.replace(' ', '-')}.png"
        path.parent.mkdir(exist_ok=True)
        cv2.imwrite(str(path), picture[..., :3])

    def each(self) -> list[tuple[str, str]]:
        return [
            (version, renderer)
            for version in self.options.obs or OBS
            for renderer in self.options.renderer or RENDERERS
        ]


def looks(bench: Bench) -> None:
    """Draw every look with Linux's OBS and with Windows', and compare."""
    scenes.add_depth_model(bench.wine.drive / "data/models")

    def named(look: scenes.Look) -> bool:
        return bench.options.only in look.name

    for background in scenes.GROUPS:
        if not any(named(look) for look in scenes.looks(background, "")):
            continue
        with LinuxObs(bench.folder / "linux" / f"{os.getpid()}-{background}") as linux:
            drawn = scenes.draw(linux, background, named)
            measure = {look.name: picture for look, picture in drawn}
        for name, picture in measure.items():
            bench.keep(f"linux-{name}", picture)
        for version, renderer in bench.each():
            _compare(bench, version, renderer, background, measure)


def _compare(
    bench: Bench, version: str, renderer: str, background: str, measure: dict[str, Image]
) -> None:
    every = version == OBS[0] or bench.options.every

    def wanted(look: scenes.Look) -> bool:
        return look.name in measure and (every or look.of_pairs)

    with bench.session(version, renderer, background) as host:
        for look, picture in scenes.draw(host, background, wanted):
            bench.keep(f"{version}-{renderer}-{look.name}", picture)
            room = look.room_pixels(picture)
            differing = look.differing(picture, measure[look.name])
            told = f"{version} {renderer} {look.name}: {room} room pixels, {differing} differ"
            bench.say(room == 0 and differing == 0, told)


def lives(bench: Bench) -> None:
    """Do to a filter on air whatever can happen, and look for the room in every frame."""
    with LinuxObs(bench.folder / "linux" / f"{os.getpid()}-life") as linux:
        drawn = life.states(linux)
    for state, picture in drawn.items():
        bench.keep(f"linux-life-{state}", picture)
    for version, renderer in bench.each():
        with bench.session(version, renderer, "life") as host:
            for moment in life.moments(host):
                bench.keep(f"{version}-{renderer}-life-{moment.name}", moment.picture)
                seen = host.watched()
                if seen.worst is not None:
                    bench.keep(f"{version}-{renderer}-life-{moment.name}-worst", seen.worst)
                told = f"{version} {renderer} {moment.name}: {seen.room} room pixels in the worst"
                differing, problem = moment.differing(drawn), moment.problem()
                good = seen.frames > 0 and seen.room == differing == 0 and not problem
                told += f" of {seen.frames} frames, {differing} differ"
                bench.say(good, f"{told}{problem and ', ' + problem}")


def compiles(bench: Bench) -> None:
    """Print what the first use of shaders costs, one JSON object a session."""
    print(json.dumps({"compiler": compile_times.of_compiler(bench.wine)}), flush=True)
    bench.wine.environment["MESA_SHADER_CACHE_DISABLE"] = "true"
    for version, renderer in bench.each():
        uses = ["first", "next"]
        if renderer == "d3d11":
            uses.insert(0, "ahead")
            effects = compile_times.compile_ahead(bench.wine, version)
            on_disk = compile_times.cached(bench.wine)
            bench.say(on_disk > 0, f"{version}: {effects} effects ahead, {on_disk} shaders on disk")
            _first_uses(bench, version, renderer, "on disk")
        with bench.session(version, renderer, "compile") as host:
            report = compile_times.measure(bench.wine, host, uses)
            print(json.dumps({"obs": version, "renderer": renderer, **report}), flush=True)
            for use, figures in report.items():
                failed, new = figures["failed"], figures["new_on_disk"]
                told = f"{version} {renderer} {use} use: {len(failed)} not compiled, {new} on disk"
                bench.say(not failed and (use != "ahead" or new == 0), told)
        compile_times.clear_cache(bench.wine)
        _first_uses(bench, version, renderer, "nowhere")
    del bench.wine.environment["MESA_SHADER_CACHE_DISABLE"]


def _first_uses(bench: Bench, version: str, renderer: str, where: str) -> None:
    """Print how many frames were late on air, with the effects ``on disk`` or ``nowhere``."""
    with bench.session(version, renderer, "first uses") as host:
        report = {"obs": version, "renderer": renderer, "compiled": where}
        print(json.dumps({**report, **first_uses.measure(host)}), flush=True)


def set_ups(bench: Bench) -> None:
    """Set everything up from the panel of an OBS that has nothing yet, and take it out again."""
    renderer = (bench.options.renderer or RENDERERS)[0]
    with set_up_in_obs.nothing_yet(bench.wine, bench.folder):
        for version in bench.options.obs or OBS:

            def claim(what: str, good: bool, version: str = version) -> None:
                bench.say(good, f"set-up, {version}: {what}")

            data = set_up_in_obs.prepare(bench.wine)
            with bench.session(version, renderer, "set-up") as host:
                set_up_in_obs.press(bench.wine, host, data, claim)
            set_up_in_obs.remove(bench.wine, data, claim)


def main(words: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(words)
    folder: Path = options.folder.absolute()
    parts: dict[str, Callable[[Bench], None]] = {
        "registers": lambda bench: registers.check(bench.wine, bench.say),
        "masks": lambda bench: masks.check(bench.wine, bench.folder / "masks", bench.say),
        "looks": looks,
        "life": lives,
        "compile": compiles,
        "installer": lambda bench: installer.check(bench.wine, folder, options.only, bench.say),
        "set-up": set_ups,
        "unit": lambda bench: unit_tests.check(
            bench.wine, options.only, folder / "unit.log", bench.say
        ),
        "macos": lambda bench: macos.check(bench.wine.root / "bench/macos", bench.say),
    }
    display = None
    try:
        display = VirtualDisplay()
        wine = setup.make(folder, display.name, options.mirror, print)
        bench = Bench(wine, folder, options)
        for part in options.parts or PARTS:
            parts[part](bench)
    except (BenchError, ObsError) as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        print(f"The disk that holds {folder} is full: free some space and run again.",
              file=sys.stderr)  # fmt: skip
        return 2
    finally:
        if display is not None:
            display.close()
    print(f"{bench.wrong} wrong; pictures: {folder / 'pictures'}")
    return 1 if bench.wrong else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.windows", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="where the bench is kept")
    parser.add_argument("--obs", action="append", choices=OBS, help="this OBS alone")
    parser.add_argument("--renderer", action="append", choices=RENDERERS)
    parser.add_argument(
        "--only", default="", help="looks, users, files of tests of this name alone"
    )
    parser.add_argument(
        "--every",
        action="store_true",
        help=f"draw every look with {OBS[1]}, too; without this it draws the half of them in which "
        "every two of background, output and look meet",
    )
    parser.add_argument("--mirror", default=os.environ.get("DEBIAN_MIRROR", setup.MIRROR))
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}")
    return parser


if __name__ == "__main__":
    sys.exit(main())
