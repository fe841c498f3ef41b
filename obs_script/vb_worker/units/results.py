"""Which compute unit is fastest for a model: measured once, and again when drivers change."""

from __future__ import annotations

import sys
from typing import Any

from vb_link import unit_file
from vb_worker.errors import ModelError
from vb_worker.models import registry
from vb_worker.models.manifest import Manifest
from vb_worker.runtime.providers import available_units, driver
from vb_worker.units import probe

AUTO = "auto"
CPU = "cpu"
_MOST_TRIED = 100
MOST_STARTS = 2  # starts without a mask before a unit is set aside


def _known() -> dict[str, Any]:
    """Return the file's content; measurements of other drivers are left out."""
    known = unit_file.read()
    if known.get("driver") != driver():
        return {"driver": driver(), "measured": {}, "started": {}}
    # The file may be damaged: entries of the wrong type are dropped.
    for key, suits in (("measured", _is_row), ("started", _is_count)):
        stored = known.get(key)
        known[key] = (
            {name: row for name, row in stored.items() if suits(row)}
            if isinstance(stored, dict)
            else {}
        )
    return known


def _is_row(row: object) -> bool:
    units = row.get("units") if isinstance(row, dict) else None
    return isinstance(units, dict) and all(map(_is_probe, units.values()))


def _is_probe(row: object) -> bool:
    return (
        isinstance(row, dict)
        and row.keys() == {"ms", "first_ms", "reason"}
        and isinstance(row["reason"], str)
        and all(isinstance(row[key], (int, float)) for key in ("ms", "first_ms"))
    )


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1000


def write_units() -> None:
    """Write the list of units for the script. Raises OSError."""
    known = _known()
    units = [{"name": unit.name, "title": unit.title} for unit in available_units()]
    if known.get("units") != units:
        unit_file.write({**known, "units": units})


def _key(manifest: Manifest) -> str:
    """Return what a model is known by: its file, and the name of the one it answers with."""
    companion = manifest.output.companion
    return f"{manifest.expected_sha256}+{companion}" if companion else manifest.expected_sha256


def probes(manifest: Manifest) -> dict[str, probe.Probe]:
    """Return a model's measurements by unit."""
    rows = _known()["measured"].get(_key(manifest), {}).get("units", {})
    return {name: probe.Probe(**row) for name, row in rows.items()}


def is_known(manifest: Manifest) -> bool:
    """Return whether a model was tried on every available unit."""
    return {unit.name for unit in available_units()} <= probes(manifest).keys()


def survey(manifest: Manifest, *, forget: bool = False) -> dict[str, probe.Probe]:
    """Try a model on every unit, store the results and return them. Raises OSError.

    What was measured before counts where it was better, as a busy computer only makes a model
    slower, unless ``forget`` is set.
    """
    before = {} if forget else probes(manifest)
    found = {unit.name: probe.probe(manifest, unit.name) for unit in available_units()}
    for name, row in before.items():
        if name in found and row.usable and not (found[name].usable and found[name].ms <= row.ms):
            found[name] = row
    known = _known()
    known["units"] = [{"name": unit.name, "title": unit.title} for unit in available_units()]
    # The newest goes last: the script shows its times.
    known["measured"].pop(_key(manifest), None)
    known["measured"][_key(manifest)] = {
        "title": manifest.title,
        "units": {name: vars(row) for name, row in found.items()},
    }
    unit_file.write(known)
    return found


def fastest(manifest: Manifest) -> str:
    """Return the fastest measured unit that is not set aside, else the CPU."""
    usable = {
        name: row.ms
        for name, row in probes(manifest).items()
        if row.usable and not is_set_aside(name)
    }
    return min(usable, key=lambda name: usable[name]) if usable else CPU


def is_set_aside(unit: str) -> bool:
    """Return whether a unit was started ``MOST_STARTS`` times without giving a mask."""
    return int(_known()["started"].get(unit, 0)) >= MOST_STARTS


def note_start(unit: str) -> None:
    """Count a start of a unit, before it may crash the process. Raises OSError."""
    known = _known()
    known["started"][unit] = int(known["started"].get(unit, 0)) + 1
    unit_file.write(known)


def note_mask(unit: str) -> None:
    """Reset the count of starts of a unit that gave a mask. Raises OSError."""
    known = _known()
    if known["started"].pop(unit, None) is not None:
        unit_file.write(known)


def tried() -> list[str]:
    """Return the keys (``quarantine.key_of``) of the user's models that passed the quarantine."""
    stored = _known().get("tried")
    return [row for row in stored if isinstance(row, str)] if isinstance(stored, list) else []


def note_tried(key: str) -> None:
    """Store the key of a model that passed the quarantine. Raises OSError."""
    unit_file.write({**_known(), "tried": [*tried()[-_MOST_TRIED:], key]})


def main(arguments: list[str]) -> int:
    """Survey one model: the child process that the worker starts."""
    try:
        models = registry.find_models(registry.default_folders(), on_error=lambda _error: None)
        survey(registry.choose_model(models, arguments[0]))
    except (ModelError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
