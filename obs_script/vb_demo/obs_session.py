"""A real OBS with its own configuration folder, driven through obs-websocket.

The user's own OBS is neither read nor changed: the session's profile, scene collection and
websocket password are in a folder made for it. Linux only, as it isolates OBS through
``XDG_CONFIG_HOME``.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import obsws_python

from vb_demo import exit_report, link_figures, obs_window
from vb_demo.child_guard import Guarded
from vb_demo.errors import ObsError
from vb_demo.obs_configuration import Configuration, free_port
from vb_demo.virtual_display import VirtualDisplay
from vb_link import folders, layout, memory

COLLECTION = "Virtual Background"
SETTLING_SECONDS = 2.0
SCRIPT = folders.PACKAGES / "virtual_background.py"


class ObsSession:
    """One OBS. Use as a context manager, or call :meth:`start` and :meth:`stop`.

    It is killed, with its display and its worker, when this process ends, however it ends.

    ``folder`` gets the configuration, recordings and logs. ``scripts`` are the Python or Lua
    scripts in the scene collection, as (path, settings). ``environment`` is added to OBS's.
    Without ``preview`` OBS's window draws no preview, as when it is minimised. ``arguments`` are
    added to OBS's command line. ``profile`` has settings of its profile by section, before ours;
    ``window`` has settings of its window.
    """

    def __init__(
        self,
        folder: Path,
        *,
        width: int = 1280,
        height: int = 720,
        fps: int = 30,
        scripts: Sequence[tuple[Path, dict[str, Any]]] = ((SCRIPT, {}),),
        collections: Sequence[str] = (COLLECTION,),
        environment: dict[str, str] | None = None,
        locale: str = "en-US",
        preview: bool = True,
        arguments: Sequence[str] = (),
        profile: dict[str, dict[str, str]] | None = None,
        window: dict[str, str] | None = None,
    ) -> None:
        self.folder = folder.absolute()
        self.size = (width, height)
        self.fps = fps
        self.scripts = tuple(scripts)
        self.collections = tuple(collections)
        self.environment = dict(environment or {})
        self.locale = locale
        self.preview = preview
        self.arguments = tuple(arguments)
        self.profile = dict(profile or {})
        self.window = dict(window or {})
        self.recordings = self.folder / "recordings"
        self._display: VirtualDisplay | None = None
        self._guarded: Guarded | None = None
        self._client: obsws_python.ReqClient | None = None
        self._password = secrets.token_hex(8)
        self._port = 0
        self._connected = 0.0
        self.display_name = ""
        self._segment: Any = None

    # Starting and stopping

    def __enter__(self) -> ObsSession:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self, connect: bool = True) -> None:
        """Write the configuration, start OBS and wait for its websocket.

        Without ``connect`` it does not wait, and only OBS's window can be used: Safe Mode has no
        websocket. Raises ObsError when OBS is missing or does not answer within 60 s.
        """
        program = shutil.which("obs")
        if program is None:
            raise ObsError("OBS is not installed: install the package obs-studio.")
        self._port = free_port()
        Configuration(
            folder=self.folder, size=self.size, fps=self.fps, scripts=self.scripts,
            collections=self.collections, locale=self.locale, preview=self.preview,
            profile=self.profile, window=self.window, port=self._port, password=self._password,
        ).write()  # fmt: skip
        environment = {**os.environ, **self.environment}
        environment["XDG_CONFIG_HOME"] = str(self.folder / "config")
        environment["OBS_VIRTUAL_BACKGROUND_DATA"] = str(folders.data_dir().absolute())
        environment.update(self.environment)
        if not (environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY")):
            self._display = VirtualDisplay()
            environment["DISPLAY"] = self._display.name
            environment["LIBGL_ALWAYS_SOFTWARE"] = "1"
            environment["QT_QPA_PLATFORM"] = "xcb"
            # OBS would only wait for the bus or session of a desktop that is not on this display.
            for name in ("DBUS_SESSION_BUS_ADDRESS", "XDG_SESSION_TYPE"):
                environment.pop(name, None)
        self.display_name = environment.get("DISPLAY", "")
        command = [program, "--multi", "--disable-updater", "--disable-missing-files-check",
                   "--collection", self.collections[0], *self.arguments]  # fmt: skip
        with (self.folder / "obs.out").open("wb") as out:
            self._guarded = Guarded(
                command, env=environment, stdout=out, stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                cwd=self.folder,  # OBS's Python imports from the current folder first
            )  # fmt: skip
        if not connect:
            return
        try:
            self._connect()
        except BaseException:
            self.kill()
            raise

    def stop(
        self, timeout: float = 25.0, before_kill: Callable[[], None] = lambda: None
    ) -> exit_report.ExitReport:
        """Close OBS by its window, as a user does, or by SIGINT if it has no X11 window.

        Returns how it ended. After ``timeout`` seconds calls ``before_kill`` and kills it.
        """
        clean = False
        if self._client is not None:
            with contextlib.suppress(Exception):
                self._client.disconnect()
            self._client = None
        process = self._process
        if process is not None:
            if not obs_window.close(self.display_name, process.pid):
                process.send_signal(signal.SIGINT)
            try:
                clean = process.wait(timeout) == 0
            except subprocess.TimeoutExpired:
                before_kill()
                process.kill()
                process.wait()
            self._forget()
        self._segment = None
        self._close_display()
        return exit_report.of(self.log(), clean)

    def kill(self, how: int | None = None) -> None:
        """Kill OBS by SIGKILL, which Windows lacks, or by the signal ``how``."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL if how is None else how)
            self._process.wait()
            self._forget()
        self._client = self._segment = None
        self._close_display()

    def _forget(self) -> None:
        """Forget an OBS that has ended; its worker ends by itself, or a test finds it."""
        if self._guarded is not None:
            self._guarded.let_go()
            self._guarded = None

    def _close_display(self) -> None:
        if self._display is not None:
            self._display.close()
            self._display = None

    @property
    def _process(self) -> subprocess.Popen[Any] | None:
        return self._guarded.process if self._guarded is not None else None

    @property
    def pid(self) -> int:
        """The process ID of the running OBS. Raises ObsError when it is not running."""
        if self._process is None:
            raise ObsError("OBS is not running.")
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the OBS of this session lives."""
        return self._process is not None and self._process.poll() is None

    def log(self) -> str:
        """Return OBS's newest log so far, followed by its standard output and error."""
        logs = sorted((self.folder / "config" / "obs-studio" / "logs").glob("*.txt"))
        text = logs[-1].read_text("utf-8", errors="replace") if logs else ""
        out = self.folder / "obs.out"
        printed = out.read_text("utf-8", errors="replace") if out.exists() else ""
        return text + "\n" + printed

    # The link

    def segment(self) -> Any:
        """Return the running OBS's memory (``vb_link.layout.Segment``), for reading.

        Raises ObsError when our script is not loaded.
        """
        if self._segment is None:
            try:
                self._segment = memory.view(self.pid)
            except memory.LinkError as error:
                raise ObsError(str(error)) from error
        return self._segment

    def link_stats(self, index: int = 0) -> dict[str, Any]:
        """Return the figures of the filter in channel ``index``, see ``link_figures``."""
        return link_figures.of(self.segment(), index)

    # Requests

    def request(self, name: str, data: dict[str, Any] | None = None) -> dict[str, Any]:
        """Send one obs-websocket request and return its response data.

        Raises ObsError with OBS's own comment when it refuses.
        """
        if self._client is None:
            raise ObsError("OBS is not connected.")
        if name == "CreateScene":
            # OBS 32, even without any script, may deadlock if a scene is created while its window
            # is still starting up: the two threads wait for each other's lock.
            time.sleep(max(0.0, self._connected + SETTLING_SECONDS - time.monotonic()))
        try:
            answer = self._client.send(name, data, raw=True)
        except obsws_python.error.OBSSDKRequestError as error:
            raise ObsError(f"OBS refused {name}: {error}") from error
        except Exception as error:
            raise ObsError(f"OBS did not answer {name}: {error}{self._end()}") from error
        return dict(answer or {})

    def _end(self) -> str:
        """Return how OBS ended, if it did so by itself, with its last lines."""
        try:
            code = self._process.wait(1.0) if self._process is not None else None
        except subprocess.TimeoutExpired:
            code = None
        if code is None:
            return ""
        how = f"by {signal.Signals(-code).name}" if code < 0 else f"with {code}"
        if self._display is not None and self._display.ended:
            how += " after its display"
        return f". It ended {how}; its last lines:\n" + self.log()[-2500:]

    def add_input(
        self, scene: str, name: str, kind: str, settings: dict[str, Any], *, fit: bool = True
    ) -> int:
        """Create an input in ``scene``, stretched over the canvas, and return its item id."""
        answer = self.request(
            "CreateInput",
            {"sceneName": scene, "inputName": name, "inputKind": kind, "inputSettings": settings},
        )
        item = int(answer["sceneItemId"])
        if fit:
            self.fit_item(scene, item)
        return item

    def fit_item(self, scene: str, item: int) -> None:
        """Let a scene item fill the canvas whatever its source's size."""
        width, height = self.size
        self.request(
            "SetSceneItemTransform",
            {
                "sceneName": scene,
                "sceneItemId": item,
                "sceneItemTransform": {
                    "boundsType": "OBS_BOUNDS_STRETCH",
                    "boundsWidth": width,
                    "boundsHeight": height,
                    "positionX": 0,
                    "positionY": 0,
                },
            },
        )

    def add_filter(
        self, source: str, name: str, kind: str, settings: dict[str, Any] | None = None
    ) -> None:
        """Add a filter of the type ``kind`` to a source."""
        self.request(
            "CreateSourceFilter",
            {
                "sourceName": source,
                "filterName": name,
                "filterKind": kind,
                "filterSettings": settings or {},
            },
        )

    def set_filter(self, source: str, name: str, settings: dict[str, Any]) -> None:
        """Change some of a filter's settings."""
        self.request(
            "SetSourceFilterSettings",
            {
                "sourceName": source,
                "filterName": name,
                "filterSettings": settings,
                "overlay": True,
            },
        )

    def ask(self, *words: str) -> None:
        """Send a request to the script, as a panel's button does."""
        segment = self.segment()
        slot = segment.requests[int(segment.request_count) % layout.REQUESTS]
        slot.text = "\n".join(words).encode()
        segment.request_count += 1
        self.wake_script()

    def wake_script(self) -> None:
        """Wake the script as the filters do, through the same pipe."""
        path = f"/proc/{self.pid}/fd/{self.segment().script_wake}"
        descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        os.write(descriptor, b"\0")
        os.close(descriptor)

    def screenshot(self, source: str, path: Path, width: int = 0, height: int = 0) -> Path:
        """Save a PNG of a source or scene, RGBA as OBS draws it, at its own size by default."""
        data: dict[str, Any] = {
            "sourceName": source,
            "imageFormat": "png",
            "imageFilePath": str(path.resolve()),
            "imageCompressionQuality": 20,
        }
        if width:
            data["imageWidth"], data["imageHeight"] = width, height
        self.request("SaveSourceScreenshot", data)
        return path

    @contextlib.contextmanager
    def recording(self) -> Iterator[list[Path]]:
        """Record the program output; the list holds the file once the block has ended."""
        files: list[Path] = []
        self.request("StartRecord")
        try:
            yield files
        finally:
            files.append(Path(self.request("StopRecord")["outputPath"]))
            deadline = time.monotonic() + 20
            while self.request("GetRecordStatus")["outputActive"]:
                if time.monotonic() > deadline:
                    raise ObsError("OBS did not finish its recording within 20 seconds.")
                time.sleep(0.1)

    def connect(self) -> obsws_python.ReqClient:
        """Return another client for this OBS, for another thread; the caller must disconnect it.

        Raises what obsws_python raises when OBS does not answer.
        """
        return obsws_python.ReqClient(
            host="127.0.0.1", port=self._port, password=self._password, timeout=30
        )

    # Configuration

    def _connect(self) -> None:
        deadline = time.monotonic() + 60
        while True:
            if self._process is not None and self._process.poll() is not None:
                raise ObsError(f"OBS ended at once; its output is in {self.folder / 'obs.out'}.")
            try:
                with socket.create_connection(("127.0.0.1", self._port), timeout=1):
                    pass
                self._client = self.connect()
                self._client.send("GetSceneList", raw=True)  # refused until OBS is ready
                self._connected = time.monotonic()
                return
            except Exception as error:
                if time.monotonic() > deadline:
                    raise ObsError(
                        f"OBS did not answer on its websocket within 60 seconds ({error}); "
                        f"its log is in {self.folder / 'config'}."
                    ) from error
                time.sleep(0.2)
