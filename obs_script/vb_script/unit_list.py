"""The compute units for the filter's list, with what was measured of them."""

from __future__ import annotations

from itertools import islice
from typing import Any

from vb_link import unit_file

_MOST_UNITS = 64
_LONGEST_NAME, _LONGEST_TITLE, _LONGEST_REASON = 64, 120, 70


def unit_list(texts: dict[str, str]) -> list[tuple[str, str]]:
    """Return (name, text) of "auto", the CPU and every other unit that the worker found."""
    known = unit_file.read()
    listed = known.get("units")
    units = [
        (_cut(unit["name"], _LONGEST_NAME), _cut(unit["title"], _LONGEST_TITLE))
        for unit in islice(listed if isinstance(listed, list) else [], _MOST_UNITS)
        if isinstance(unit, dict) and {"name", "title"} <= unit.keys()
    ] or [("cpu", "CPU")]
    rows = _newest(known)
    return [("auto", texts["Compute.auto"])] + [
        (name, _text(title, rows.get(name), texts)) for name, title in units
    ]


def _newest(known: dict[str, Any]) -> dict[str, Any]:
    """Return what was measured last."""
    measured = known.get("measured")
    if not isinstance(measured, dict) or not measured:
        return {}
    last = list(measured.values())[-1]
    units = last.get("units") if isinstance(last, dict) else None
    return units if isinstance(units, dict) else {}


def _text(title: str, row: Any, texts: dict[str, str]) -> str:
    if not isinstance(row, dict):
        return title
    if row.get("reason"):
        reason = _cut(row["reason"], _LONGEST_REASON)
        return texts["Compute.Refused"].format(unit=title, reason=reason)
    milliseconds = row.get("ms", 0.0)
    if not isinstance(milliseconds, (int, float)):
        return title
    return texts["Compute.Measured"].format(unit=title, milliseconds=milliseconds)


def _cut(value: Any, longest: int) -> str:
    """Return a text of the file's as a list can show it."""
    text = str(value).encode(errors="replace").decode()
    return text if len(text) <= longest else text[: longest - 1] + "…"
