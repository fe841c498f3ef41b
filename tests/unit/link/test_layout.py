"""The C declarations handed to LuaJIT describe the same memory as the ctypes structures."""

from __future__ import annotations

import ctypes
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from vb_link import layout
from vb_link.settings import SETTINGS


def test_every_field_of_the_tables_is_in_the_declarations() -> None:
    text = layout.cdef()
    for name in layout.offsets():
        structure, field = name.split(".")
        body = re.search(r"\{([^}]*)\} " + structure + ";", text)
        assert body and re.search(rf"\b{field}\b", body[1]), name


@pytest.mark.posix("the compiler is the system's; the bench compiles for Windows")
def test_a_c_compiler_lays_the_declarations_out_as_ctypes_does(tmp_path: Path) -> None:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler on this machine")
    offsets = layout.offsets()
    lines = "".join(
        f'printf("%zu\\n", offsetof({name.split(".")[0]}, {name.split(".")[1]}));'
        for name in offsets
    )
    source = tmp_path / "offsets.c"
    source.write_text(
        "#include <stdint.h>\n#include <stddef.h>\n#include <stdio.h>\n"
        + layout.cdef()
        + 'int main(void){printf("%zu\\n", sizeof(vb_segment));'
        + 'printf("%zu\\n", sizeof(vb_shared));'
        + lines
        + "return 0;}"
    )
    program = tmp_path / "offsets"
    subprocess.run([compiler, str(source), "-o", str(program)], check=True)
    printed = subprocess.run([str(program)], check=True, capture_output=True, text=True)
    sizes = [int(line) for line in printed.stdout.split()]
    assert sizes[:2] == [ctypes.sizeof(layout.Private), ctypes.sizeof(layout.Shared)]
    assert dict(zip(offsets, sizes[2:])) == offsets


def test_every_setting_that_is_not_the_filters_own_has_its_field() -> None:
    fields = {name.split(".")[1] for name in layout.offsets() if name.startswith("vb_channel.")}
    others = [setting for setting in SETTINGS if setting.reader != "filter"]
    assert others and {setting.key for setting in others} <= fields
    channel = layout.Channel()
    for setting in others:
        value = setting.default.encode() if isinstance(setting.default, str) else setting.default
        setattr(channel, setting.key, value)
        assert getattr(channel, setting.key) == value


def test_a_frame_slot_holds_every_size_a_model_may_want() -> None:
    assert layout.FRAME_BYTES >= 512 * 512 * 4
    assert layout.ALPHA_BYTES * 4 == layout.FRAME_BYTES


def test_what_obs_follows_blindly_is_not_in_the_piece_the_worker_sees() -> None:
    blind = {"wake", "life", "script_wake", "offer", "assets", "requests", "shared"}
    shared = ("vb_shared", "vb_channel", "vb_frame_slot", "vb_alpha_slot")
    assert not blind & {
        name.split(".")[1] for name in layout.offsets() if name.split(".")[0] in shared
    }


def test_both_pieces_read_as_one_and_unknown_fields_are_refused() -> None:
    segment = layout.Segment()
    segment.alive = 1
    segment.worker_ready = 5
    assert (segment.private_part.alive, segment.shared_part.worker_ready) == (1, 5)
    with pytest.raises(AttributeError):
        segment.nothing = 1
