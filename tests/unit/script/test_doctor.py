"""The panel's button checks in the background and says what it found in the user's language."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.script.test_libobs import Library
from vb_doctor import checks
from vb_doctor.findings import Finding, finding
from vb_link import folders, layout, texts
from vb_script import libobs, libobs_symbols
from vb_script.doctor import Doctor, of_this_obs
from vb_script.reload_state import survivors

JAPANESE = texts.load("ja-JP")


class Shared:
    segment = layout.Segment()


@pytest.fixture(autouse=True)
def obs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Library]:
    """An OBS 32.2 with every function, one filter in use, and a folder for the report."""
    monkeypatch.setenv(folders.DATA_VARIABLE, str(tmp_path))
    everything = {name: None for names in libobs_symbols.declared().values() for name in names}
    library = Library(everything, obs_get_version=32 << 24 | 2 << 16)
    for name in ("libobs", "scripting", "frontend"):
        monkeypatch.setattr(libobs, name, lambda: library)
    Shared.segment.channels[2].used = 1
    Shared.segment.channels[2].state = layout.STATE_MASK
    kept = survivors()
    before, kept.memory = kept.memory, Shared
    yield library
    kept.memory = before


def _checked(monkeypatch: pytest.MonkeyPatch, found: list[Finding]) -> tuple[Doctor, list[str]]:
    told: list[str] = []
    monkeypatch.setattr(checks, "all_of_them", lambda: found)
    doctor = Doctor(JAPANESE, told.append)
    doctor.start()
    assert doctor.sentence
    doctor.wait(10)
    return doctor, told


def test_what_only_obs_can_see_is_checked() -> None:
    found = {finding.key: finding for finding in of_this_obs()}
    assert set(found) == {"Python", "Obs", "Functions", "InUse"}
    assert found["Obs"].arguments["version"] == "32.2.0"
    assert found["InUse"].arguments == {"filters": "1", "masks": "1"}
    assert int(found["Functions"].arguments["count"]) > 90


def test_a_function_that_is_missing_is_named(obs: Library) -> None:
    delattr(obs, "gs_stage_texture")
    (wrong,) = [finding for finding in of_this_obs() if not finding.good]
    assert "gs_stage_texture" in wrong.text()


@pytest.mark.parametrize(
    ("number", "key"), [(33 << 24, "ObsNew"), (28 << 24 | 1 << 16, "FunctionsMissing")]
)
def test_another_version_is_said(number: int, key: str, obs: Library) -> None:
    version: Any = obs.obs_get_version  # type: ignore[attr-defined]
    version._result = number
    assert key in [finding.key for finding in of_this_obs()]


def test_all_well_is_said_with_the_place_of_the_report(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    doctor, told = _checked(monkeypatch, [finding("Product", version="1")])
    path = tmp_path / "doctor-report.txt"
    assert told == [doctor.sentence] == [JAPANESE["Panel.CheckGood"].format(path=path)]
    assert "all is well" in path.read_text()


def test_what_is_wrong_is_said_in_the_users_language(monkeypatch: pytest.MonkeyPatch) -> None:
    doctor, _ = _checked(monkeypatch, [finding("ModelsMissing", name="v")])
    assert JAPANESE["Doctor.ModelsMissing"].format(name="v") in doctor.sentence


def test_everything_that_is_counted_is_named_and_where_the_report_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    wrong = [finding("ModelsMissing", name="v"), finding("EnvironmentMissing")]
    doctor, _ = _checked(monkeypatch, [finding("Product", version="1"), *wrong])
    for bad in wrong:
        assert bad.text(JAPANESE, prefix="Doctor.") in doctor.sentence
    assert "2" in doctor.sentence and str(tmp_path / "doctor-report.txt") in doctor.sentence


def test_a_check_that_fails_is_a_finding_beside_the_others(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail(*_: object) -> Any:
        raise RuntimeError("of Jane Doe")

    doctor = Doctor(JAPANESE, lambda _: None)
    monkeypatch.setattr(checks, "all_of_them", fail)
    monkeypatch.setattr(libobs_symbols, "lacking", fail)
    doctor.start()
    doctor.wait(10)
    assert "RuntimeError" in doctor.sentence
    text = (tmp_path / "doctor-report.txt").read_text()
    assert text.count("The check itself failed (RuntimeError in ") == 2
    assert "1 filter(s) in use" in text and "Jane" not in text


def test_a_report_that_cannot_be_written_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv(folders.DATA_VARIABLE, str(tmp_path / "file"))
    doctor, _ = _checked(monkeypatch, [finding("Product", version="1")])
    assert doctor.sentence.startswith(JAPANESE["Panel.CheckUnwritten"].split("{")[0])


def test_the_lua_half_s_functions_are_among_those_declared() -> None:
    names = libobs_symbols.of_libobs()
    assert {"gs_stage_texture", "obs_source_get_type_data", "blog", "bmalloc"} <= set(names)
    assert not {"vb_visit", "aligned", "__attribute__"} & set(names)
