"""The status line says what is the matter, in the user's language."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from vb_link import folders, layout, texts
from vb_script import status
from vb_script.worker_problem import Ended, Missing, NotStarted, Problem
from vb_worker import stream
from vb_worker.catalogue.automatic import Choice
from vb_worker.errors import TEXTS, ModelError
from vb_worker.models import find_models

SHIPPED = find_models([folders.models_dir()])


@pytest.fixture
def segment() -> Any:
    made = layout.Segment()
    made.worker_epoch = made.worker_ready = 3
    channel = made.channels[0]
    channel.used = channel.alpha_used = 5
    channel.state = layout.STATE_MASK
    channel.report_model, channel.report_compute = b"Selfie", b"CPU"
    channel.total_ms, channel.masks_per_second, channel.age_frames = 2.0, 30.0, 2
    return made


def _text(segment: Any, problem: Problem | None = None) -> str:
    figures = status.channel_figures(segment, segment.channels[0], problem)
    return figures.text(texts.load("en-US"))


def _figures(segment: Any, locale: str = "en-US") -> str:
    figures = status.channel_figures(segment, segment.channels[0], None)
    return figures.figures(texts.load(locale))


def test_a_running_filter_says_so_and_has_its_figures_apart(segment: Any) -> None:
    assert _text(segment) == "Working: your background is being replaced."
    assert _figures(segment).startswith("Selfie · CPU · 2.0 ms a picture · 30/s · ")
    status.write(segment.channels[0], _text(segment), _figures(segment))
    written = segment.channels[0].status.decode()
    assert written == f"{_text(segment)}\n\n{_figures(segment)}"


@pytest.mark.parametrize(
    ("problem", "expected"),
    [
        (Missing(Path("python")), "(python is missing)"),
        (Ended(1, "no memory"), "stopped (exit status 1: no memory)"),
        (NotStarted("Permission denied"), "cannot be started: Permission denied"),
    ],
)
def test_a_missing_worker_is_explained(segment: Any, problem: Problem, expected: str) -> None:
    assert expected in _text(segment, problem)


def test_starting_waiting_off_cover_and_errors_are_told_apart(segment: Any) -> None:
    channel = segment.channels[0]
    channel.state = layout.STATE_COVER
    assert "cover" in _text(segment)
    channel.report_error = b"The model is broken."
    assert _text(segment) == "The model is broken."
    channel.report_error = b""
    channel.state = layout.STATE_OFF
    assert _text(segment).startswith("Off")
    channel.state, channel.alpha_used = layout.STATE_COVER, 0
    assert _text(segment).startswith("Waiting")
    segment.worker_ready = 2
    assert _text(segment).startswith("Starting")


def test_the_workers_error_is_said_in_the_users_language(segment: Any) -> None:
    channel = segment.channels[0]
    channel.report_error = stream.error_field(
        ModelError("FileMissing", path="/模型/a.onnx", name="a")
    )
    assert _text(segment) == (
        "The model file /模型/a.onnx is missing; run `virtual-background models install a`."
    )
    japanese = status.channel_figures(segment, channel, None).text(texts.load("ja-JP"))
    assert japanese.startswith("モデルのファイル /模型/a.onnx がありません")


@pytest.mark.parametrize(
    "error",
    [
        ModelError("A sentence of its own {x}."),
        OSError("A sentence of its own {x}."),
    ],
)
def test_an_error_without_a_key_is_said_in_english(segment: Any, error: Exception) -> None:
    channel = segment.channels[0]
    channel.report_error = stream.error_field(error)
    japanese = status.channel_figures(segment, channel, None).text(texts.load("ja-JP"))
    assert japanese == "A sentence of its own {x}."


def test_an_error_too_long_for_both_is_said_in_english(segment: Any) -> None:
    channel = segment.channels[0]
    channel.report_error = stream.error_field(ModelError("FileMissing", path="長" * 250, name="a"))
    assert _text(segment).endswith("is missing; run `virtual-background models install a`.")
    channel.report_error = stream.error_field(ModelError("FileMissing", path="長" * 2000, name="a"))
    assert _text(segment).startswith("The model file 長長")


@pytest.mark.parametrize("rest", [b"{", b"[1]", b'{"": "FileMissing"}', b'{"": "Nothing"}'])
def test_a_damaged_error_is_said_in_english(segment: Any, rest: bytes) -> None:
    segment.channels[0].report_error = b"In English.\n" + rest
    assert _text(segment) == "In English."


@pytest.mark.parametrize("reason", [key for key in TEXTS if key.startswith("Auto")])
def test_what_automatic_took_and_why_is_said(segment: Any, reason: str) -> None:
    taken, other = (SHIPPED[name] for name in ("selfie_square", "pphumanseg"))
    segment.channels[0].report_choice = stream.choice_field(Choice(taken, reason, other))
    said = _text(segment).splitlines()
    assert said[0].startswith("Working") and said[1].startswith("Model: Selfie, square, ")
    assert ("PP-HumanSeg" in said[1]) == (reason != "AutoBest")
    japanese = status.channel_figures(segment, segment.channels[0], None).text(texts.load("ja-JP"))
    assert japanese.splitlines()[1].startswith("モデル: Selfie, square (")


@pytest.mark.parametrize("word", layout.ADVICE[1:])
def test_advice_follows_the_line_in_both_languages(segment: Any, word: str) -> None:
    segment.channels[0].report_advice = layout.ADVICE.index(word)
    for locale in ("en-US", "ja-JP"):
        table = texts.load(locale)
        figures = status.channel_figures(segment, segment.channels[0], None)
        assert figures.text(table).splitlines()[1] == table[f"Advice.{word}"]


def test_advice_that_no_worker_can_have_given_is_left_out(segment: Any) -> None:
    segment.channels[0].report_advice = 99
    assert len(_text(segment).splitlines()) == 1


def test_that_nobody_is_there_is_said(segment: Any) -> None:
    segment.channels[0].away = 1
    assert _text(segment) == texts.load("en-US")["Status.Nobody"]


def test_panic_is_said_before_all_else(segment: Any) -> None:
    segment.panic = 1
    assert _text(segment, Missing(Path("/x/python"))) == texts.load("en-US")["Status.Panic"]


def test_the_answer_to_a_request_follows_the_line(segment: Any) -> None:
    figures = status.Figures("Status.Off", notice="Saved.")
    assert figures.text(texts.load("en-US")).endswith("\nSaved.")


def test_settings_with_values_they_cannot_have_are_named(segment: Any) -> None:
    segment.channels[0].settings_error = b"Its default is used: On (active)."
    assert _text(segment).endswith("\nIts default is used: On (active).")


def test_a_status_longer_than_its_field_is_cut_at_a_character(segment: Any) -> None:
    channel = segment.channels[0]
    status.write(channel, "背" * 1000)
    text = channel.status.decode("utf-8")
    assert set(text) == {"背"} and len(text) * 3 < layout.STATUS_BYTES


def test_frame_locked_timing_tells_its_delay_and_when_masks_are_too_late(segment: Any) -> None:
    channel = segment.channels[0]
    channel.delay_frames, channel.delay_ms = 2, 66.7
    assert _text(segment).splitlines()[1] == "The picture comes 67 ms later."
    channel.state, channel.masks_per_second = layout.STATE_COVER, 0.0
    assert _text(segment).startswith("The person is not found for certain")
    channel.masks_per_second = 3.0
    assert _text(segment).startswith("This computer is too slow now, so the cover is shown")


@pytest.mark.parametrize("language", ["en-US", "ja-JP"])
def test_what_is_done_less_is_said_with_its_reason(segment: Any, language: str) -> None:
    channel = segment.channels[0]
    channel.every, channel.eased_quality = 1, b""
    plain = status.channel_figures(segment, channel, None)
    assert not plain.eased
    channel.every, channel.eased_quality = 3, b"fast"
    eased = status.channel_figures(segment, channel, None)
    words = texts.load(language)
    lines = {
        reason: replace(eased, eased=reason).text(words).splitlines()[-1]
        for reason in ("late", "slow")
    }
    assert lines["late"] != lines["slow"]
    for line in lines.values():
        assert words["Quality.fast"] in line and "3" in line and "{" not in line


def test_why_a_unit_gave_way_is_said_in_the_users_language(segment: Any) -> None:
    channel = segment.channels[0]
    channel.alpha_used = channel.used
    channel.state = layout.STATE_MASK
    channel.report_compute = b"CPU"
    error = ModelError("UnitSetAside", unit="CUDA", times=2)
    channel.report_refused = stream.error_field(error)
    assert "CPU (CUDA failed 2 times and is no longer used)" in _figures(segment)
    japanese = _figures(segment, "ja-JP")
    assert "CPU (CUDA は 2 回失敗したため使われません)" in japanese
