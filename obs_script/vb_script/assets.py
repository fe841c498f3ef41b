"""Answers the filters' wishes for pictures, videos and sources.

A filter may neither look up names nor create sources while it draws, so it writes a wish into the
link and takes what is offered here. Until it has taken an offer, the script owns the reference;
afterwards the filter does. Only libobs's own functions are called, without the GIL.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

from vb_link import bounded, limits, picture_size, sentences
from vb_link.slots import fence
from vb_link.texts import SaidError, say
from vb_script import libobs

# How long a file may take to show its first picture before it counts as damaged.
OPEN_SECONDS = 5.0
# After this time a filter that was reading an offer while it was withdrawn has taken it.
TAKING_SECONDS = 0.1

Signature = Optional[tuple[int, int]]


@dataclass(frozen=True)
class Wish:
    """What one filter asks for at the moment."""

    used: int
    sequence: int
    kind: str
    name: str

    @property
    def key(self) -> tuple[int, int]:
        """What tells a wish from every other."""
        return self.used, self.sequence


@dataclass(frozen=True)
class _Opening:
    """A source created for a wish that has no picture yet."""

    wish: Wish
    source: int
    deadline: float
    signature: Signature


class Assets:
    """The offers of one segment. ``answer`` is called by one thread only."""

    def __init__(
        self,
        assets: Sequence[Any],
        library: Any,
        texts: dict[str, str],
        *,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._assets = assets
        self._library = library
        self._texts = texts
        self._now, self._sleep = now, sleep
        self._opening: dict[int, _Opening] = {}
        self._weak: dict[int, bool] = {}
        self._failed: dict[int, tuple[tuple[int, int], Signature]] = {}
        self._shown: dict[int, tuple[tuple[int, int], Signature]] = {}

    def answer(self) -> bool:
        """Answer the wishes. Returns True if some are still pending: call again soon."""
        self._withdraw(lambda asset: not _fits(asset))
        again = False
        for index, asset in enumerate(self._assets):
            wish = _wish(asset)
            opening = self._opening.get(index)
            if opening is not None and (wish is None or opening.wish.key != wish.key):
                self._library.obs_source_release(self._opening.pop(index).source)
                opening = None
            if wish is None:
                self._failed.pop(index, None)
            elif opening is not None:
                self._poll(index, asset, opening)
            elif _untaken(asset) and not _fits(asset):
                again = True  # a new wish since the withdrawal: the old offer is released first
            elif not _fits(asset) or (not asset.offer and asset.offer_error):
                self._try(index, asset, wish)
            elif wish.kind == "image":
                self._tell_changes(index, asset, wish)
        return again or bool(self._opening)

    def close(self) -> None:
        """Release everything no filter has taken."""
        for opening in self._opening.values():
            self._library.obs_source_release(opening.source)
        self._opening.clear()
        self._withdraw(lambda _asset: True)

    def _try(self, index: int, asset: Any, wish: Wish) -> None:
        try:
            if not wish.kind or not wish.name:
                self._offer(index, asset, wish, 0)
            elif wish.kind == "source":
                self._offer(index, asset, wish, self._find(wish.name), weak=True)
            else:
                self._open(index, wish)
        except SaidError as error:
            self._refuse(index, asset, wish, error)

    def _find(self, name: str) -> int:
        """Return a weak reference to the source or scene of that name."""
        source = self._library.obs_get_source_by_name(name.encode())
        if not source:
            raise SaidError("Asset.NoSource", name=name)
        try:
            shows = self._library.obs_source_get_output_flags(source) & libobs.SOURCE_VIDEO
            kind = self._library.obs_source_get_type(source)
            if not shows or kind not in (libobs.TYPE_INPUT, libobs.TYPE_SCENE):
                raise SaidError("Asset.NoPicture", name=name)
            return int(self._library.obs_source_get_weak_source(source))
        finally:
            self._library.obs_source_release(source)

    def _open(self, index: int, wish: Wish) -> None:
        failed = self._failed.get(index)
        signature = _signature(wish.name)
        if failed is not None and failed == (wish.key, signature):
            return  # it failed before, and neither the wish nor the file has changed
        if signature is None:
            raise SaidError("Asset.NoFile", name=wish.name)
        if wish.kind == "image":
            refuse_large(wish.name)
        make = {"image": self._image, "video": self._video}.get(wish.kind)
        if make is None:
            raise SaidError("Asset.Unknown", name=wish.kind)
        source = make(wish.name)
        if not source:
            raise SaidError(f"Asset.Bad.{wish.kind}", name=wish.name)
        # A source that is shown nowhere neither loads its picture nor plays.
        self._library.obs_source_inc_showing(source)
        deadline = self._now() + OPEN_SECONDS
        opening = self._opening[index] = _Opening(wish, source, deadline, signature)
        self._poll(index, self._assets[index], opening)

    def _image(self, path: str) -> int:
        return self._private("image_source", {"file": path, "unload": False})

    def _video(self, path: str) -> int:
        source = self._private(
            "ffmpeg_source",
            {
                "local_file": path,
                "is_local_file": True,
                "looping": True,
                "restart_on_activate": False,
                "close_when_inactive": False,
                "clear_on_media_end": False,
                "hw_decode": False,
            },
        )
        if source:
            self._library.obs_source_set_muted(source, True)
            self._library.obs_source_set_audio_mixers(source, 0)
        return source

    def _private(self, kind: str, settings: dict[str, str | bool]) -> int:
        library = self._library
        data = library.obs_data_create()
        try:
            for key, value in settings.items():
                if isinstance(value, bool):
                    library.obs_data_set_bool(data, key.encode(), value)
                else:
                    library.obs_data_set_string(data, key.encode(), value.encode())
            name = b"Virtual Background"
            return int(library.obs_source_create_private(kind.encode(), name, data) or 0)
        finally:
            library.obs_data_release(data)

    def _poll(self, index: int, asset: Any, opening: _Opening) -> None:
        """Offer an opened source as soon as it has a picture; refuse it if it never will.

        An image source has read its file once it is created; a media source that cannot play ends.
        """
        if self._library.obs_source_get_width(opening.source):
            del self._opening[index]
            self._offer(index, asset, opening.wish, opening.source)
            self._shown[index] = (opening.wish.key, opening.signature)
        elif (
            opening.wish.kind == "image"
            or self._library.obs_source_media_get_state(opening.source) in libobs.MEDIA_OVER
            or self._now() > opening.deadline
        ):
            del self._opening[index]
            self._library.obs_source_release(opening.source)
            wish = opening.wish
            self._refuse(
                index, asset, wish, SaidError(f"Asset.Bad.{wish.kind}", name=wish.name)
            )  # fmt: skip
            self._failed[index] = (wish.key, opening.signature)

    def _tell_changes(self, index: int, asset: Any, wish: Wish) -> None:
        shown, now = self._shown.get(index), (wish.key, _signature(wish.name))
        if shown != now:
            self._shown[index] = now
            if shown is not None and shown[0] == wish.key:
                asset.file_changes += 1

    def _refuse(self, index: int, asset: Any, wish: Wish, error: SaidError) -> None:
        sentence = say(self._texts, error.key, **error.details)
        self._failed[index] = (wish.key, _signature(wish.name) if wish.kind != "source" else None)
        if not _fits(asset) or asset.offer_error.decode("utf-8", "replace") != sentence:
            self._offer(index, asset, wish, 0, error=sentence)

    def _offer(
        self,
        index: int,
        asset: Any,
        wish: Wish,
        pointer: int,
        *,
        weak: bool = False,
        error: str = "",
    ) -> None:
        asset.offer_sequence = 0
        fence()
        asset.offer = pointer
        asset.offer_error = sentences.fitting(error, type(asset).offer_error.size)
        asset.offer_used = wish.used
        self._weak[index] = weak
        fence()
        asset.offer_sequence = wish.sequence

    def _withdraw(self, which: Callable[[Any], bool]) -> None:
        """Withdraw the untaken offers that ``which`` selects and release their references."""
        stale = [
            (index, asset, int(asset.offer_sequence))
            for index, asset in enumerate(self._assets)
            if _untaken(asset) and which(asset)
        ]
        if not stale:
            return
        for _, asset, _ in stale:
            asset.offer_sequence = 0
        fence()
        self._sleep(TAKING_SECONDS)
        for index, asset, sequence in stale:
            if asset.taken == sequence:
                asset.offer_sequence = sequence
                continue
            pointer, asset.offer = int(asset.offer), 0
            if self._weak.get(index):
                self._library.obs_weak_source_release(pointer)
            else:
                self._library.obs_source_release(pointer)


def refuse_large(path: str) -> None:
    """Raise SaidError for a picture that would take too much of OBS's memory to decode."""
    try:
        head, count = bounded.head(Path(path), picture_size.HEAD_BYTES)
    except OSError as error:
        raise SaidError("Asset.Bad.image", name=path) from error
    # Whether OBS can open other formats is left to OBS.
    width, height = picture_size.size_of(head) or (0, 0)
    if count > limits.PICTURE_BYTES or width * height > limits.OBS_PICTURE_PIXELS:
        raise SaidError(
            "Asset.TooLarge", name=path,
            megapixels=limits.OBS_PICTURE_PIXELS // 1_000_000,
            size=bounded.size_text(limits.PICTURE_BYTES),
        )  # fmt: skip


def _wish(asset: Any) -> Wish | None:
    if not asset.used:
        return None
    used, sequence = int(asset.used), int(asset.wish_sequence)
    fence()
    # If the filter is writing its next wish now, it will not take the answer to this one.
    kind = asset.wish_kind.decode("utf-8", "replace")
    return Wish(used, sequence, kind, asset.wish_name.decode("utf-8", "replace"))


def _untaken(asset: Any) -> bool:
    """Return whether an offer is there whose reference the script still owns."""
    return bool(asset.offer and asset.taken != asset.offer_sequence)


def _fits(asset: Any) -> bool:
    """Return whether the offer answers the current wish."""
    return bool(
        asset.used
        and asset.offer_used == asset.used
        and asset.offer_sequence == asset.wish_sequence
    )


def _signature(path: str) -> Signature:
    """Return a value that changes whenever the file does, or None while there is none."""
    try:
        found = Path(path).stat()
        return (found.st_mtime_ns, found.st_size) if Path(path).is_file() else None
    except (OSError, ValueError):
        return None
