"""``install.py --uninstall``: takes the product out again."""

from __future__ import annotations

import sys
from pathlib import Path

from vb_install import data_folder, files, obs_places, running_obs, scene_collections, set_up
from vb_install.obs_places import ObsPlace
from vb_install.scene_collections import Plan
from vb_install.system import InstallError, System


def uninstall(
    system: System, *, config: Path | None, purge: bool, dry_run: bool, sure: bool
) -> int:
    """Take our script out of every scene collection and remove our files.

    The user's own models and the backups stay unless ``purge``. Raises InstallError.
    """
    work = [
        (place, _plan(place), data_folder.to_remove(system, place.data, purge=purge))
        for place in _places(system, config)
    ]
    for place, plan, ours in work:
        _tell_plan(place, plan, ours)
    if dry_run:
        print("Dry run: nothing was changed.")
        return 0
    for place, _, _ in work:
        running_obs.refuse_while_running(system, place)
    if not sure and sys.stdin.isatty() and not set_up.agreed():
        print("Nothing was changed.")
        return 1
    for place, plan, _ in work:
        if plan.changes:
            data_folder.claim(system, place.data)
        backup = scene_collections.apply(plan, place.data / "backups")
        if backup is not None:
            print(f"Took the script out of {len(plan.changes)} scene collection(s)")
            if not purge:
                print(f"Backup of what they were: {backup}")
        for path in data_folder.to_remove(system, place.data, purge=purge):
            files.remove(path)
            print(f"Removed {path}")
        left = data_folder.let_go(place.data)
        if left:
            print(f"{place.data} stays with {', '.join(left[:5])}")
    print(
        "Done. Filters that scenes still hold do nothing from now on, so their cameras show the "
        "room: remove those filters or hide the cameras before you go on air."
    )
    return 0


def _places(system: System, config: Path | None) -> list[ObsPlace]:
    try:
        return obs_places.find(system, config)
    except InstallError:
        if config is not None:
            raise
        # OBS may have been removed first; our files still go.
        return [ObsPlace("native", obs_places.native_config(system), system.data, "")]


def _plan(place: ObsPlace) -> Plan:
    return scene_collections.plan_removal(place.scenes, place.data / "backups")


def _tell_plan(place: ObsPlace, plan: Plan, ours: list[Path]) -> None:
    print(f"OBS ({place.kind}): settings {place.config}")
    for change in plan.changes:
        print(f"  collection   take the script out of {change.path} (backup first)")
    for sentence in plan.skipped:
        print(f"  collection   {sentence}")
    for path in ours:
        print(f"  files        remove {path}")
