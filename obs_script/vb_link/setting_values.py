"""Which values a setting can have, and what counts where it holds another.

OBS's settings hold whatever a remote control, a script or another version wrote.
``vb_filter/setting_values.lua`` decides the same on the graphics thread; a test compares the two.
"""

from __future__ import annotations

import math

from vb_link import limits
from vb_link.settings import Setting, Value


def suits(row: Setting, value: object) -> bool:
    """Whether a setting can have this value as it is."""
    if row.kind == "bool":
        return isinstance(value, bool)
    if row.kind == "float":
        return _is_number(value) and row.minimum <= value <= row.maximum  # type: ignore[operator]
    if row.kind == "color":
        whole = isinstance(value, int) and not isinstance(value, bool)
        return whole and 0 <= value < 1 << 32  # type: ignore[operator]
    if not isinstance(value, str) or len(value) > limits.PRESET_TEXT or "\0" in value:
        return False
    if any("\ud800" <= letter <= "\udfff" for letter in value):
        return False  # half a character, which no UTF-8 text can hold
    return row.kind != "choice" or value in row.choices


def in_effect(row: Setting, value: object) -> Value:
    """Return what the filter takes ``value``, out of OBS's settings, for.

    A number beyond its ends is brought back to them; a colour may have a sign or a point, as some
    languages write it. Whatever else the setting cannot have is its default.
    """
    if row.kind == "float" and _is_number(value):
        return min(max(float(value), row.minimum), row.maximum)  # type: ignore[arg-type]
    if row.kind == "color" and _is_number(value):
        number = float(value)  # type: ignore[arg-type]
        if number.is_integer() and -(1 << 31) <= number < 1 << 32:
            return int(number) % (1 << 32)
    return value if suits(row, value) else row.default  # type: ignore[return-value]


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    try:
        return math.isfinite(float(value))
    except OverflowError:  # a whole number larger than any double
        return False
