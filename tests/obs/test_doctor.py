"""The button in Tools > Scripts checks everything inside a real OBS."""

from __future__ import annotations

import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.obs.stage import CAMERA, FILTER, SCENE, person, wait_for
from tests.obs.test_scripted import SCRIPTS, Panel, says
from vb_demo.obs_session import SCRIPT
from vb_doctor import report


@pytest.mark.versions
def test_the_button_checks_everything_and_writes_the_report(
    start_obs: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    data_folder: Path,
) -> None:
    monkeypatch.setenv("PANEL_FOLDER", str(tmp_path))
    path = data_folder / report.NAME
    path.unlink(missing_ok=True)
    with start_obs(scripts=((SCRIPT, {}), (SCRIPTS / "panel.py", {}))) as stage:
        stage.expected.append("Checked: all is well.")
        panel = Panel(stage, tmp_path)
        stage.picture(CAMERA, person()[0])
        stage.add_filter()
        stage.wait_for_mask()
        assert says(panel.press("check")["news"], "Checking")
        wait_for(path.exists, 60, "the report")
        wait_for(lambda: "Checked:" in stage.obs.log(), 5, "the line in the log")
        news = panel.press("refresh")["news"]
        assert says(news, f"all is well. The report is in {path}")
        text = path.read_text("utf-8")
        assert "[!!]" not in text
        for line in ("OBS's libraries have all", "1 filter(s) in use, 1 of them finding people now",
                     "found the person: the first", "every file matches its SHA-256"):  # fmt: skip
            assert line in text
        words = stage.obs.request("GetVersion")["obsVersion"].split(".")[:2]
        assert f"OBS {'.'.join(words)}." in text
        for private in (CAMERA, FILTER, SCENE, platform.node(), str(Path.home()), str(Path.cwd())):
            assert private not in text
