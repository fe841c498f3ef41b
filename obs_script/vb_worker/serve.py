"""The worker that OBS's script starts: frames in, alphas out, one process for all filters.

It blocks until a filter wakes it, opens no socket, touches no files but its models and its own
measurements (``sandbox``), and exits when OBS does. It does not trust the shared memory: the link
checks sizes, and names are looked up in the registry.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import gc
import sys
import time
from collections.abc import Callable, Collection, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vb_link import layout, limits, memory, slots, tell, wake
from vb_link.sentences import fitting
from vb_link.settings import AUTO_MODEL, SHIPPED_MODEL
from vb_worker.catalogue import quarantine
from vb_worker.catalogue.automatic import Automatic, Calm
from vb_worker.errors import ModelError, first_line
from vb_worker.matte.depth_plane import Depths
from vb_worker.matte.pipeline import Pipeline
from vb_worker.matte.quality import preset
from vb_worker.models import registry
from vb_worker.models.families import finds_person
from vb_worker.models.manifest import Manifest
from vb_worker.sandbox import entry, priority, watchdog
from vb_worker.stream import Key, Stream, text_of
from vb_worker.units import choice, results

POLL_SECONDS = 0.2  # while a model is being tried or measured in another process
LONGEST_MS = 1e5  # per mask; a larger value was not written by a worker


class Worker:
    """All streams, and one pipeline per model, compute unit and quality."""

    def __init__(
        self,
        segment: Any,
        models: dict[str, Manifest],
        refused: Collection[str] = (),
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """``refused``: models that have crashed workers before. ``clock`` returns seconds."""
        self.segment = segment
        # Not time.monotonic: on Windows, up to Python 3.12, its resolution is 16 ms.
        self.clock = clock
        self.models = models
        self.refused = refused
        self.quarantine = quarantine.Quarantine()
        self.pipelines: dict[Key, Pipeline] = {}
        self.units: dict[Key, str] = {}  # of pipelines that have not made their first mask
        self.survey = choice.Survey()
        self.automatic = Automatic(self.quarantine, self.survey, refused)
        self.calm = Calm(clock)
        self.models_sequence = int(segment.models_sequence)
        self.streams: dict[int, Stream] = {}
        self.depths = Depths(models, allow=self._allow)

    def work(self) -> bool:
        """Process one frame of every stream that has a new one; return whether there was any."""
        did = False
        measured = self.survey.finished()
        if measured:
            self._reopen(measured)
        if self.quarantine.finished() or measured:
            self._configure_again()
        if self.models_sequence != self.segment.models_sequence:
            self.models_sequence = int(self.segment.models_sequence)
            self._configure_again(models_changed=True)
        self.automatic.calm = self.calm(self.segment.channels)
        if self.automatic.calm and self.automatic.waits:
            self._configure_again()
        for index in range(layout.CHANNELS):
            channel = self.segment.channels[index]
            used = int(channel.used)
            stream = self.streams.get(index)
            if stream is not None and stream.used != used:
                self._forget(index, stream)
                stream = None
            if not used:
                continue
            if stream is None:
                stream = self.streams[index] = Stream(channel, self.clock)
            sequence = _settings_of(channel)
            if stream.settings_sequence != sequence:
                told = tell.read(channel)
                if told is not None:
                    stream.settings_sequence = sequence
                    with self._at(text_of(told.model), limits.OPEN_SECONDS):
                        self._configure(stream, told)
            if stream.frame_count != channel.frame_count:
                did = self._picture(index, stream) or did
        return did

    @contextlib.contextmanager
    def _at(self, model: str, seconds: int) -> Iterator[None]:
        """Record the model in use, to be blamed if this process dies, and arm the watchdog."""
        self.segment.working_on = fitting(model, layout.TEXT_BYTES)
        watchdog.begin(seconds)
        try:
            yield
        finally:
            watchdog.end()
            self.segment.working_on = b""

    def _allow(self, manifest: Manifest) -> None:
        """Return if the model may be opened. Raises ModelError if it may not, or not yet."""
        if manifest.name in self.refused:
            raise ModelError("ModelEnded", name=manifest.name, times=limits.MODEL_DEATHS)
        self.quarantine.allow(manifest)
        self.segment.working_on = fitting(manifest.name, layout.TEXT_BYTES)

    def _forget(self, index: int, stream: Stream) -> None:
        del self.streams[index]
        for pipeline in self.pipelines.values():
            pipeline.reset(index)
        self._close_unused()

    def _close_unused(self) -> None:
        wanted = {stream.key for stream in self.streams.values()}
        unused = [key for key in self.pipelines if key not in wanted]
        for key in unused:
            del self.pipelines[key]
        if unused:
            _give_memory_back()
        self.depths.close_except({stream.depth.name for stream in self.streams.values()})

    def _configure(self, stream: Stream, told: Any) -> None:
        stream.frame_count = -1  # so that a frozen picture is processed again
        stream.follow(told)
        self._configure_depth(stream, text_of(told.depth_model))
        try:
            key = self._key_of(stream, told)
            while key not in self.pipelines:
                self._open_pipeline(stream, key)
                key = self._key_of(stream, told)
            if key != stream.key:
                stream.key, stream.error = key, None
        except Exception as error:  # a model that fails must not stop the other streams
            stream.key, stream.error = _named_key(stream.channel, told), error
            _complain(error)
        self._close_unused()
        pipeline = self.pipelines.get(stream.key)
        if pipeline is not None:
            stream.at = fitting(pipeline.model.manifest.name, layout.TEXT_BYTES)
            self._want(stream, pipeline)
        stream.report(pipeline, force=True)

    def _open_pipeline(self, stream: Stream, key: Key) -> None:
        """Open a pipeline; where *Automatic* chose its model, it chooses another if that fails."""
        try:
            self.pipelines[key] = self._open(key)
            stream.error = None
        except Exception as error:
            trying = isinstance(error, ModelError) and error.key == "BeingTried"
            if stream.automatic is None or trying:
                raise
            _complain(error)
            self.automatic.fail(key[0], error)

    def _key_of(self, stream: Stream, told: Any) -> Key:
        """Return the pipeline to use. Raises ModelError if *Automatic* has no model."""
        key = _named_key(stream.channel, told)
        stream.automatic = None
        if key[0] != AUTO_MODEL:
            return key
        stream.automatic = self.automatic.choose(
            self._find_models, text_of(told.quality), key[1],
            lighter=bool(stream.channel.eased_model),
        )  # fmt: skip
        assert stream.automatic.manifest is not None
        return (stream.automatic.manifest.name, *key[1:])

    def _find_models(self) -> dict[str, Manifest]:
        """Look for the models: one may have been installed or changed since the last time."""
        self.models.update(registry.find_models(registry.default_folders(), on_error=_complain))
        return self.models

    def _reopen(self, model: str) -> None:
        """Close a model's pipelines on "auto", now that the fastest unit is known."""
        for key in [key for key in self.pipelines if key[0] == model and key[1] == results.AUTO]:
            del self.pipelines[key]

    def _configure_again(self, *, models_changed: bool = False) -> None:
        """Have every stream's model chosen and opened anew where that changes anything."""
        self.automatic.renew(models_changed=models_changed)
        for stream in self.streams.values():
            stream.settings_sequence = -1

    def _open(self, key: Key) -> Pipeline:
        name, compute, quality = key
        for other, pipeline in self.pipelines.items():
            if other[:2] == key[:2]:
                return Pipeline(pipeline.model, preset(quality))
        manifest = self._find_models().get(name)
        if manifest is None or not manifest.installed:
            raise ModelError("NotInstalled", name=name)
        if not finds_person(manifest):
            raise ModelError("FindsNoPeople", name=name)
        ended = None
        try:
            self._allow(manifest)
        except ModelError as error:
            default = self.models.get(SHIPPED_MODEL)
            if error.key != "ModelEnded" or default is None or default.name in self.refused:
                raise
            ended, manifest = error, default
            self._allow(manifest)
        model, unit = choice.open_chosen(manifest, compute)
        model.refused = ended or model.refused
        if unit != results.CPU:
            self.units[key] = unit
        if compute == results.AUTO:
            self.survey.want(manifest)
        return Pipeline(model, preset(quality))

    def _want(self, stream: Stream, pipeline: Pipeline) -> None:
        """Ask for frames of the size that suits the source, whose size may have changed."""
        channel = stream.channel
        size = int(channel.source_width), int(channel.source_height)
        if min(size) > 0:  # else the filter has not drawn yet
            channel.want_width, channel.want_height = pipeline.working_size(*size, stream.turn)

    def _configure_depth(self, stream: Stream, model: str) -> None:
        before = stream.depth.error
        self.depths.choose(stream.depth, model)
        if stream.depth.error not in (None, before):
            _complain(stream.depth.error)

    def _picture(self, index: int, stream: Stream) -> bool:
        channel = stream.channel
        count = int(channel.frame_count)
        picture = slots.read(channel.frames, int(channel.frame_newest), 4)
        pipeline = self.pipelines.get(stream.key)
        if picture is None or pipeline is None:
            if pipeline is None:
                stream.frame_count = count
            return False
        stream.frame_count = count
        self._want(stream, pipeline)
        if stream.generation != picture.generation:
            stream.generation = picture.generation
            pipeline.reset(index)
            stream.choice.reset()
            stream.strokes.reset()
            stream.depth.reset()
        frame = np.frombuffer(picture.pixels, np.uint8).reshape(picture.height, picture.width, 4)
        self.segment.working_on = stream.at
        watchdog.begin(limits.PICTURE_SECONDS)
        try:
            result = pipeline.process(
                frame,
                stream=index,
                choice=stream.choice,
                plate=stream.plate,
                strokes=stream.strokes,
                turn=stream.turn,
                now=self.clock(),
            )
            stream.measure_light(frame, result.alpha)
            stream.send(picture, result.alpha, result.person_share)
        except Exception as error:
            # A model that fails must not stop the other streams; the filter draws its cover.
            self._failed(stream, error)
            return True
        finally:
            watchdog.end()
            self.segment.working_on = b""
        for field in ("preprocess_ms", "inference_ms", "total_ms"):
            new, old = getattr(result, field), getattr(channel, field)
            known = stream.finished and 0.0 <= old < LONGEST_MS  # other processes can write there
            setattr(channel, field, old + 0.1 * (new - old) if known else new)
        stream.finished.append(self.clock())
        unit = self.units.pop(stream.key, "")
        if unit:
            _note_mask(unit)
        stream.error = None
        stream.advise(frame, result.alpha)
        if self._depth(stream, frame, result.total_ms) and count == channel.frame_count:
            # A frozen picture has no next alpha that could carry the depth: send this one again.
            stream.send(picture, result.alpha, result.person_share)
        stream.report(pipeline, force=len(stream.finished) == 1)
        return True

    def _failed(self, stream: Stream, error: Exception) -> None:
        """Report that a stream's model failed on a picture; *Automatic* then takes another."""
        if not isinstance(error, ModelError):
            error = ModelError("FailedOnPicture", name=stream.key[0], reason=first_line(error))
        stream.error = error
        _complain(error)
        stream.report(self.pipelines[stream.key], force=True)
        if stream.automatic is not None and stream.key[0] != SHIPPED_MODEL:
            self.automatic.fail(stream.key[0], error)
            self._configure_again()

    def _depth(self, stream: Stream, frame: NDArray[np.uint8], alpha_ms: float) -> bool:
        """Update the depth plane once this alpha was sent; return whether there is a new one."""
        if not stream.depth.name:
            return False
        before, made = stream.depth.error, stream.depth.made
        self.segment.working_on = fitting(stream.depth.name, layout.TEXT_BYTES)
        watchdog.begin(limits.PICTURE_SECONDS)
        self.depths.see(stream.depth, frame, alpha_ms, stream.frame_count)
        watchdog.end()
        self.segment.working_on = b""
        if stream.depth.error not in (None, before):
            _complain(stream.depth.error)
        return stream.depth.made not in (None, made)


def _named_key(channel: Any, told: Any) -> Key:
    """Return the key of the pipeline that a filter's settings name."""
    return (
        text_of(told.model),
        text_of(told.compute) or results.AUTO,
        text_of(channel.eased_quality) or text_of(told.quality),
    )


def _settings_of(channel: Any) -> int:
    """Return a number that changes whenever one of the filter's settings does."""
    return int(channel.settings_sequence) + int(channel.eased_sequence)


def _give_memory_back() -> None:
    """Collect reference cycles and let the C library return free memory to the system.

    A model takes some tens of MiB in many small allocations; glibc would keep them, and the worker
    would grow with every model and quality that a user tries.
    """
    gc.collect()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's; musl has none
        if trim is not None:
            trim(0)


def _note_mask(unit: str) -> None:
    try:
        results.note_mask(unit)
    except OSError as error:
        _complain(f"{error}")


def _complain(problem: object) -> None:
    if isinstance(problem, ModelError) and problem.key == "BeingTried":
        return  # it is still in quarantine, which is no error
    print(str(problem) or type(problem).__name__, file=sys.stderr, flush=True)


def main(argv: list[str] | None = None) -> int:
    """Serve until OBS exits. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="vb_worker.serve")
    parser.add_argument("--memory", required=True)
    parser.add_argument("--wake", required=True)
    parser.add_argument("--epoch", type=int, required=True)
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--refused", action="append", default=[], metavar="MODEL")
    options = parser.parse_args(argv)
    try:
        shared = memory.attach(options.memory)
        watchdog.arm()
        entry.enter()
        # A faulty manifest of the user's is left out; the other models stay.
        models = registry.find_models(registry.default_folders(), on_error=_complain)
    except (memory.LinkError, ModelError, OSError) as error:
        print(error, file=sys.stderr, flush=True)
        return 1
    priority.lower()
    sleeper = wake.Sleeper(options.wake, options.parent)
    worker = Worker(shared.segment, models, options.refused)
    with contextlib.suppress(OSError):  # only the list of units in OBS is then incomplete
        results.write_units()
    shared.segment.worker_ready = options.epoch
    while True:
        if not worker.work() and not sleeper.wait(
            POLL_SECONDS if worker.quarantine.running or worker.survey.running else None
        ):
            worker.quarantine.close()
            return 0


if __name__ == "__main__":
    sys.exit(main())
