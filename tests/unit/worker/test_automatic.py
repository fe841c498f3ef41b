"""*Automatic*: the most accurate model that fits this computer, and changes of it while at work."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.unit.own_model import add_own
from tests.unit.worker.test_serve_models import _choose, _segment, _send, _work_until_tried
from tests.unit.worker.test_serve_models import data as data  # noqa: PLC0414 - a fixture
from vb_link import folders, sentences, unit_file
from vb_link.settings import AUTO_MODEL, SHIPPED_MODEL
from vb_worker import serve
from vb_worker.catalogue.automatic import CALM_SECONDS, Calm, Candidate, allowed, choose
from vb_worker.catalogue.quarantine import key_of
from vb_worker.commands import options
from vb_worker.errors import ManifestError
from vb_worker.matte.quality import PRESETS
from vb_worker.models import Manifest, find_models
from vb_worker.models.manifest_reader import load
from vb_worker.runtime.providers import available_units, driver
from vb_worker.units import choice, results

SHIPPED = find_models([folders.models_dir()])
FAST, BALANCED = (PRESETS[name] for name in ("fast", "balanced"))


def _model(name: str, **changes: Any) -> Manifest:
    return replace(SHIPPED[SHIPPED_MODEL], name=name, title=name.title(), **changes)


SELFIE, BETTER, BEST = (Candidate(_model(name)) for name in (SHIPPED_MODEL, "better", "best"))


def _taken(*candidates: Candidate, lighter: bool = False) -> tuple[str, str]:
    found = choose(candidates, BALANCED, lighter=lighter)
    return found.manifest.name if found.manifest else "", found.reason


def test_the_most_accurate_that_is_quick_enough_is_taken() -> None:
    quick, slow = replace(BETTER, ms=1.0), replace(BEST, ms=BALANCED.budget_ms)
    assert _taken(SELFIE) == (SHIPPED_MODEL, "AutoBest")
    assert _taken(quick, SELFIE) == ("better", "AutoBest")
    assert _taken(slow, quick, SELFIE) == ("better", "AutoSlow")
    assert _taken(slow, SELFIE) == (SHIPPED_MODEL, "AutoSlow")


def test_one_that_was_not_measured_waits_and_the_best_is_tried_first() -> None:
    found = choose([BEST, BETTER, SELFIE], BALANCED)
    assert (found.manifest, found.reason) == (SELFIE.manifest, "AutoTrying")
    assert found.untried == BEST.manifest == found.other
    assert choose([replace(BEST, failed=True), BETTER, SELFIE], BALANCED).untried == BETTER.manifest
    alone = choose([BEST], BALANCED)
    assert (alone.manifest, alone.untried) == (None, BEST.manifest)


def test_what_failed_is_passed_over_and_something_slow_is_better_than_nothing() -> None:
    assert _taken(replace(BEST, failed=True), SELFIE) == (SHIPPED_MODEL, "AutoFailed")
    assert _taken(replace(SELFIE, failed=True)) == ("", "AutoFailed")
    slow, slower = replace(BETTER, ms=500.0), replace(BEST, ms=900.0)
    assert _taken(slower, slow) == ("better", "AutoSlow")
    assert _taken(slow) == ("better", "AutoBest")


def test_what_was_slow_before_is_tried_again_where_it_may_fit() -> None:
    before = replace(BEST, ms=BALANCED.budget_ms, again="AutoWaits")
    found = choose([before, SELFIE], BALANCED)
    assert (found.manifest, found.reason) == (SELFIE.manifest, "AutoWaits")
    assert found.retry == found.other == BEST.manifest
    now = choose([replace(before, again="AutoAgain"), SELFIE], BALANCED)
    assert (now.manifest, now.reason, now.retry) == (SELFIE.manifest, "AutoAgain", None)
    hopeless = choose([replace(before, ms=10 * BALANCED.budget_ms), SELFIE], BALANCED)
    assert (hopeless.reason, hopeless.retry) == ("AutoSlow", None)
    failed = choose([replace(before, failed=True), SELFIE], BALANCED)
    assert (failed.reason, failed.retry) == ("AutoFailed", BEST.manifest)
    fits = choose([replace(before, ms=1.0), SELFIE], BALANCED)
    assert (fits.manifest, fits.retry) == (BEST.manifest, None)


def test_the_lighter_model_is_the_one_that_ships() -> None:
    quick = replace(BETTER, ms=1.0)
    assert _taken(quick, SELFIE, lighter=True) == (SHIPPED_MODEL, "AutoLighter")
    assert _taken(quick, replace(SELFIE, failed=True), lighter=True) == ("better", "AutoBest")
    for lighter in (False, True):
        assert choose([quick, SELFIE], BALANCED, lighter=lighter).can_lighten
        assert not choose([SELFIE], BALANCED, lighter=lighter).can_lighten


def test_only_what_is_installed_known_and_free_to_use_is_taken_unasked() -> None:
    rival = _model("rival", mean_iou=99.0)
    models = [*SHIPPED.values(), rival, _model("unknown", mean_iou=0.0),
              _model("unfree", mean_iou=99.0, commercial=False),
              _model("gone", mean_iou=99.0, file="gone.onnx")]  # fmt: skip
    assert [model.name for model in allowed(models)] == ["rival", SHIPPED_MODEL]
    lonely = _model("lonely", mean_iou=0.0)
    assert allowed([lonely, SHIPPED["grabcut"]]) == [lonely]
    assert allowed([SHIPPED["grabcut"], SHIPPED["pphumanseg"]]) == []


def test_of_two_that_answer_together_both_have_to_be_there() -> None:
    pair = _model("pair", mean_iou=99.0)
    pair = replace(pair, output=replace(pair.output, companion=SHIPPED_MODEL))
    assert allowed([pair, SHIPPED[SHIPPED_MODEL]])[0] == pair
    gone = replace(SHIPPED[SHIPPED_MODEL], file="gone.onnx")
    assert allowed([pair, gone]) == []


def test_what_ships_has_the_order_that_was_measured() -> None:
    assert SHIPPED["pphumanseg"].mean_iou > SHIPPED[SHIPPED_MODEL].mean_iou > 0.0


def test_the_command_takes_the_most_accurate(data: Path) -> None:
    assert options.known_model(AUTO_MODEL).name == SHIPPED_MODEL
    add_own(data, "better", mean_iou="99.0")
    assert options.known_model(AUTO_MODEL).name == "better"


def test_no_model_can_be_called_automatic(data: Path) -> None:
    add_own(data, AUTO_MODEL)
    with pytest.raises(ManifestError, match="automatic choice"):
        load(data / f"{AUTO_MODEL}.toml")


def _measured(data: Path, *names: str, ms: float = 1.0) -> None:
    """Note what models take, as if they had been measured on this computer."""
    units = {
        unit.name: {"ms": ms, "first_ms": ms, "reason": ""} for unit in available_units()
    }  # fmt: skip
    rows = {load(data / f"{name}.toml").expected_sha256: {"units": units} for name in names}
    unit_file.write({**unit_file.read(), "driver": driver(), "measured": rows})


class Running:
    """A worker at work for a filter on *Automatic*, on still pictures."""

    def __init__(self) -> None:
        self.segment = _segment(AUTO_MODEL)
        self.now = 0.0
        self.worker = serve.Worker(self.segment, {}, clock=lambda: self.now)
        self.channel = self.segment.channels[0]

    def mask(self) -> str:
        """Make a mask; return the model that made it. This computer's own speed does not count."""
        self.channel.total_ms = 1.0
        self.worker.work()
        before = self.channel.alpha_count
        _send(self.segment)
        self.worker.work()
        self.channel.total_ms = 1.0
        assert self.channel.alpha_count > before, "no mask, so the cover would be shown"
        assert self.channel.report_error == b""
        return self.worker.streams[0].key[0]

    def reason(self) -> str:
        return sentences.unpack(self.channel.report_choice)[0]

    def models_changed(self) -> None:
        self.segment.models_sequence += 1


def test_a_better_model_takes_over_once_it_was_tried_and_masks_never_stop(data: Path) -> None:
    running = Running()
    assert running.mask() == SHIPPED_MODEL and running.reason() == "AutoBest"
    add_own(data, "better", mean_iou="99.0", title='"Better"')
    _measured(data, "better")
    assert running.mask() == SHIPPED_MODEL, "it was not told of it yet"
    running.models_changed()
    assert running.mask() == SHIPPED_MODEL and running.reason() == "AutoTrying"
    _work_until_tried(running.worker)
    assert running.mask() == "better" and running.reason() == "AutoBest"
    assert running.channel.report_model == b"Better" and running.channel.can_lighten
    running.channel.eased_model = 1
    running.channel.eased_sequence += 1
    assert running.mask() == SHIPPED_MODEL and running.reason() == "AutoLighter"
    running.channel.eased_model = 0
    running.channel.eased_sequence += 1
    assert running.mask() == "better"
    for path in data.glob("better.*"):
        path.unlink()
    running.models_changed()
    assert running.mask() == SHIPPED_MODEL
    assert not running.channel.can_lighten and list(running.worker.pipelines) == [
        running.worker.streams[0].key
    ]


def test_a_model_that_was_measured_as_too_slow_is_left_out(data: Path) -> None:
    add_own(data, "better", mean_iou="99.0")
    _measured(data, "better", ms=1000.0)
    running = Running()
    _work_until_tried(running.worker)
    running.now += 10 * CALM_SECONDS
    assert running.mask() == SHIPPED_MODEL and running.reason() == "AutoSlow"


class Measured:
    """A stand-in for measuring: ends when told so, with the time that it is told."""

    def __init__(self, data: Path, running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
        self._data = data
        self._survey = running.worker.survey
        self.begun: list[str] = []
        self._ended = False
        stand_in = SimpleNamespace(Popen=self._popen, DEVNULL=None)
        monkeypatch.setattr(choice, "subprocess", stand_in)

    def _popen(self, command: list[str], **_: Any) -> Any:
        self.begun.append(command[-1])
        self._ended = False
        return self

    def poll(self) -> int | None:
        """Return the exit status once it has ended."""
        return 0 if self._ended else None

    def end(self, ms: float) -> None:
        """End with a time for the network, as ``results.survey`` stores it."""
        _measured(self._data, self.begun[-1], ms=ms)
        self._ended = True


@pytest.fixture
def slow_before(data: Path) -> Running:
    """A worker whose better model an earlier one measured as too slow."""
    add_own(data, "better", mean_iou="99.0")
    _measured(data, "better", ms=FAST.budget_ms)
    results.note_tried(key_of(load(data / "better.toml")))
    running = Running()
    assert running.mask() == SHIPPED_MODEL and running.reason() == "AutoWaits"
    return running


def test_a_busy_moment_does_not_cost_the_better_model_for_good(
    data: Path, slow_before: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = Measured(data, slow_before, monkeypatch)
    slow_before.now += CALM_SECONDS - 1.0
    assert slow_before.mask() == SHIPPED_MODEL and not measured.begun
    slow_before.now += 1.0
    assert slow_before.mask() == SHIPPED_MODEL and slow_before.reason() == "AutoAgain"
    assert slow_before.mask() == SHIPPED_MODEL and measured.begun == ["better"]
    measured.end(1.0)
    assert slow_before.mask() == "better" and slow_before.reason() == "AutoBest"
    slow_before.now += 10 * CALM_SECONDS
    assert slow_before.mask() == "better" and measured.begun == ["better"]


def test_what_is_too_slow_again_is_left_alone_until_the_next_start(
    data: Path, slow_before: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = Measured(data, slow_before, monkeypatch)
    slow_before.now += CALM_SECONDS
    slow_before.mask()
    measured.end(FAST.budget_ms)
    assert slow_before.mask() == SHIPPED_MODEL and slow_before.reason() == "AutoSlow"
    slow_before.now += 10 * CALM_SECONDS
    assert slow_before.mask() == SHIPPED_MODEL and measured.begun == ["better"]
    later = Running()
    assert later.mask() == SHIPPED_MODEL and later.reason() == "AutoWaits"


@pytest.mark.parametrize(
    "trouble", [{"every": 2}, {"eased_quality": b"fast"}, {"total_ms": FAST.budget_ms + 1}]
)
def test_nothing_is_measured_again_while_obs_or_the_masks_are_late(
    data: Path, slow_before: Running, trouble: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = Measured(data, slow_before, monkeypatch)
    calm = Calm(lambda: slow_before.now)
    slow_before.now += CALM_SECONDS
    assert calm(slow_before.segment.channels)
    before = {key: getattr(slow_before.channel, key) for key in trouble}
    for key, value in trouble.items():
        setattr(slow_before.channel, key, value)
    assert not calm(slow_before.segment.channels)
    slow_before.worker.work()
    for key, value in before.items():
        setattr(slow_before.channel, key, value)
    slow_before.now += CALM_SECONDS - 1.0
    assert not calm(slow_before.segment.channels), "it has to be calm for a while"
    assert slow_before.mask() == SHIPPED_MODEL and slow_before.reason() == "AutoWaits"
    assert not measured.begun
    slow_before.now += 1.0
    slow_before.mask()
    assert measured.begun == ["better"]


def test_a_model_is_measured_once_and_no_more(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add_own(data, "better", mean_iou="99.0")
    running = Running()
    wanted: list[str] = []

    def want(manifest: Manifest, *, alone: bool = False, again: bool = False) -> bool:
        wanted.append(manifest.name)
        return alone

    monkeypatch.setattr(running.worker.survey, "want", want)
    _work_until_tried(running.worker)
    assert running.mask() == SHIPPED_MODEL and running.reason() == "AutoTrying"
    assert wanted == ["better"]
    _measured(data, "better")
    monkeypatch.setattr(running.worker.survey, "finished", iter(["better", *[""] * 99]).__next__)
    assert running.mask() == "better" and wanted == ["better"]


def test_a_better_model_that_fails_gives_way_without_an_error(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_own(data, "better", mean_iou="99.0")
    _measured(data, "better")
    running = Running()
    _work_until_tried(running.worker)
    assert running.mask() == "better"

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("no more")

    pipeline = running.worker.pipelines[running.worker.streams[0].key]
    monkeypatch.setattr(pipeline, "process", fail)
    _send(running.segment)
    running.worker.work()
    assert running.mask() == SHIPPED_MODEL and running.reason() == "AutoFailed"
    running.models_changed()
    assert running.mask() == "better", "it may have been mended"


def test_a_broken_better_model_is_never_taken(data: Path) -> None:
    add_own(data, "better", mean_iou="99.0", scale="1.0")
    running = Running()
    _work_until_tried(running.worker)
    assert running.mask() == SHIPPED_MODEL and running.reason() == "AutoFailed"


def test_without_any_model_it_says_so(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "models_dir", lambda: data / "nothing ships")
    running = Running()
    running.worker.work()
    assert f"{SHIPPED_MODEL!r} is not installed".encode() in running.channel.report_error
    _choose(running.segment, "gone")
    running.worker.work()
    assert running.channel.report_choice == b""
