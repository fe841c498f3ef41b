"""The status line of a filter, in the user's words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from vb_link import layout, sentences
from vb_link.settings import QUALITIES
from vb_script.worker_problem import Problem


@dataclass(frozen=True)
class Figures:
    """What a status line says: ``kind`` is the text key, the rest its figures.

    ``error`` is the worker's own error as stored in the link, ``worker`` why there is no worker.
    """

    kind: str
    detail: str = ""
    error: bytes = b""
    worker: Problem | None = None
    model: str = ""
    compute: str = ""
    settings_error: str = ""  # which settings have invalid values
    choice: bytes = b""  # which model Automatic took and why, as stored in the link
    refused: bytes = b""  # why another compute unit is not in use, as stored in the link
    milliseconds: float = 0.0
    rate: float = 0.0
    age_frames: float = 0.0
    age_ms: float = 0.0
    delay_ms: float = 0.0
    eased: str = ""  # why the filter runs below the chosen quality or rate: "late", "slow" or ""
    every: int = 1
    lighter: bool = False
    quality: str = ""
    advice: str = ""  # a word of layout.ADVICE
    notice: str = ""  # the answer to the user's latest request

    def text(self, texts: dict[str, str]) -> str:
        """Return the status, one sentence per line."""
        template = texts.get(self.kind, self.kind)
        detail = worker_words(self.error, texts) if self.error else self.detail
        if self.worker is not None:
            detail = self.worker.text(texts)
        lines = [template.format(detail=detail)]
        if self.settings_error:
            lines.append(self.settings_error)
        # The panel has room for few lines and leaves out the last ones.
        if self.notice:
            lines.append(self.notice)
        elif self.eased and self.kind == "Status.Running":
            lines[0] = self._eased(texts)  # which also says that it works
        elif self.eased:
            lines.append(self._eased(texts))
        if self.advice:
            lines.append(texts[f"Advice.{self.advice}"])
        if self.choice:
            lines.append(worker_words(self.choice, texts))
        if self.delay_ms:
            lines.append(texts["Status.Delayed"].format(delay_ms=self.delay_ms))
        return "\n".join(lines)

    def figures(self, texts: dict[str, str]) -> str:
        """Return the line of figures, or ""."""
        if not self.model:
            return ""
        compute = self.compute
        if self.refused:
            compute += f" ({worker_words(self.refused, texts).rstrip('.。')})"
        return texts["Status.Figures"].format(
            model=self.model, compute=compute, milliseconds=self.milliseconds, rate=self.rate,
            age_frames=self.age_frames, age_ms=self.age_ms,
        )  # fmt: skip

    def _eased(self, texts: dict[str, str]) -> str:
        what = []
        if self.quality:
            what.append(texts["Eased.Quality"].format(quality=texts[f"Quality.{self.quality}"]))
        if self.every > 1:
            what.append(texts["Eased.Every"].format(every=self.every))
        if self.lighter:
            what.append(texts["Eased.Lighter"])
        return texts[f"Status.Eased.{self.eased}"].format(what=texts["Eased.And"].join(what))


def worker_words(error: bytes, texts: dict[str, str]) -> str:
    """Return the worker's error in the user's language, or in English if not translated."""
    key, arguments = sentences.unpack(error)
    template = texts.get(f"Worker.{key}")
    try:
        return template.format(**arguments) if template else sentences.english(error)
    except (KeyError, IndexError, ValueError):
        return sentences.english(error)


def channel_figures(segment: Any, channel: Any, problem: Problem | None) -> Figures:
    """Return the figures of one filter."""
    if segment.panic:
        figures = Figures("Status.Panic")
    elif problem is not None:
        figures = Figures("Status.Error", worker=problem)
    else:
        figures = _channel_figures(segment, channel)
    return replace(figures, settings_error=channel.settings_error.decode("utf-8", "ignore"))


def _channel_figures(segment: Any, channel: Any) -> Figures:
    if segment.worker_ready == 0 or segment.worker_ready != segment.worker_epoch:
        return Figures("Status.Starting")
    if channel.report_error:
        return Figures("Status.Error", error=channel.report_error)
    if channel.state == layout.STATE_OFF:
        return Figures("Status.Off")
    if channel.alpha_used != channel.used:
        return Figures("Status.Waiting")
    # The worker can write to this memory: use only valid values.
    quality = channel.eased_quality.decode("utf-8", "replace")
    quality = quality if quality in QUALITIES else ""
    delay, advice = int(channel.delay_frames), int(channel.report_advice)
    if channel.state == layout.STATE_MASK:
        kind = "Status.Nobody" if channel.away else "Status.Running"
    elif delay and channel.masks_per_second:
        kind, delay = "Status.TooLate", 0
    else:
        kind, delay = "Status.Cover", 0
    return Figures(
        kind,
        model=channel.report_model.decode("utf-8", "replace"),
        compute=channel.report_compute.decode("utf-8", "replace"),
        choice=channel.report_choice,
        refused=channel.report_refused,
        milliseconds=channel.total_ms,
        rate=channel.masks_per_second,
        age_frames=channel.age_frames,
        age_ms=channel.age_ms,
        delay_ms=channel.delay_ms if delay else 0.0,
        eased="late" if channel.every > 1 or quality or channel.eased_model else "",
        every=int(channel.every),
        lighter=bool(channel.eased_model),
        quality=quality,
        advice=layout.ADVICE[advice] if advice < len(layout.ADVICE) else "",
    )


def write(channel: Any, text: str, figures: str = "") -> None:
    """Write a status line and, after an empty line, its figures into a filter's channel."""
    channel.status = sentences.fitting(f"{text}\n\n{figures}", layout.STATUS_BYTES)
