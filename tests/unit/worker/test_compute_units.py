"""Compute units: tried apart, remembered, chosen; what fails gives way to the CPU."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import onnxruntime
import pytest

from tests.unit import traps
from vb_link import folders, unit_file
from vb_worker import cli
from vb_worker.models import Manifest, ModelError, find_models
from vb_worker.runtime import providers
from vb_worker.runtime.providers import ComputeUnit
from vb_worker.units import choice, probe, results
from vb_worker.units.probe import Probe

CPU = ComputeUnit("cpu", "CPU", providers.CPU)
OTHER = ComputeUnit("other", "Other GPU", "NoSuchExecutionProvider")


@pytest.fixture
def manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Manifest:
    """The default model, with nothing remembered."""
    monkeypatch.setenv(folders.DATA_VARIABLE, str(tmp_path))
    return find_models([folders.models_dir()])["selfie_square"]


@pytest.fixture
def two_units(monkeypatch: pytest.MonkeyPatch) -> None:
    """An onnxruntime that says it has another unit."""
    for module in (results, choice):
        monkeypatch.setattr(module, "available_units", lambda: [CPU, OTHER])
    monkeypatch.setattr(providers, "available_units", lambda: [CPU, OTHER])


def _probed(monkeypatch: pytest.MonkeyPatch, **ms: float | str) -> list[str]:
    asked: list[str] = []

    def stand_in(_manifest: Manifest, unit: str, **_: object) -> Probe:
        asked.append(unit)
        value = ms[unit]
        return Probe(reason=value) if isinstance(value, str) else Probe(value, value * 10)

    monkeypatch.setattr(probe, "probe", stand_in)
    return asked


def test_the_cpu_is_probed_in_a_process_of_its_own(manifest: Manifest) -> None:
    found = probe.probe(manifest, "cpu")
    assert found.usable, found.reason
    assert 0 < found.ms < found.first_ms


def test_a_probe_imports_nothing_from_the_current_folder(
    manifest: Manifest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    traps.lay(tmp_path / "trap", monkeypatch)
    found = probe.probe(manifest, "cpu")
    assert found.usable, found.reason


def test_a_unit_that_is_not_there_gives_its_reason(manifest: Manifest) -> None:
    found = probe.probe(manifest, "abacus")
    assert not found.usable
    assert "abacus" in found.reason and "cpu" in found.reason


def test_a_unit_that_hangs_is_ended(manifest: Manifest, monkeypatch: pytest.MonkeyPatch) -> None:
    sleeper = [sys.executable, "-c", "import time; time.sleep(60)"]
    run = subprocess.run
    monkeypatch.setattr(
        subprocess, "run", lambda _command, **more: run(sleeper, **more)
    )  # fmt: skip
    begin = time.monotonic()
    found = probe.probe(manifest, "cpu", seconds=0.3)
    assert found.reason == "no answer within 0 seconds"
    assert time.monotonic() - begin < 20


@pytest.mark.parametrize(
    ("code", "out", "said", "words"),
    [
        pytest.param(-11, "", "", "SIGSEGV", marks=pytest.mark.posix("Windows has no signals")),
        (0xC0000005, "", "", "0xC0000005"),
        (3, "", "x\nlibcudnn.so is missing\n", "libcudnn.so is missing"),
        (0, "noise", "", "no reason"),
    ],
)
def test_how_a_process_ends_is_put_in_words(code: int, out: str, said: str, words: str) -> None:
    assert words in probe._read(code, out, said).reason


@pytest.mark.usefixtures("two_units")
def test_the_fastest_is_measured_once_and_remembered(
    manifest: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = _probed(monkeypatch, cpu=2.0, other=0.5)
    assert results.fastest(manifest) == "cpu"  # nothing is known: what always works
    assert not results.is_known(manifest)
    results.survey(manifest)
    assert asked == ["cpu", "other"]
    assert results.is_known(manifest)
    assert results.fastest(manifest) == "other"
    assert unit_file.read()["units"][1] == {"name": "other", "title": "Other GPU"}
    monkeypatch.setattr(results, "driver", lambda: "another driver")
    assert not results.is_known(manifest)
    assert results.fastest(manifest) == "cpu"


def test_the_best_of_the_times_seen_counts_unless_they_are_to_be_forgotten(
    manifest: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "available_units", lambda: [CPU])
    for measured, best in ((20.0, 20.0), (5.0, 5.0), (9.0, 5.0), ("no answer", 5.0)):
        _probed(monkeypatch, cpu=measured)
        assert results.survey(manifest)["cpu"].ms == best
        assert results.probes(manifest)["cpu"] == Probe(best, best * 10)
    _probed(monkeypatch, cpu="broken")
    results.survey(manifest, forget=True)
    assert results.probes(manifest)["cpu"].reason == "broken"
    _probed(monkeypatch, cpu=8.0)
    assert results.survey(manifest)["cpu"].usable, "what failed once may run now"


def test_a_pair_is_not_known_by_the_time_of_its_first_model(
    manifest: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "available_units", lambda: [CPU])
    pair = replace(manifest, output=replace(manifest.output, companion="other"))
    _probed(monkeypatch, cpu=2.0)
    results.survey(manifest)
    assert not results.is_known(pair)
    _probed(monkeypatch, cpu=9.0)
    results.survey(pair)
    assert (results.probes(manifest)["cpu"].ms, results.probes(pair)["cpu"].ms) == (2.0, 9.0)


@pytest.mark.usefixtures("two_units")
def test_what_was_refused_is_never_chosen(
    manifest: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    _probed(monkeypatch, cpu=2.0, other="no driver")
    results.survey(manifest)
    assert results.fastest(manifest) == "cpu"
    assert results.probes(manifest)["other"].reason == "no driver"


@pytest.mark.usefixtures("two_units")
def test_a_unit_that_fails_gives_way_and_one_that_ends_the_worker_is_set_aside(
    manifest: Manifest,
) -> None:
    for _ in range(results.MOST_STARTS + 1):
        model, unit = choice.open_chosen(manifest, "other")
        assert unit == "cpu"
        assert model.compute == "CPU" and "no longer used" not in str(model.refused)
    assert not results.is_set_aside("other")
    for _ in range(results.MOST_STARTS):  # started, and never heard of again
        results.note_start("other")
    assert results.is_set_aside("other")
    model, _ = choice.open_chosen(manifest, "other")
    assert "no longer used" in str(model.refused)
    results.note_mask("other")
    assert not results.is_set_aside("other")


def test_a_choice_of_another_computer_runs_on_the_cpu(manifest: Manifest) -> None:
    model, unit = choice.open_chosen(manifest, "cuda:7")
    assert unit == "cpu" and "cuda:7" in str(model.refused)
    for chosen in ("cpu", "auto", ""):
        model, unit = choice.open_chosen(manifest, chosen)
        assert (model.compute, unit) == ("CPU", "cpu")


@pytest.mark.usefixtures("two_units")
def test_the_survey_runs_beside_the_worker(
    manifest: Manifest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = tmp_path / "done"
    program = f"import pathlib, sys; pathlib.Path({str(done)!r}).write_text(sys.argv[-1])"
    popen = subprocess.Popen
    monkeypatch.setattr(
        subprocess,
        "Popen",
        lambda command, **more: popen([sys.executable, "-c", program, command[-1]], **more),
    )
    survey = choice.Survey()
    survey.want(manifest)
    limit = time.monotonic() + 30
    while not survey.finished():
        assert time.monotonic() < limit
        time.sleep(0.02)
    assert done.read_text() == "selfie_square"
    assert not survey.finished()  # told once
    done.unlink()
    survey.want(manifest)  # asked before: not again in this worker's life
    assert survey._running is None


def test_with_the_cpu_alone_nothing_is_surveyed(
    manifest: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choice, "available_units", lambda: [CPU])
    survey = choice.Survey()
    survey.want(manifest)
    assert survey._running is None


def test_the_command_lists_and_remembers(
    manifest: Manifest, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cli.main(["compute", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["model"] == manifest.name
    cpu = found["units"][0]
    assert cpu["unit"] == "cpu" and cpu["ms"] > 0 and cpu["auto"] is (len(found["units"]) == 1)
    asked = _probed(monkeypatch, cpu=1.0)
    assert cli.main(["compute"]) == 0
    assert asked == [] and "auto takes it" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("provider", "names"),
    [
        ("CUDAExecutionProvider", ["cuda", "cuda:1"]),
        ("TensorrtExecutionProvider", ["tensorrt", "tensorrt:1"]),
        ("CoreMLExecutionProvider", ["coreml:cpu", "coreml:gpu", "coreml:all"]),
        ("QNNExecutionProvider", ["qnn:npu", "qnn:gpu"]),
        ("OpenVINOExecutionProvider", ["openvino:cpu", "openvino:gpu"]),
        ("MIGraphXExecutionProvider", ["migraphx"]),
        ("XnnpackExecutionProvider", ["xnnpack"]),
        ("DmlExecutionProvider", ["directml"]),
    ],
)
def test_every_device_is_a_unit(
    provider: str, names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        onnxruntime, "get_available_providers", lambda: [provider, "CPUExecutionProvider"]
    )
    monkeypatch.setattr(providers, "nvidia_gpus", lambda: ("RTX A", "RTX B"))
    monkeypatch.setattr(
        onnxruntime.capi._pybind_state,
        "get_available_openvino_device_ids",
        lambda: ["CPU", "GPU"],
        raising=False,
    )
    units = providers.available_units()
    assert [unit.name for unit in units] == ["cpu", *names]
    assert len({unit.title for unit in units}) == len(units)
    listed = providers.provider_list(units[-1], 3)
    assert listed[0][0] == provider and listed[-1] == providers.CPU
    for key, value in units[-1].options:
        assert listed[0][1][key] == value


@pytest.mark.posix("a shell script stands in for the driver's program")
def test_the_drivers_versions_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text('#!/bin/sh\necho "$1" | grep -q name && echo "RTX A" || echo "575.1"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    providers.nvidia_gpus.cache_clear()
    providers.driver.cache_clear()
    try:
        assert providers.nvidia_gpus() == ("RTX A",)
        assert "575.1" in providers.driver()
        assert onnxruntime.__version__ in providers.driver()
    finally:
        providers.nvidia_gpus.cache_clear()
        providers.driver.cache_clear()


def test_an_unknown_unit_is_refused_with_those_there_are() -> None:
    with pytest.raises(ModelError, match="cpu"):
        providers.find_unit("abacus")
