"""The Windows bench's own judgements; the bench itself is run by hand (tests/windows)."""

from __future__ import annotations

import hashlib
import struct
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import pytest

from tests.bench import shader_compile
from tests.obs import stage
from tests.shader_variants import FOLDER, Variant
from tests.windows import life, macos, masks, packages, pictures, scenes
from tests.windows.obs_host import SIZE, Image
from tests.windows.wine import BenchError
from vb_link import folders
from vb_link.ready_backgrounds import MOVING_BACKGROUNDS, READY_BACKGROUNDS
from vb_link.settings import SETTINGS
from vb_script import libobs_symbols
from vb_worker.models.kinds import open_model
from vb_worker.models.manifest_reader import load


def test_a_file_with_another_hash_is_refused_and_deleted(tmp_path: Path) -> None:
    package = packages.Package("npm", "p", "1", "p-1.tgz", hashlib.sha256(b"good").hexdigest())
    path = tmp_path / package.file
    path.write_bytes(b"good")
    assert packages.fetch(package, tmp_path) == path
    path.write_bytes(b"evil")
    with pytest.raises(BenchError, match=r"p-1\.tgz is not the file that was recorded"):
        packages.fetch(package, tmp_path)
    assert not path.exists()


def test_a_package_that_cannot_be_fetched_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = packages.Package("npm", "p", "1", "p-1.tgz", "0")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BenchError, match="npm is missing"):
        packages.fetch(package, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_rim_is_no_difference_and_a_patch_is_one() -> None:
    picture, _ = pictures.camera()
    rim, patch = picture.copy(), picture.copy()
    rim[100:102] ^= 0x40
    patch[100:103, 100:103] ^= 0x40
    assert pictures.differing(picture, picture) == 0
    assert pictures.differing(rim, picture) == 0
    assert pictures.differing(patch, picture) == 1


def test_the_secret_room_is_told_from_what_hides_it() -> None:
    picture, alpha = pictures.camera()
    assert pictures.room_pixels(picture, pictures.hidden()) > 100_000
    hidden = np.where(alpha[..., None] > 0, picture, pictures.background()).astype(np.uint8)
    assert pictures.room_pixels(hidden, pictures.hidden()) == 0


def test_a_moment_says_what_is_not_there_that_must_be() -> None:
    camera, alpha = pictures.camera()
    shown = np.where(alpha[..., None] > 0, camera, pictures.background()).astype(np.uint8)
    covered = np.full_like(camera, life.COVER_BGR)

    def told(
        picture: Image, person: bool | None, behind: Image | tuple[int, int, int] | None
    ) -> str:
        return life.Moment("moment", picture, (), person, behind).problem()

    assert not told(shown, True, pictures.background())
    assert not told(covered, False, life.COVER_BGR)
    assert not told(camera, None, None)
    assert "of the person" in told(covered, True, None)
    assert "of the person" in told(shown, False, None)
    assert "hides the room" in told(camera, True, pictures.background())


def test_a_moment_is_compared_with_each_state_that_is_right_then() -> None:
    camera, _ = pictures.camera()
    covered = np.full_like(camera, life.COVER_BGR)
    drawn = {"masked": camera, "covered": covered}
    either = life.Moment("changing", covered, ("masked", "covered"))
    assert either.differing(drawn) == 0
    assert life.Moment("masked", covered, ("masked",)).differing(drawn) > 100_000


def test_the_room_may_show_in_a_zone_that_is_kept_and_nowhere_else() -> None:
    picture, _ = pictures.camera()
    height, width = picture.shape[:2]
    zone = pictures.background().copy()
    bottom, right = round(height * pictures.ZONE_HEIGHT), round(width * pictures.ZONE_WIDTH)
    zone[:bottom, :right] = stage.SECRET
    assert scenes.Look("zone", keeps_zone=True).room_pixels(zone) == 0
    assert scenes.Look("none").room_pixels(zone) > 0
    assert scenes.Look("zone", keeps_zone=True).room_pixels(picture) > 0


def test_nobody_hides_no_room() -> None:
    picture, _ = pictures.camera()
    person = np.where(pictures.hidden()[..., None], 0, stage.SECRET).astype(np.uint8)
    assert scenes.Look("none").room_pixels(person) == 0
    assert scenes.Look("nobody", empty=True).room_pixels(person) > 1_000
    assert scenes.Look("nobody", empty=True).room_pixels(np.zeros_like(picture)) == 0


def test_a_moving_background_is_known_wherever_it_is() -> None:
    name = MOVING_BACKGROUNDS[0]
    file = folders.ready_background(name)
    look = scenes.Look(name, passes_by=file)
    whole = cv2.imread(str(file))
    assert whole is not None
    height = SIZE[1]
    wide = cv2.resize(whole, (round(whole.shape[1] * height / whole.shape[0]), height))
    camera, alpha = pictures.camera()
    for left in (0, (wide.shape[1] - SIZE[0]) // 3, wide.shape[1] - SIZE[0]):
        part = wide[:, left : left + SIZE[0]]
        shown = np.where(alpha[..., None] > 0, camera, part).astype(np.uint8)
        assert look.differing(shown, camera) == 0
    assert look.differing(pictures.background(), camera) > 0
    assert look.differing(shown[::-1], camera) > 0


def test_each_ready_background_and_each_answer_to_nobody_is_drawn() -> None:
    names = [look.name for look in scenes.looks(scenes.READY, "file")]
    assert {f"ready-cutout-{name}" for name in READY_BACKGROUNDS} < set(names)
    away = [look for look in scenes.looks(scenes.NOBODY, "file") if look.empty]
    nobody = next(row for row in SETTINGS if row.key == "nobody")
    drawn = {look.settings["nobody"] for look in away}
    assert drawn == set(nobody.choices) - {"scene"}  # a scene is drawn as any other source
    extra = [group for group in scenes.GROUPS if group not in scenes.BACKGROUNDS]
    assert all(look.of_pairs for group in extra for look in scenes.looks(group, "file"))
    assert {0.0, 1.0} < {look.settings["brighten"] for look in scenes.looks(scenes.DARK, "file")}


def test_masks_that_differ_in_a_pixel_are_told_from_equal_ones(tmp_path: Path) -> None:
    mask = np.zeros((4, 4), np.uint8)
    mask[1:3] = 255
    for system in ("here", "there"):
        (tmp_path / system).mkdir()
        for number in range(len(masks.SIZES)):
            cv2.imwrite(str(tmp_path / system / f"{number}.png"), mask)
    assert masks.compare("m", tmp_path / "here", tmp_path / "there")[0]
    mask[0, 0] = 1
    cv2.imwrite(str(tmp_path / "there/1.png"), mask)
    good, told = masks.compare("m", tmp_path / "here", tmp_path / "there")
    assert (good, told) == (False, "masks m: 1 pixels differ in 3 masks of a person")
    (tmp_path / "there/2.png").unlink()
    assert not masks.compare("m", tmp_path / "here", tmp_path / "there")[0]


def test_effects_of_obs_are_measured_among_ours_and_summed_up_apart(tmp_path: Path) -> None:
    (tmp_path / "key.effect").write_text("technique Draw { pixel_shader = A(); }")
    (tmp_path / "parts.effect").write_text("float4 included;")
    (tmp_path / "two.effect").write_text("technique A {} technique B {}")
    own = shader_compile.controls(tmp_path, "C:/effects")
    assert [effect.name for effect in own] == ["C:/effects/key"]
    ours = [Variant(str(number), "") for number in range(6)]
    mixed = shader_compile.among(ours, own * 2)
    assert [effect.name for effect in mixed if effect in ours] == list("012345")
    assert [at for at, effect in enumerate(mixed) if effect in own] == [2, 5]
    keys = ("compile_ms", "ran_ms", "waited_ms", "first_draw_ms", "next_draw_ms")
    rows = [
        {"name": effect.name, **dict.fromkeys(keys, float(at))} for at, effect in enumerate(mixed)
    ]
    told = shader_compile.summary([*rows, {"name": "bad", "failed": True}])
    assert told["failed"] == ["bad"]
    assert told["filter"]["effects"] == 6 and told["filter"]["compile_ms"]["most"] == 7.0
    assert told["obs"]["effects"] == 2 and told["obs"]["ran_ms"]["most"] == 5.0


def test_looks_cover_every_background_and_output() -> None:
    for background in scenes.BACKGROUNDS:
        names = [look.name for look in scenes.looks(background, "file")]
        assert len(names) == len(set(names))
        for output in scenes.OUTPUTS:
            for look in ("none", "none-locked", "all", "all-locked"):
                assert f"{background}-{output}-{look}" in names
        for look in ("none", "behind", "depth", "front", "zone", "all", "all-locked"):
            assert f"{background}-scene-{look}" in names


def test_half_of_the_looks_has_every_pair_of_background_output_and_look() -> None:
    every = [look for name in scenes.BACKGROUNDS for look in scenes.looks(name, "file")]
    half = [look for look in every if look.of_pairs]
    assert 0.45 < len(half) / len(every) < 0.55
    for first, second in ((0, 1), (0, 2), (1, 2)):

        def pairs(looks: list[scenes.Look], at: tuple[int, int]) -> set[tuple[str, ...]]:
            parts = [look.name.split("-", 2) for look in looks]
            return {tuple(part[index] for index in at) for part in parts}

        assert pairs(half, (first, second)) == pairs(every, (first, second))


def test_a_scene_filter_is_off_where_a_look_is_not_the_scene_s() -> None:
    scene = [look for look in scenes.looks("blur", "file") if "-scene-" in look.name]
    camera = [look for look in scenes.looks("blur", "file") if "-scene-" not in look.name]
    for look in camera:
        assert look.scene["background"] == "default"
        assert not look.scene["own_layers"] and not look.scene["own_zones"]
    for look in scene:
        assert look.scene["background"] == "blur"
        assert {"behind_source", "front_source", "zone1"} <= look.scene.keys()  # none is left on
        assert look.settings["background"] == "color"  # of the cover's colour: to be told


class _LateActor:
    """An OBS whose worker answers each change of settings, in turn, only after many frames.

    What it draws is black, and white where the mask drawn has a depth map.
    """

    def __init__(self) -> None:
        self._answers: list[bool] = []
        self._has_depth = False
        self._made = 0
        self._frames = 0

    def set(self, name: str, **settings: Any) -> None:
        if "depth_model" in settings:
            self._answers.append(settings["depth_model"] != "")

    def wait_frames(self, frames: int) -> None:
        for _ in range(frames):
            self._frames += 1
            if self._frames % 40 == 0 and self._answers:
                self._has_depth = self._answers.pop(0)
                self._made += 1

    def settle(self) -> None:
        self.wait_frames(6)

    def masks_made(self) -> int:
        return self._made

    def wait_for_answers(self, depth: bool) -> None:
        while self._has_depth != depth:
            assert self._answers, "nothing would come any more"
            self.wait_frames(1)

    def shot(self) -> Image:
        return np.full((1, 1, 4), 255 * self._has_depth, np.uint8)

    def save(self, name: str, image: Image) -> str:
        return name

    def backdrop(self, color: int) -> None: ...
    def picture(self, name: str, image: Image) -> None: ...
    def add_filter(self, source: str, name: str, kind: str = "", **settings: Any) -> None: ...


def test_a_look_is_drawn_with_its_own_depth_however_late_the_worker_is() -> None:
    actor = cast("scenes.Actor", _LateActor())
    drawn = list(scenes.draw(actor, "image", lambda _look: True))
    for look, picture in drawn:
        assert bool(picture.any()) == (look.settings["depth_model"] != ""), look.name
    assert {bool(picture.any()) for _, picture in drawn} == {False, True}


def test_a_timing_is_settled_after_the_last_picture_is_no_longer_held() -> None:
    lines = (FOLDER / "frame.lua").read_text("utf-8")
    assert f"local HELD_FRAMES = {scenes.HELD_FRAMES}\n" in lines


def test_the_depth_model_finds_the_middle_near_and_can_be_opened(tmp_path: Path) -> None:
    scenes.add_depth_model(tmp_path)
    model = open_model(load(tmp_path / f"{scenes.DEPTH_MODEL}.toml"))
    near = model(np.random.default_rng(1).integers(0, 256, (360, 640, 4), np.uint8))
    columns = near.mean(axis=0)
    assert columns[0] < 0.1 and columns.max() > 0.9
    assert 0.4 < columns.argmax() / columns.size < 0.6


def _macos_library(functions: dict[str, list[int]]) -> bytes:
    """Return a Mach-O library of arm64 with these functions, as their instructions."""
    text, names, symbols = b"", b"\0", b""
    code_at = 32 + 72 + 24
    for name, words in functions.items():
        symbols += struct.pack("<IBBHQ", len(names), 0x0F, 1, 0, 0x4000 + len(text))
        names += f"_{name}\0".encode()
        text += struct.pack(f"<{len(words)}I", *words)
    text += bytes(4 * 40)
    table = code_at + len(text)
    header = struct.pack("<4s7I", b"\xcf\xfa\xed\xfe", 0x0100000C, 0, 6, 2, 96, 0, 0)
    segment = struct.pack("<II16sQQQQ", 0x19, 72, b"__TEXT", 0x4000, len(text), code_at, len(text))
    segment += bytes(16)
    found = struct.pack("<6I", 2, 24, table, len(functions), table + len(symbols), len(names))
    return header + segment + found + text + symbols + names


def _telling(at: int, *, wide: bool) -> list[int]:
    """Return a function that gives back the field at a byte of its argument."""
    load = (0xF9400000 | at // 8 << 10) if wide else (0xB9400000 | at // 4 << 10)
    return [0xD503201F, load, 0xD65F03C0]


def _macos_says(tmp_path: Path, begin: int, shift: int = 0) -> list[tuple[bool, str]]:
    """Check a libobs whose sources have their obs_source_info there, the last field elsewhere."""
    functions = {name: [0xD65F03C0] for name in libobs_symbols.of_libobs()}
    for field, name in macos._FIELDS.items():
        at = begin + macos.declared_offsets()[field] + shift * (field == "unversioned_id")
        functions[name] = _telling(at, wide=field not in ("type", "output_flags"))
    (tmp_path / "libobs").write_bytes(_macos_library(functions))
    told: list[tuple[bool, str]] = []
    macos.check(tmp_path, lambda good, text: told.append((good, text)))
    return told


def test_a_function_that_macos_lacks_is_named(tmp_path: Path) -> None:
    (tmp_path / "libobs").write_bytes(_macos_library({"obs_data_create": [0xD65F03C0]}))
    told: list[tuple[bool, str]] = []
    macos.check(tmp_path, lambda good, text: told.append((good, text)))
    assert not told[0][0]
    assert "obs_data_release" in told[0][1]
    assert "obs_data_create," not in told[0][1]
    assert not told[1][0] and "do not show" in told[1][1]


def test_where_macos_keeps_a_source_s_description_is_read_from_its_code(tmp_path: Path) -> None:
    (functions, layout) = _macos_says(tmp_path, 45 * 8)
    assert functions[0] and layout[0] and "word 45 of a source, laid out as declared" in layout[1]
    (_, layout) = _macos_says(tmp_path, 45 * 8, shift=8)
    assert not layout[0] and "unversioned_id at 384" in layout[1]
    (_, layout) = _macos_says(tmp_path, (macos.info_within() + 1) * 8)
    assert not layout[0]


def test_what_is_no_library_of_macos_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "libobs").write_bytes(b"MZ")
    with pytest.raises(BenchError, match="no 64-bit Mach-O"):
        macos.check(tmp_path, lambda _good, _text: None)


def test_the_lua_half_s_declaration_is_read_as_the_compiler_lays_it_out() -> None:
    offsets = macos.declared_offsets()
    assert (offsets["id"], offsets["type"], offsets["output_flags"]) == (0, 8, 12)
    assert (offsets["icon_type"], offsets["media_play_pause"]) == (288, 296)  # after a gap
