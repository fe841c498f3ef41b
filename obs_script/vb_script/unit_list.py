"""The compute units for the filter's list, with what was measured of them."""

from __future__ import annotations

from typing import Any

from vb_link import unit_file

_LONGEST_REASON = 70


def unit_list(texts: dict[str, str]) -> list[tuple[str, str]]:
    """Return (name, text) of "auto", the CPU and every other unit that the worker found."""
    known = unit_file.read()
    listed = known.get("units")
    units = [
        (str(unit["name"]), str(unit["title"]))
        for unit in (listed if isinstance(listed, list) else [])
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
        reason = str(row["reason"])
        if len(reason) > _LONGEST_REASON:
            reason = reason[: _LONGEST_REASON - 1] + "…"
        return texts["Compute.Refused"].format(unit=title, reason=reason)
    return texts["Compute.Measured"].format(unit=title, milliseconds=float(row.get("ms", 0.0)))
