"""The configuration folder of an OBS of our own: profile, scene collections, websocket."""

from __future__ import annotations

import configparser
import json
import re
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Configuration:
    """What an OBS finds in ``folder``; see :class:`vb_demo.obs_session.ObsSession`."""

    folder: Path
    size: tuple[int, int]
    fps: int
    scripts: Sequence[tuple[Path, dict[str, Any]]]
    collections: Sequence[str]
    locale: str
    preview: bool
    profile: Mapping[str, Mapping[str, str]]
    window: Mapping[str, str]
    port: int
    password: str

    def write(self) -> None:
        """Write all of it; collections that are there already stay."""
        config = self.folder / "config" / "obs-studio"
        profile = config / "basic" / "profiles" / "Untitled"
        scenes = config / "basic" / "scenes"
        websocket = config / "plugin_config" / "obs-websocket"
        recordings = self.folder / "recordings"
        for folder in (profile, scenes, websocket, recordings):
            folder.mkdir(parents=True, exist_ok=True)
        width, height = self.size
        window = "".join(f"{key}={value}\n" for key, value in self.window.items())
        general = (
            "[General]\nFirstRun=true\nInfoIncrement=99999999\nEnableAutoUpdates=false\n"
            f"ConfirmOnExit=false\nLanguage={self.locale}\nLastVersion=536870912\n"
            "[BasicWindow]\nWarnedAboutClosing=true\nShowListboxToolbars=true\n"
            "SysTrayEnabled=true\nSysTrayWhenStarted=false\nSysTrayMinimizeToTray=false\n"
            f"PreviewEnabled={str(self.preview).lower()}\n{window}"
            "[Basic]\nProfile=Untitled\nProfileDir=Untitled\n"
            f"SceneCollection={self.collections[0]}\n"
            f"SceneCollectionFile={_file_name(self.collections[0])}\nConfigOnNewProfile=false\n"
        )
        # OBS 31 moved the user's part to user.ini; older ones read only global.ini.
        (config / "global.ini").write_text(general, "utf-8")
        (config / "user.ini").write_text(general, "utf-8")
        # The Simple "lossless-like" presets are too heavy for software GL beside x264, so the
        # recorder uses the fastest preset at a fixed quality.
        (profile / "basic.ini").write_text(
            "[General]\nName=Untitled\n[Output]\nMode=Advanced\n"
            f"[Video]\nBaseCX={width}\nBaseCY={height}\nOutputCX={width}\nOutputCY={height}\n"
            f"FPSType=0\nFPSCommon={self.fps}\nColorRange=Partial\nColorSpace=709\n"
            f"[AdvOut]\nRecType=Standard\nRecFilePath={recordings}\nRecFormat=mkv\n"
            "RecFormat2=mkv\nRecEncoder=obs_x264\nEncoder=obs_x264\nRecTracks=1\n",
            encoding="utf-8",
        )
        basic = configparser.RawConfigParser()
        basic.optionxform = str  # type: ignore[assignment, method-assign]
        basic.read(profile / "basic.ini", "utf-8")
        basic.read_dict(self.profile)
        with (profile / "basic.ini").open("w", encoding="utf-8") as file:
            basic.write(file, space_around_delimiters=False)
        (profile / "recordEncoder.json").write_text(
            json.dumps({"rate_control": "CRF", "crf": 16, "preset": "ultrafast", "tune": ""}),
            encoding="utf-8",
        )
        for path in (websocket / "config.json", config / "plugin_config" / "obs-websocket.json"):
            path.write_text(self._websocket(), "utf-8")
        with (config / "global.ini").open("a") as file:
            file.write(
                "[OBSWebSocket]\nFirstLoad=false\nServerEnabled=true\nAlertsEnabled=false\n"
                f"AuthRequired=true\nServerPassword={self.password}\nServerPort={self.port}\n"
            )
        for name in self.collections:
            file_path = scenes / f"{_file_name(name)}.json"
            if not file_path.exists():
                file_path.write_text(json.dumps(self._collection(name)), "utf-8")

    def _websocket(self) -> str:
        return json.dumps(
            {
                "alerts_enabled": False,
                "auth_required": True,
                "first_load": False,
                "server_enabled": True,
                "server_password": self.password,
                "server_port": self.port,
            }
        )

    def _collection(self, name: str) -> dict[str, Any]:
        scene = {
            "id": "scene",
            "name": "Scene",
            "settings": {"items": [], "id_counter": 0, "custom_size": False},
        }
        return {
            "name": name,
            "current_scene": "Scene",
            "current_program_scene": "Scene",
            "scene_order": [{"name": "Scene"}],
            "sources": [scene],
            "transitions": [],
            "current_transition": "Cut",
            "modules": {
                "scripts-tool": [
                    {"path": str(path), "settings": settings} for path, settings in self.scripts
                ]
            },
        }


def _file_name(collection: str) -> str:
    return re.sub(r"[^A-Za-z0-9_]", "_", collection)


def free_port() -> int:
    """Return a TCP port of the loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
