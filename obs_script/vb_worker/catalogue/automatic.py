"""*Automatic*: the most accurate of the installed models that fits this computer beside OBS.

Accuracy is what the manifests say (``mean_iou``). A model's own time is measured on this computer
before it is taken, in a process of its own (``units.timing``; ``units.results`` keeps it). The
model that ships needs no measurement: it serves until another is known to fit.

The computer may have been busy then. So a model that was too slow, or did not run, is measured once
more by each later worker as soon as OBS has kept up for a while (``Calm``), and the best of all
times counts. A time can only get better, so the model changes once and never back.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from vb_link.settings import SHIPPED_MODEL
from vb_worker.catalogue.quarantine import Quarantine
from vb_worker.errors import ModelError
from vb_worker.matte.quality import Quality, preset
from vb_worker.models.families import FAMILIES, finds_person
from vb_worker.models.manifest import Manifest
from vb_worker.units import results, timing
from vb_worker.units.choice import Survey

# Of OBS's start, when files are read and shaders are compiled, the first seconds are the busiest.
CALM_SECONDS = 60.0


@dataclass(frozen=True)
class Candidate:
    """A model that may be taken. ``ms``: the network's own time, None if not measured yet;
    ``failed``: it does not run here. ``again``: "AutoWaits" if an earlier worker measured it, so
    that this one may do so again, "AutoAgain" while it does.
    """

    manifest: Manifest
    ms: float | None = None
    failed: bool = False
    again: str = ""

    @property
    def ships(self) -> bool:
        """Whether it is the model that serves without a measurement."""
        return self.manifest.name == SHIPPED_MODEL


@dataclass(frozen=True)
class Choice:
    """The model to use (None: none yet), and why.

    ``reason``: a key of ``errors.TEXTS``; ``other``: the more accurate model that was passed over,
    if there is one. ``untried``: the most accurate model that has to be tried and measured before
    it can be taken. ``retry``: the most accurate model that an earlier worker found too slow or
    failing. ``can_lighten``: whether a lighter model could be taken.
    """

    manifest: Manifest | None
    reason: str = ""
    other: Manifest | None = None
    untried: Manifest | None = None
    can_lighten: bool = False
    retry: Manifest | None = None

    @property
    def arguments(self) -> dict[str, str]:
        """Return the placeholders of the reason's sentence."""
        titles = {"title": self.manifest, "other": self.other}
        return {key: found.title for key, found in titles.items() if found is not None}


def may_be_taken(models: Iterable[Manifest]) -> list[Manifest]:
    """Return the installed networks that find people, none whose licence forbids commercial use.

    Of two that answer together both have to be.
    """
    usable = {
        model.name: model
        for model in models
        if model.installed
        and model.commercial
        and finds_person(model)
        and FAMILIES[model.kind].is_network
    }
    return [
        model
        for model in usable.values()
        if not model.output.companion or model.output.companion in usable
    ]


def allowed(models: Iterable[Manifest]) -> list[Manifest]:
    """Return the installed networks that may be taken unasked, the most accurate first.

    None whose licence forbids commercial use; one of unknown accuracy only if it is the only one.
    """
    found = may_be_taken(models)
    known = [model for model in found if model.mean_iou]
    if known:
        return sorted(known, key=lambda model: -model.mean_iou)
    return found if len(found) == 1 else []


_MAY_CHANGE = ("AutoWaits", "AutoFailed")


def choose(candidates: Sequence[Candidate], quality: Quality, *, lighter: bool = False) -> Choice:
    """Choose from ``candidates``, the most accurate first.

    ``lighter``: OBS is short of time, so the model that ships is taken where it runs.
    """
    usable = [candidate for candidate in candidates if not candidate.failed]
    shipped = next((candidate for candidate in usable if candidate.ships), None)
    reason, other, untried, retry = "", None, None, None
    taken, can_lighten = None, False
    for candidate in candidates:
        why = _objection(candidate, quality)
        if not why and shipped is not None and not candidate.ships:
            can_lighten = True
            why = "AutoLighter" if lighter else ""
        if not why:
            taken = candidate
            break
        if why == "AutoTrying" and untried is None:
            untried = candidate.manifest
        if retry is None and candidate.again == "AutoWaits" and why in _MAY_CHANGE:
            retry = candidate.manifest
        if not reason:
            reason, other = why, candidate.manifest
    if taken is None:  # even the fastest is too slow: better late than covered
        known = [candidate for candidate in usable if candidate.ms is not None]
        taken = min(known, key=lambda candidate: candidate.ms or 0.0, default=None)
        if taken is not None and taken.manifest == other:
            reason, other = "", None
    if taken is None:
        return Choice(None, reason, other, untried, retry=retry)
    return Choice(taken.manifest, reason or "AutoBest", other, untried, can_lighten, retry)


def _objection(candidate: Candidate, quality: Quality) -> str:
    """Return why a candidate cannot be taken: a key of ``errors.TEXTS``, or ""."""
    if candidate.failed:
        return "AutoFailed"
    if candidate.ships:
        return ""
    if candidate.ms is None:
        return "AutoTrying"
    if timing.fits(candidate.ms, quality):
        return ""
    return (timing.may_fit(candidate.ms, quality) and candidate.again) or "AutoSlow"


class Calm:
    """Knows whether OBS and the masks have kept up for ``CALM_SECONDS``."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """``clock`` returns seconds."""
        self._clock = clock
        self._since = clock()

    def __call__(self, channels: Iterable[Any]) -> bool:
        """Return whether it is calm; ``channels``: the link's. Called at least once a frame."""
        now = self._clock()
        if any(channel.used and _is_pressed(channel) for channel in channels):
            self._since = now
        return now - self._since >= CALM_SECONDS


def _is_pressed(channel: Any) -> bool:
    """Return whether a filter does less than its user chose, or its masks take too long."""
    eased = channel.every > 1 or channel.eased_quality or channel.eased_model
    quality = preset(channel.quality.decode("utf-8", "replace"))
    return bool(eased) or not channel.total_ms <= quality.budget_ms


@dataclass
class Automatic:
    """Knows which models failed or were measured, and has the next one tried.

    ``refused``: the names of models that have crashed workers before. ``calm``: whether what an
    earlier worker measured may be measured again now.
    """

    quarantine: Quarantine
    survey: Survey
    refused: Collection[str] = ()
    calm: bool = False
    _failed: dict[str, Exception] = field(default_factory=dict)
    _chosen: dict[tuple[str, str, bool], Choice] = field(default_factory=dict)

    def choose(
        self,
        find: Callable[[], Mapping[str, Manifest]],
        quality: str,
        compute: str,
        *,
        lighter: bool,
    ) -> Choice:
        """Return the model to use now; another one may follow (``renew``).

        ``find`` returns all models there are. Raises ModelError if there is none yet.
        """
        key = (quality, compute, lighter)
        if key not in self._chosen:
            self._chosen[key] = self._choose(find().values(), quality, compute, lighter)
        choice = self._chosen[key]
        if choice.manifest is not None:
            return choice
        if choice.untried is not None:
            raise ModelError("BeingTried", title=choice.untried.title)
        failure = next(iter(self._failed.values()), None)
        if isinstance(failure, ModelError):
            raise failure
        raise ModelError("NotInstalled", name=SHIPPED_MODEL)

    @property
    def waits(self) -> bool:
        """Whether a model would be measured again if the computer were calm."""
        retries = any(choice.retry is not None for choice in self._chosen.values())
        return retries and not (self.survey.running or self.quarantine.running)

    def renew(self, *, models_changed: bool = False) -> None:
        """Choose anew at the next call; a model that failed may have been replaced."""
        self._chosen.clear()
        if models_changed:
            self._failed.clear()

    def fail(self, name: str, error: Exception) -> None:
        """Do not take this model again until the models change."""
        self._failed[name] = error
        self.renew()

    def _choose(
        self, models: Iterable[Manifest], quality: str, compute: str, lighter: bool
    ) -> Choice:
        listed = allowed(models)
        being_tried: set[str] = set()
        while True:
            candidates = [
                self._candidate(manifest, compute, tried=manifest.name not in being_tried)
                for manifest in listed
            ]
            choice = choose(candidates, preset(quality), lighter=lighter)
            taken = choice.manifest
            # It may have been measured in another version of the file.
            if taken is not None and taken.name != SHIPPED_MODEL and not self._passed(taken):
                being_tried.add(taken.name)
            elif choice.untried is not None:
                if self._try(choice.untried):
                    return choice
            elif not self._measure_again(choice.retry):
                return choice

    def _candidate(self, manifest: Manifest, compute: str, *, tried: bool) -> Candidate:
        if manifest.name in self.refused or manifest.name in self._failed:
            return Candidate(manifest, failed=True)
        if not tried:
            return Candidate(manifest)
        measured = results.probes(manifest)
        unit = results.fastest(manifest) if compute == results.AUTO else compute
        row = measured.get(unit) or measured.get(results.CPU)
        if row is None:
            return Candidate(manifest)
        again = "" if self.survey.asked(manifest.name) else "AutoWaits"
        if self.survey.measures(manifest.name):
            again = "AutoAgain"
        return Candidate(manifest, row.ms, failed=not row.usable, again=again)

    def _passed(self, manifest: Manifest) -> bool:
        """Return whether a model may be opened; if not, it is being tried or has failed."""
        try:
            self.quarantine.allow(manifest)
        except (ModelError, OSError) as error:  # OSError: no process could be started
            if not (isinstance(error, ModelError) and error.key == "BeingTried"):
                self._failed[manifest.name] = error
            return False
        return True

    def _measure_again(self, manifest: Manifest | None) -> bool:
        """Have a model measured again if it is time; return whether that has begun."""
        if manifest is None or not self.calm or not self._passed(manifest):
            return False
        self.survey.want(manifest, alone=True, again=True)
        return self.survey.measures(manifest.name)

    def _try(self, manifest: Manifest) -> bool:
        """Have a model tried, then measured; return False if it failed.

        The worker calls ``renew`` when one of the two has ended.
        """
        if not self._passed(manifest):
            return manifest.name not in self._failed
        if self.survey.want(manifest, alone=True):
            return True
        self._failed[manifest.name] = ModelError(
            "CannotLoad", path=manifest.weights, reason="it was not measured"
        )
        return False
