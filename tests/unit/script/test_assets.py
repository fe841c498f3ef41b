"""Wishes are answered, refused in words, and no reference is lost or given away twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vb_link import layout, texts
from vb_script.assets import OPEN_SECONDS, TAKING_SECONDS, Assets

ENGLISH = texts.load("en-US")


class Library:
    """libobs: sources are numbers, weak references their negatives; counts references."""

    def __init__(self) -> None:
        self.references: Counter[int] = Counter()
        self.named: dict[bytes, int] = {}
        self.kinds: dict[int, tuple[int, int]] = {}
        self.widths: dict[int, int] = {}
        self.made: list[tuple[bytes, dict[bytes, object]]] = []
        self.calls: list[str] = []
        self.next_width = 32
        self.media_state = 1

    def obs_data_create(self) -> dict[bytes, object]:
        return {}

    def obs_data_release(self, _data: object) -> None:
        pass

    def obs_data_set_string(self, data: dict[bytes, object], key: bytes, value: bytes) -> None:
        data[key] = value

    obs_data_set_bool = obs_data_set_string

    def obs_source_create_private(
        self, kind: bytes, _name: bytes, data: dict[bytes, object]
    ) -> int:
        self.made.append((kind, data))
        source = 100 + len(self.made)
        self.references[source] += 1
        self.widths[source] = self.next_width
        return source

    def obs_source_inc_showing(self, source: int) -> None:
        self.calls.append(f"show {source}")

    def obs_source_set_muted(self, source: int, muted: bool) -> None:
        self.calls.append(f"mute {source}" if muted else "")

    def obs_source_set_audio_mixers(self, source: int, mixers: int) -> None:
        self.calls.append(f"mixers {source} {mixers}")

    def obs_source_get_width(self, source: int) -> int:
        return self.widths[source]

    def obs_source_media_get_state(self, _source: int) -> int:
        return self.media_state

    def obs_source_release(self, source: int) -> None:
        self.references[source] -= 1

    def obs_get_source_by_name(self, name: bytes) -> int | None:
        source = self.named.get(name)
        if source is not None:
            self.references[source] += 1
        return source

    def obs_source_get_output_flags(self, source: int) -> int:
        return self.kinds[source][1]

    def obs_source_get_type(self, source: int) -> int:
        return self.kinds[source][0]

    def obs_source_get_weak_source(self, source: int) -> int:
        self.references[-source] += 1
        return -source & (1 << 64) - 1

    def obs_weak_source_release(self, pointer: int) -> None:
        self.references[pointer - (1 << 64)] -= 1

    def held(self) -> dict[int, int]:
        return {source: count for source, count in self.references.items() if count}


class Bench:
    """Three assets, a clock that only sleeping moves."""

    def __init__(self) -> None:
        self.library = Library()
        self.assets = (layout.Asset * 3)()
        self.clock = 0.0
        self.on_sleep: Callable[[], None] = lambda: None
        self.script = Assets(
            self.assets, self.library, ENGLISH, now=lambda: self.clock, sleep=self._sleep
        )

    def _sleep(self, seconds: float) -> None:
        self.clock += seconds
        self.on_sleep()

    def wish(self, kind: str, name: object, index: int = 0, used: int = 7) -> Any:
        asset = self.assets[index]
        asset.used = used
        asset.wish_kind, asset.wish_name = kind.encode(), str(name).encode()
        asset.wish_sequence += 1
        return asset

    def answered(self, asset: Any) -> bool:
        return bool(asset.offer_sequence == asset.wish_sequence and asset.offer_used == asset.used)


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "picture.png"
    path.write_bytes(b"stands for a picture")
    return path


def test_a_picture_is_made_shown_and_offered(bench: Bench, picture: Path) -> None:
    asset = bench.wish("image", picture)
    assert not bench.script.answer()
    assert bench.answered(asset) and asset.offer == 101 and asset.offer_error == b""
    assert bench.library.made == [
        (b"image_source", {b"file": str(picture).encode(), b"unload": False})
    ]
    assert bench.library.calls == ["show 101"]
    assert bench.library.held() == {101: 1}


def test_the_filter_hears_when_a_pictures_file_has_changed(bench: Bench, picture: Path) -> None:
    asset = bench.wish("image", picture)
    bench.script.answer()
    assert bench.answered(asset) and asset.file_changes == 0
    picture.write_bytes(b"another, longer picture")
    for _ in range(3):
        bench.script.answer()
    assert asset.file_changes == 1
    bench.wish("image", picture)
    asset.taken = asset.offer_sequence
    for _ in range(3):
        bench.script.answer()
    assert asset.file_changes == 1, "another wish is no change of the file"


def test_a_video_is_silent_and_goes_round(bench: Bench, picture: Path) -> None:
    bench.wish("video", picture)
    bench.script.answer()
    kind, settings = bench.library.made[0]
    assert kind == b"ffmpeg_source"
    assert settings[b"looping"] is True and settings[b"close_when_inactive"] is False
    assert {"mute 101", "mixers 101 0", "show 101"} <= set(bench.library.calls)


def test_a_source_is_offered_weakly(bench: Bench) -> None:
    bench.library.named[b"Browser"], bench.library.kinds[5] = 5, (0, 1)
    asset = bench.wish("source", "Browser")
    bench.script.answer()
    assert bench.answered(asset) and asset.offer == (1 << 64) - 5
    assert bench.library.held() == {-5: 1}
    bench.script.close()
    assert bench.library.held() == {}


@pytest.mark.parametrize(("kind", "flags"), [(0, 2), (1, 1), (2, 1)])
def test_what_has_no_picture_of_its_own_is_refused(bench: Bench, kind: int, flags: int) -> None:
    bench.library.named[b"Sound"], bench.library.kinds[5] = 5, (kind, flags)
    asset = bench.wish("source", "Sound")
    bench.script.answer()
    assert asset.offer == 0
    assert asset.offer_error.decode() == ENGLISH["Asset.NoPicture"].format(name="Sound")
    assert bench.library.held() == {}


@pytest.mark.parametrize("wish", [("", ""), ("", "x"), ("image", "")])
def test_a_wish_for_nothing_is_answered_with_nothing(bench: Bench, wish: tuple[str, str]) -> None:
    asset = bench.wish(*wish)
    bench.script.answer()
    assert bench.answered(asset) and (asset.offer, asset.offer_error) == (0, b"")


def test_a_missing_file_is_refused_once_and_offered_when_it_appears(
    bench: Bench, tmp_path: Path
) -> None:
    late = tmp_path / "late.png"
    asset = bench.wish("image", late)
    for _ in range(3):
        bench.script.answer()
        assert bench.answered(asset) and asset.offer == 0
        assert asset.offer_error.decode() == ENGLISH["Asset.NoFile"].format(name=late)
    late.write_bytes(b"x")
    bench.script.answer()
    assert bench.answered(asset) and (asset.offer, asset.offer_error) == (101, b"")


def test_a_file_obs_cannot_show_is_refused_and_tried_again_only_when_changed(
    bench: Bench, picture: Path
) -> None:
    bench.library.next_width = 0
    asset = bench.wish("image", picture)
    assert not bench.script.answer()  # OBS has read it, or has not, when its source is made
    sentence = ENGLISH["Asset.Bad.image"].format(name=picture)
    assert bench.answered(asset) and asset.offer_error.decode() == sentence
    assert bench.library.held() == {}
    bench.script.answer()
    assert len(bench.library.made) == 1
    picture.write_bytes(b"now longer than it was before")
    bench.library.next_width = 8
    bench.script.answer()
    assert (asset.offer, asset.offer_error) == (102, b"")


def test_a_picture_loaded_in_the_background_is_offered_when_it_is_there(
    bench: Bench, picture: Path
) -> None:
    bench.library.next_width = 0
    asset = bench.wish("video", picture)
    assert bench.script.answer() and not bench.answered(asset)
    bench.library.widths[101] = 64
    assert not bench.script.answer()
    assert bench.answered(asset) and asset.offer == 101


@pytest.mark.parametrize("how", ["OBS says so", "it takes too long"])
def test_a_video_that_does_not_open_is_refused(bench: Bench, picture: Path, how: str) -> None:
    bench.library.next_width = 0
    asset = bench.wish("video", picture)
    assert bench.script.answer() and not bench.answered(asset)
    if how == "OBS says so":
        bench.library.media_state = 6
    else:
        bench.clock = OPEN_SECONDS + 1
    assert not bench.script.answer()
    sentence = ENGLISH["Asset.Bad.video"].format(name=picture)
    assert bench.answered(asset) and asset.offer_error.decode() == sentence
    assert bench.library.held() == {}


def test_a_wish_changed_while_opening_drops_what_was_opened(bench: Bench, picture: Path) -> None:
    bench.library.next_width = 0
    bench.wish("video", picture)
    bench.script.answer()
    asset = bench.wish("", "")
    assert not bench.script.answer()
    assert bench.answered(asset) and bench.library.held() == {}


def test_a_taken_offer_is_the_filters(bench: Bench, picture: Path) -> None:
    asset = bench.wish("image", picture)
    bench.script.answer()
    asset.taken = asset.offer_sequence
    bench.wish("", "")
    bench.script.answer()
    bench.script.close()
    assert bench.library.held() == {101: 1} and bench.clock == 0.0


@pytest.mark.parametrize("used", [0, 8])
def test_an_offer_nobody_will_take_is_taken_back(bench: Bench, picture: Path, used: int) -> None:
    asset = bench.wish("image", picture)
    bench.script.answer()
    asset.used = used
    bench.script.answer()
    assert bench.clock == TAKING_SECONDS
    assert bench.library.references[101] == 0


def test_an_offer_taken_while_it_is_withdrawn_is_the_filters(bench: Bench, picture: Path) -> None:
    asset = bench.wish("image", picture)
    bench.script.answer()
    sequence = asset.offer_sequence

    def take() -> None:
        assert asset.offer_sequence == 0
        asset.taken = sequence

    bench.on_sleep = take
    bench.script.close()
    assert bench.library.held() == {101: 1}
    assert asset.offer_sequence == sequence  # the next script does not offer it again
    Assets(bench.assets, bench.library, ENGLISH).answer()
    assert len(bench.library.made) == 1


def test_a_wish_that_changes_while_another_is_withdrawn_loses_nothing(
    bench: Bench, picture: Path
) -> None:
    first, second = bench.wish("image", picture), bench.wish("image", picture, index=1)
    bench.script.answer()
    bench.wish("image", picture)

    def change() -> None:
        bench.on_sleep = lambda: None
        bench.wish("image", picture, index=1)

    bench.on_sleep = change
    assert bench.script.answer() and not bench.answered(second)
    assert not bench.script.answer()
    assert bench.answered(first) and bench.answered(second)
    assert bench.library.held() == {103: 1, 104: 1}
    bench.script.close()
    assert bench.library.held() == {}


def test_closing_takes_back_what_is_opening_and_what_is_offered(
    bench: Bench, picture: Path
) -> None:
    bench.wish("image", picture)
    bench.script.answer()
    bench.library.next_width = 0
    bench.wish("video", picture, index=1)
    bench.script.answer()
    bench.script.close()
    assert bench.library.held() == {}


def test_the_next_script_answers_what_the_last_one_took_back(bench: Bench, picture: Path) -> None:
    asset = bench.wish("image", picture)
    bench.script.answer()
    bench.script.close()
    assert not bench.answered(asset)
    Assets(bench.assets, bench.library, ENGLISH).answer()
    assert bench.answered(asset) and asset.offer == 102


def test_an_unknown_kind_is_refused(bench: Bench, picture: Path) -> None:
    asset = bench.wish("hologram", picture)
    bench.script.answer()
    assert "hologram" in asset.offer_error.decode() and asset.offer == 0


def test_a_sentence_longer_than_its_field_is_cut_at_a_character(bench: Bench) -> None:
    asset = bench.wish("source", "背" * 300)
    bench.script.answer()
    assert asset.offer_error.decode("utf-8").count("背") > 100
