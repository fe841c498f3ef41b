"""The demo: a real OBS with a clip or a camera, our filter on it, recorded by OBS itself.

What needs NumPy (the clip, the pictures, the mask) runs in the worker's environment; this module
needs the standard library and obsws-python.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vb_demo.errors import ObsError
from vb_demo.obs_session import ObsSession
from vb_link import child, folders, isolated, layout
from vb_link.settings import FILTER_ID

SIZE = (1280, 720)
FPS = 30
SCENE, CAMERA, BACKDROP, FILTER = "Scene", "Camera", "Backdrop", "Virtual Background"
PICTURES = {".bmp", ".gif", ".jpeg", ".jpg", ".png", ".webp"}

SOURCE_SECONDS = 15.0  # to wait for the source's first picture
MASK_SECONDS = 15.0  # to wait for the first mask
SETTLE_SECONDS = 1.0
ALONE_SECONDS = 3.0  # to record without the filter, for comparison
SAMPLE_SECONDS = 0.2  # between two samples of the link while recording


class DemoError(Exception):
    """The demo cannot go on; the message says what to do."""


@dataclass(frozen=True)
class Input:
    """An OBS input: its kind and settings, and whether it plays media that can be paused."""

    kind: str
    settings: dict[str, Any]
    media: bool


def input_for(source: str, system: str = sys.platform) -> Input:
    """Return the OBS input that shows ``source``: a file, or a camera by its device's name.

    Cameras: ``/dev/video0`` on Linux; the name or id OBS knows the device by on Windows and
    macOS. Raises DemoError when it is neither.
    """
    path = Path(source).expanduser()
    if path.is_file():
        file = str(path.resolve())
        if path.suffix.lower() in PICTURES:
            return Input("image_source", {"file": file}, media=False)
        settings = {"local_file": file, "is_local_file": True, "looping": True,
                    "restart_on_activate": False}  # fmt: skip
        return Input("ffmpeg_source", settings, media=True)
    if system == "win32" and not path.suffix:
        return Input("dshow_input", {"video_device_id": source, "active": True}, media=False)
    if system == "darwin" and not path.suffix:
        return Input("av_capture_input", {"device": source}, media=False)
    if system.startswith("linux") and source.startswith("/dev/"):
        if not path.exists():
            raise DemoError(f"There is no camera {source}: `ls /dev/video*` lists those there are.")
        if not os.access(path, os.R_OK | os.W_OK):
            raise DemoError(f"{source} may not be opened: add yourself to the group video.")
        return Input("v4l2_input", {"device_id": source}, media=False)
    raise DemoError(f"{source} is neither a file nor a camera: give the path of a clip.")


def background_settings(text: str) -> dict[str, Any]:
    """Return the filter's settings for ``transparent``, ``#rrggbb`` or ``blur:N``.

    Raises DemoError for anything else.
    """
    if text == "transparent":
        return {"background": "transparent"}
    colour = re.fullmatch(r"#([0-9a-fA-F]{6})", text)
    if colour:
        red, green, blue = bytes.fromhex(colour[1])
        value = 0xFF000000 | blue << 16 | green << 8 | red
        return {"background": "color", "background_color": value}
    blur = re.fullmatch(r"blur:(\d+(?:\.\d+)?)", text)
    if blur and 2 <= float(blur[1]) <= 100:
        return {"background": "blur", "blur_strength": float(blur[1])}
    raise DemoError(
        f"{text} is not a background: use transparent, #rrggbb or blur:N with N from 2 to 100."
    )


def _in_worker(module: str, *arguments: str | Path, what: str) -> None:
    """Run one of our modules in the worker's environment; its last line becomes the error."""
    python = folders.venv_python()
    if not python.exists():
        raise DemoError("The worker's environment is missing: run `python3 install.py` first.")
    done = subprocess.run(
        isolated.command(python, folders.PACKAGES, module, *map(str, arguments)),
        capture_output=True,
        check=False,
        **child.TEXT,
    )
    if done.returncode != 0:
        words = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise DemoError(f"{what} could not be made: {words[-1]}")


class Demo:
    """One run of the demo. ``say`` is called with each line for the user."""

    def __init__(
        self,
        output: Path,
        *,
        source: str | None = None,
        background: str = "transparent",
        seconds: float = 10.0,
        say: Any = print,
    ) -> None:
        self.output = output
        self.source = source
        self.background = background_settings(background)
        self.seconds = seconds
        self.say = say

    def run(self) -> dict[str, Any]:
        """Run the demo and return the summary, as in ``summary.json``.

        Raises DemoError or ObsError with one sentence for the user.
        """
        if not sys.platform.startswith("linux"):
            # Only on Linux can an OBS be isolated from the user's own settings.
            raise DemoError(
                "The demo drives OBS on Linux only: here, open OBS and add the filter Virtual "
                "Background to your camera."
            )
        try:
            self.output.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DemoError(f"{self.output} cannot be made: {error.strerror}.") from error
        with tempfile.TemporaryDirectory(prefix="virtual-background-demo-") as name:
            work = Path(name)
            camera = self._camera(work)
            backdrop = work / "backdrop.png"
            if self.background["background"] == "transparent":
                _in_worker("vb_demo.backdrop", backdrop, what="The backdrop")
            # Nobody sees OBS's preview on a virtual display, and software OpenGL renders it slowly.
            watched = bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
            session = ObsSession(
                work / "obs", width=SIZE[0], height=SIZE[1], fps=FPS, preview=watched
            )
            session.folder.mkdir()
            self.say("Starting OBS ...")
            try:
                session.start()
                try:
                    summary = self._drive(session, camera, work, backdrop)
                finally:
                    self._remove_camera(session)
                    report = session.stop()
            except (DemoError, ObsError):
                self._keep_log(session)
                raise
            summary["obs_closed_cleanly"] = report.clean
            if not report.clean:
                self._keep_log(session)
            self._pictures(work, summary)
        text = json.dumps(summary, indent=2)
        try:
            (self.output / "summary.json").write_text(text + "\n", encoding="utf-8")
        except OSError as error:
            raise DemoError(f"{self.output} cannot be written to: {error.strerror}.") from error
        return summary

    def _camera(self, work: Path) -> Input:
        if self.source is not None:
            return input_for(self.source)
        self.say("Making the sample clip ...")
        clip = work / "clip.mp4"
        _in_worker("vb_demo.clip", clip, what="The sample clip")
        return input_for(str(clip))

    def _keep_log(self, session: ObsSession) -> None:
        log = self.output / "obs.log"
        with contextlib.suppress(OSError):
            log.write_text(session.log(), encoding="utf-8")
            self.say(f"OBS's log is in {log}")

    def _drive(self, obs: ObsSession, camera: Input, work: Path, backdrop: Path) -> dict[str, Any]:
        if backdrop.exists():
            obs.add_input(SCENE, BACKDROP, "image_source", {"file": str(backdrop)})
        item = obs.add_input(SCENE, CAMERA, camera.kind, camera.settings, fit=False)
        self._wait_for_source(obs, item)
        self.say("Recording a little without the filter, to compare ...")
        alone = self._without_filter(obs)
        if camera.media:
            # Paused, so that before, mask and after show the same moment.
            self._play(obs, "PAUSE")
            time.sleep(0.3)
        obs.screenshot(SCENE, work / "before.png", *SIZE)
        self.say("Adding the filter Virtual Background ...")
        added = time.monotonic()
        obs.add_filter(CAMERA, FILTER, FILTER_ID, self.background)
        self._wait_for_mask(obs)
        first_mask = time.monotonic() - added
        time.sleep(SETTLE_SECONDS)
        obs.screenshot(SCENE, work / "after.png", *SIZE)
        if camera.media:
            self._play(obs, "PLAY")
            time.sleep(SETTLE_SECONDS)
        return {
            "obs": obs.request("GetVersion")["obsVersion"],
            "system": platform.platform(),
            "source": self.source or "sample clip",
            "size": list(SIZE),
            "first_mask_s": round(first_mask, 2),
            "without_filter": alone,
            **self._record(obs),
        }

    def _remove_camera(self, obs: ObsSession) -> None:
        """Remove the camera before OBS closes.

        OBS 29, even without any script, crashed in about one of four exits with a media source in
        its scene.
        """
        with contextlib.suppress(ObsError):
            obs.request("RemoveInput", {"inputName": CAMERA})
            time.sleep(0.5)

    def _play(self, obs: ObsSession, action: str) -> None:
        obs.request(
            "TriggerMediaInputAction",
            {"inputName": CAMERA, "mediaAction": f"OBS_WEBSOCKET_MEDIA_INPUT_ACTION_{action}"},
        )

    def _wait_for_source(self, obs: ObsSession, item: int) -> None:
        where = {"sceneName": SCENE, "sceneItemId": item}
        deadline = time.monotonic() + SOURCE_SECONDS
        while True:
            shown = obs.request("GetSceneItemTransform", where)["sceneItemTransform"]
            if shown["sourceWidth"] > 0 and shown["sourceHeight"] > 0:
                break
            if time.monotonic() > deadline:
                raise DemoError(
                    f"OBS shows nothing of {self.source or 'the sample clip'}: "
                    "try another file or camera."
                )
            time.sleep(0.1)
        # Scale the whole picture to fit the canvas.
        obs.request(
            "SetSceneItemTransform",
            {
                **where,
                "sceneItemTransform": {
                    "boundsType": "OBS_BOUNDS_SCALE_INNER",
                    "boundsWidth": obs.size[0],
                    "boundsHeight": obs.size[1],
                },
            },
        )

    def _wait_for_mask(self, obs: ObsSession) -> None:
        deadline = time.monotonic() + MASK_SECONDS
        while True:
            stats = obs.link_stats()
            if stats["state"] == layout.STATE_MASK and stats["alpha_count"] > 0:
                return
            if time.monotonic() > deadline:
                raise DemoError(
                    f"No mask arrived within {MASK_SECONDS:.0f} seconds: {_complaint(obs, stats)}"
                )
            time.sleep(0.05)

    def _record(self, obs: ObsSession) -> dict[str, Any]:
        """Record with OBS's recorder and return the measurements."""
        self.say(f"Recording {self.seconds:g} seconds ...")
        with obs.recording() as files:
            before, ages = obs.request("GetStats"), obs.link_stats()["age_histogram"]
            start = time.monotonic()
            looks = []
            while (left := start + self.seconds - time.monotonic()) > 0:
                time.sleep(min(left, SAMPLE_SECONDS))
                looks.append(obs.link_stats())
            after, elapsed = obs.request("GetStats"), time.monotonic() - start
            last = looks[-1]
            status = obs.request("GetRecordStatus")
        target = self.output / f"demo{files[0].suffix}"
        try:
            shutil.move(str(files[0]), str(target))
        except OSError as error:
            raise DemoError(f"{target} cannot be written: {error.strerror}.") from error
        histogram = [new - old for new, old in zip(last["age_histogram"], ages)]

        def middle(key: str) -> float:
            return round(float(statistics.median(look[key] for look in looks)), 2)

        return {
            "recording": str(target.resolve()),
            "recorded_s": round(status["outputDuration"] / 1000, 2),
            **_rates(before, after, elapsed),
            "frame_time_ms": round(after["averageFrameRenderTime"], 2),
            "mask_age_frames": median_of(histogram),
            "mask_age_histogram": histogram,
            "mask_age_ms": middle("age_ms"),
            "masks_per_second": middle("masks_per_second"),
            "worker_ms": middle("total_ms"),
            "model": last["model"],
            "compute": last["compute"],
        }

    def _without_filter(self, obs: ObsSession) -> dict[str, Any]:
        """Record briefly without the filter: a slow machine skips frames anyway."""
        with obs.recording() as files:
            time.sleep(SETTLE_SECONDS)
            before, start = obs.request("GetStats"), time.monotonic()
            time.sleep(ALONE_SECONDS)
            rates = _rates(before, obs.request("GetStats"), time.monotonic() - start)
        files[0].unlink()
        return rates

    def _pictures(self, work: Path, summary: dict[str, Any]) -> None:
        self.say("Making the picture ...")
        masks = work / "mask"
        masks.mkdir()
        _in_worker("vb_worker", "mask", work / "before.png", "-o", masks, what="The mask")
        mask = next(masks.glob("*.png"), None)
        if mask is None:
            raise DemoError("The mask could not be made: `virtual-background mask` wrote none.")
        picture = self.output / "picture.png"
        _in_worker(
            "vb_demo.picture", work / "before.png", mask, work / "after.png", "-o", picture,
            what="The picture",
        )  # fmt: skip
        summary["picture"] = str(picture.resolve())


def _rates(before: dict[str, Any], after: dict[str, Any], elapsed: float) -> dict[str, Any]:
    """Return the frames OBS rendered and skipped between two answers to GetStats."""
    due = after["renderTotalFrames"] - before["renderTotalFrames"]
    late = after["renderSkippedFrames"] - before["renderSkippedFrames"]
    return {
        # OBS includes skipped frames in the total.
        "fps": round((due - late) / elapsed, 2),
        "frames": due,
        "skipped_rendering": late,
        "skipped_encoding": after["outputSkippedFrames"] - before["outputSkippedFrames"],
    }


def median_of(histogram: Sequence[int]) -> int | None:
    """Return the median of the values counted in ``histogram[value]``, or None if empty."""
    half, seen = sum(histogram) / 2, 0
    for value, count in enumerate(histogram):
        seen += count
        if seen and seen >= half:
            return value
    return None


def _complaint(obs: ObsSession, stats: dict[str, Any]) -> str:
    """Return the latest error message."""
    lines = [line for line in obs.log().splitlines() if "[virtual background]" in line]
    logged = lines[-1].split("[virtual background]", 1)[1].strip() if lines else ""
    return str(
        stats["error"] or logged or stats["status"] or "OBS's log names no reason; see obs.log."
    )


def describe(summary: dict[str, Any]) -> list[str]:
    """Return the results as lines for the user."""
    age, alone = summary["mask_age_frames"], summary["without_filter"]
    width, height = summary["size"]
    return [
        f"Frame rate      {summary['fps']:.1f} fps at {width}x{height} in OBS {summary['obs']}"
        f" (without the filter {alone['fps']:.1f})",
        f"Frames skipped  {_skipped(summary)} (without the filter {_skipped(alone)})",
        f"Mask latency    {'no' if age is None else age} frame(s), {summary['mask_age_ms']:.0f} ms"
        f" (median); {summary['masks_per_second']:.0f} masks a second",
        f"Worker          {summary['worker_ms']:.1f} ms a mask ({summary['model']},"
        f" {summary['compute']})",
        f"Recording       {summary['recording']}",
        f"Picture         {summary['picture']}",
    ]


def _skipped(rates: dict[str, Any]) -> str:
    lost = rates["skipped_rendering"], rates["skipped_encoding"]
    return f"{lost[0]} rendering, {lost[1]} encoding, of {rates['frames']}"
