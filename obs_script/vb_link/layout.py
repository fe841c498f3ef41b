"""The layout of the shared memory, declared once.

There are two pieces: ``vb_shared``, which the worker sees, and ``vb_segment``, which never leaves
OBS. Pointers, handles and everything else that OBS uses unchecked are in the second, so that
nothing the worker or a stranger writes into the first can crash OBS.

Each table row is (name, type, count). The tables generate both the ``ctypes`` structures of the
script and the worker and the C declarations (:func:`cdef`) of the Lua half, so the two always
agree. The comment above each block of fields says who writes it; everyone else only reads it.
"""

from __future__ import annotations

import ctypes
from typing import Any

from vb_link.settings import SETTINGS

MAGIC = 0x4F425642  # "OBVB"
VERSION = 10
CHANNELS = 16
SLOTS = 3
FRAME_BYTES = 512 * 512 * 4
ALPHA_BYTES = 512 * 512
# The longest side of a picture: every graphics driver supports textures of this size.
LONGEST_SIDE = 4096
DEPTH_BYTES = 512 * 512
TEXT_BYTES = 128
ERROR_BYTES = 1024
STATUS_BYTES = 1024
NAME_BYTES = 1024
NAMES_BYTES = 64 * 1024
REQUEST_BYTES = 4096
ASSETS = 64
REQUESTS = 8
AGE_BINS = 16
BOXES = 8

# The state of the clean plate (channel.plate_state): none is wanted; it is taken once nobody is in
# the picture; it fits; it no longer fits and is not used.
PLATE_NONE, PLATE_TAKING, PLATE_FITS, PLATE_UNFIT = range(4)

# What the worker says about the picture (channel.report_advice is a place in this): nothing, or why
# the mask must be poor, the gravest first.
ADVICE = ("", "dark", "backlight", "far", "blurred", "alike", "screen", "slow")

# What a stroke does with the object it touches (channel.stroke_kinds).
STROKE_NONE, STROKE_KEEP, STROKE_DROP = range(3)
STROKES = 4

# What a filter is drawing (channel.state).
STATE_NOTHING, STATE_MASK, STATE_COVER, STATE_OFF = range(4)

Row = tuple[str, str, int]

_CTYPES: dict[str, Any] = {
    "uint8_t": ctypes.c_uint8,
    "uint16_t": ctypes.c_uint16,
    "int32_t": ctypes.c_int32,
    "uint32_t": ctypes.c_uint32,
    "int64_t": ctypes.c_int64,
    "uint64_t": ctypes.c_uint64,
    "double": ctypes.c_double,
    "char": ctypes.c_char,
}

# The type in the link of each kind of setting; all other kinds are text.
_SETTING_TYPES = {"bool": ("uint32_t", 1), "color": ("uint32_t", 1), "float": ("double", 1)}
_SETTING_ROWS: tuple[Row, ...] = tuple(
    (setting.key, *_SETTING_TYPES.get(setting.kind, ("char", TEXT_BYTES)))
    for setting in SETTINGS
    if setting.reader != "filter"
)

# What the filter tells the worker, by its keys, with a checksum of it (see ``tell``).
TOLD_ROWS: tuple[Row, ...] = (
    *_SETTING_ROWS,
    # 0: no clean plate; each other number asks for a new one
    ("plate_request", "uint32_t", 1),
    # strokes on objects to keep or drop in the scene being drawn: their owner (a number),
    # rectangles (left, top, right, bottom as shares of the picture)
    ("stroke_owner", "uint32_t", 1),
    ("stroke_kinds", "uint32_t", STROKES),
    ("stroke_edges", "double", 4 * STROKES),
    ("settings_sum", "uint64_t", 1),
)

_TABLES: dict[str, tuple[Row, ...]] = {
    # A part of a channel, in which it begins after ``frame_count``.
    "vb_told": TOLD_ROWS,
    # One picture on its way to the worker. ``sequence`` is odd while the slot is written.
    # pixels: height rows of width RGBA bytes, no padding.
    "vb_frame_slot": (
        ("sequence", "uint32_t", 1),
        ("generation", "uint32_t", 1),
        ("frame_id", "uint64_t", 1),
        ("width", "uint32_t", 1),
        ("height", "uint32_t", 1),
        ("pixels", "uint8_t", FRAME_BYTES),
    ),
    # One alpha on its way back, with the id of its frame. It has a depth plane of the same size
    # (255 nearest) if ``has_depth`` is not 0.
    "vb_alpha_slot": (
        ("sequence", "uint32_t", 1),
        ("generation", "uint32_t", 1),
        ("frame_id", "uint64_t", 1),
        ("width", "uint32_t", 1),
        ("height", "uint32_t", 1),
        ("has_depth", "uint32_t", 1),
        # a checksum that reveals an alpha changed by somebody else (see slots.py)
        ("sum", "uint64_t", 1),
        # bounding boxes of what is above n / 16, n from 0: left, top, right, bottom (the last two
        # exclusive)
        ("boxes", "uint16_t", 4 * BOXES),
        ("pixels", "uint8_t", ALPHA_BYTES),
        ("depth", "uint8_t", DEPTH_BYTES),
    ),
    # Everything of one filter.
    "vb_channel": (
        # written by the filter: ``used`` is 0 for a free channel, else a number that no earlier
        # user of the channel had; ``generation`` changes when older alphas no longer fit
        ("used", "uint32_t", 1),
        ("generation", "uint32_t", 1),
        ("settings_sequence", "uint32_t", 1),
        ("frame_newest", "uint32_t", 1),
        ("frame_count", "uint64_t", 1),
        # the settings that the worker and the script read, and more that only the filter decides
        *TOLD_ROWS,
        ("source_width", "uint32_t", 1),
        ("source_height", "uint32_t", 1),
        ("state", "uint32_t", 1),
        # the sentence that names the settings with invalid values, or ""
        ("settings_error", "char", ERROR_BYTES),
        # 1: nobody is in the picture, and what the user chose for that is drawn
        ("away", "uint32_t", 1),
        ("age_frames", "uint32_t", 1),
        ("age_ms", "double", 1),
        ("drawn_frames", "uint64_t", 1),
        # frame-locked timing: how much later pictures are shown (0: off), and the number of frames
        # that repeated the last picture because the next one's alpha was not there
        ("delay_frames", "uint32_t", 1),
        ("repeated_frames", "uint32_t", 1),
        ("delay_ms", "double", 1),
        # CPU time of the graphics thread while ``measure`` is set; the source's own drawing, which
        # OBS does without the filter too, is counted separately
        ("source_ns", "uint64_t", 1),
        ("capture_ns", "uint64_t", 1),
        ("draw_ns", "uint64_t", 1),
        ("age_histogram", "uint32_t", AGE_BINS),
        # written by the worker: the frame size it wants, the newest alpha, its own report
        ("want_width", "uint32_t", 1),
        ("want_height", "uint32_t", 1),
        ("alpha_newest", "uint32_t", 1),
        ("alpha_count", "uint32_t", 1),
        ("alpha_used", "uint32_t", 1),
        ("plate_state", "uint32_t", 1),
        # how much of the picture people cover, as a share
        ("person_share", "double", 1),
        # gains of the person's linear red, green and blue (the look *Brighten me*)
        ("light_gains", "double", 3),
        # a place in ADVICE
        ("report_advice", "uint32_t", 1),
        ("report_model", "char", TEXT_BYTES),
        ("report_compute", "char", TEXT_BYTES),
        ("report_error", "char", ERROR_BYTES),
        ("report_refused", "char", ERROR_BYTES),
        # which model Automatic took and why, or "", and whether a lighter one could be taken
        ("report_choice", "char", ERROR_BYTES),
        ("can_lighten", "uint32_t", 1),
        ("preprocess_ms", "double", 1),
        ("inference_ms", "double", 1),
        ("total_ms", "double", 1),
        ("masks_per_second", "double", 1),
        # written by the script: how the filter runs while OBS or the worker is late: only every
        # ``every``-th frame is handed over (0 means 1), at a quality other than the chosen, or "",
        # with a lighter model than Automatic would take (1)
        ("every", "uint32_t", 1),
        ("eased_sequence", "uint32_t", 1),
        ("eased_quality", "char", TEXT_BYTES),
        ("eased_model", "uint32_t", 1),
        # and the status line in the user's language
        ("status", "char", STATUS_BYTES),
        ("frames", "vb_frame_slot", SLOTS),
        ("alphas", "vb_alpha_slot", SLOTS),
    ),
    # An OBS source that a filter draws: a picture, a video, any source. The filter wishes for it,
    # the script creates or finds and offers it, the filter takes it and then owns the reference.
    "vb_asset": (
        # written by the filter: ``used`` as a channel's; a wish is ``kind`` (a word) and
        # ``name`` (a path or a source's name); ``taken`` is the offer taken last
        ("used", "uint32_t", 1),
        ("wish_sequence", "uint32_t", 1),
        ("wish_kind", "char", 16),
        ("wish_name", "char", NAME_BYTES),
        ("taken", "uint32_t", 1),
        # written by the script: the answered wish and whose it is (its ``used``); a pointer, or 0
        # and an error. Kind "source": a weak reference (obs_weak_source_t *), else a strong one
        # (obs_source_t *)
        ("offer_used", "uint32_t", 1),
        ("offer_sequence", "uint32_t", 1),
        ("offer", "uint64_t", 1),
        ("offer_error", "char", ERROR_BYTES),
        # counts the changes seen in the picture's file; OBS reloads it by itself
        ("file_changes", "uint32_t", 1),
    ),
    # A request that the user made in a panel, for the script: words, one per line.
    "vb_request": (("text", "char", REQUEST_BYTES),),
    # All that the worker sees. It writes ``worker_ready``, its epoch once it answers, and
    # ``working_on``, the model it is opening or running, or "". The script counts in
    # ``models_sequence`` how often models came or went. Every reader must check what it reads from
    # here.
    "vb_shared": (
        ("magic", "uint32_t", 1),
        ("version", "uint32_t", 1),
        ("bytes", "uint64_t", 1),
        ("worker_ready", "uint32_t", 1),
        ("working_on", "char", TEXT_BYTES),
        ("models_sequence", "uint32_t", 1),
        ("channels", "vb_channel", CHANNELS),
    ),
    # What only OBS sees. Written by the script, except ``measure`` (a benchmark's) and
    # ``requests`` with their count (the filters').
    "vb_segment": (
        ("private_bytes", "uint64_t", 1),
        # the version, where nobody outside OBS can change it
        ("layout", "uint32_t", 1),
        # the address of ``vb_shared`` in OBS
        ("shared", "uint64_t", 1),
        ("alive", "uint32_t", 1),
        ("measure", "uint32_t", 1),
        ("wake", "int64_t", 1),
        ("life", "int64_t", 1),
        ("worker_epoch", "uint32_t", 1),
        # wakes the script for a request or a wish
        ("script_wake", "int64_t", 1),
        # not 0: every filter draws its cover, whatever its settings
        ("panic", "uint32_t", 1),
        # not 0: the program's transition draws its scenes' items, bypassing the scenes
        ("items_alone", "uint32_t", 1),
        # the names that lists offer, one per line; odd while they are written
        ("names_sequence", "uint32_t", 1),
        ("scene_names", "char", NAMES_BYTES),
        ("source_names", "char", NAMES_BYTES),
        ("audio_names", "char", NAMES_BYTES),
        ("request_count", "uint64_t", 1),
        ("requests", "vb_request", REQUESTS),
        ("assets", "vb_asset", ASSETS),
    ),
}


def _named(name: str) -> Any:
    fields = []
    for field, kind, count in _TABLES[name]:
        base = _CTYPES[kind]
        fields.append((field, base if count == 1 else base * count))
    made = type(name, (ctypes.Structure,), {"_fields_": fields})
    _CTYPES[name] = made
    return made


FrameSlot: Any = _named("vb_frame_slot")
AlphaSlot: Any = _named("vb_alpha_slot")
Asset: Any = _named("vb_asset")
Request: Any = _named("vb_request")
Channel: Any = _named("vb_channel")
Told: Any = _named("vb_told")
TOLD_OFFSET = Channel.frame_count.offset + Channel.frame_count.size
Shared: Any = _named("vb_shared")
Private: Any = _named("vb_segment")
SEGMENT_BYTES = ctypes.sizeof(Shared)
PRIVATE_BYTES = ctypes.sizeof(Private)


class Segment:
    """Both pieces as one: each attribute is read and written in the piece that has it."""

    def __init__(self, shared: Any = None, private: Any = None) -> None:
        vars(self).update(
            shared_part=Shared() if shared is None else shared,
            private_part=Private() if private is None else private,
        )

    def _part(self, field: str) -> Any:
        parts = vars(self)
        return parts["shared_part" if hasattr(Shared, field) else "private_part"]

    def __getattr__(self, field: str) -> Any:
        return getattr(self._part(field), field)

    def __setattr__(self, field: str, value: Any) -> None:
        part = self._part(field)
        getattr(part, field)  # a ctypes structure would accept any name
        setattr(part, field, value)


def cdef() -> str:
    """Return the C declarations of the segment for the Lua half's ``ffi.cdef``."""
    text = []
    for name, rows in _TABLES.items():
        lines = [
            f"    {kind} {field}{'' if count == 1 else f'[{count}]'};"
            for field, kind, count in rows
        ]
        text.append("typedef struct {\n" + "\n".join(lines) + f"\n}} {name};\n")
    return "".join(text)


def offsets() -> dict[str, int]:
    """Return ``struct.field`` -> byte offset, which the Lua half compares with its own."""
    table = {}
    for name, rows in _TABLES.items():
        for field, _, _ in rows:
            table[f"{name}.{field}"] = getattr(_CTYPES[name], field).offset
    return table
