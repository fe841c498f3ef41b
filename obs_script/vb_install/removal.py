"""``install.py --uninstall``: removes the product."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

from vb_install import (
    data_folder,
    files,
    obs_installations,
    obs_python,
    one_at_a_time,
    running_obs,
    scene_collections,
    set_up,
)
from vb_install.obs_installations import ObsInstallation
from vb_install.scene_collections import Plan
from vb_install.system import InstallError, System


def uninstall(
    system: System,
    *,
    config: Path | None,
    purge: bool,
    dry_run: bool,
    sure: bool,
    hide_cameras: bool = False,
) -> int:
    """Remove our script from every scene collection, and our files; return the exit status.

    The user's own models and the backups stay unless ``purge``. ``hide_cameras`` makes the cameras
    invisible that scenes would otherwise show unfiltered. Raises InstallError.
    """
    work = [(obs, _plan(obs, hide_cameras)) for obs in _installations(system, config)]
    for obs, plan in work:
        ours = data_folder.to_remove(system, obs.data, purge=purge)
        _tell_plan(obs, plan, ours, hide_cameras)
    if dry_run:
        print("Dry run: nothing was changed.")
        return 0
    for obs, _ in work:
        running_obs.refuse_while_running(system, obs)
    if not sure and sys.stdin.isatty() and not set_up.agreed():
        print("Nothing was changed.")
        return 1
    if not hide_cameras and not sure and any(plan.cameras for _, plan in work):
        hide_cameras = sys.stdin.isatty() and _hiding_agreed()
    for obs, _ in work:
        with _no_set_up(obs.data):
            _take_out(system, obs, _plan(obs, hide_cameras), purge=purge)
        files.remove(obs.data / one_at_a_time.LOCK)
        left = data_folder.let_go(obs.data)
        if left:
            print(f"{obs.data} stays with {', '.join(left[:5])}")
    _tell_end(hide_cameras, [name for _, plan in work for name in _names(plan)])
    return 0


def _no_set_up(data: Path) -> contextlib.AbstractContextManager[None]:
    """Let no set-up work in the data folder meanwhile. Raises InstallError if one does."""
    if (data / one_at_a_time.LOCK).exists():
        return one_at_a_time.alone(data)
    return contextlib.nullcontext()


def _take_out(system: System, obs: ObsInstallation, plan: Plan, *, purge: bool) -> None:
    if plan.changes or plan.settings:
        data_folder.claim(system, obs.data)
    backup = scene_collections.apply(plan, obs.data / "backups")
    if plan.changes:
        print(f"Took the script out of {len(plan.changes)} scene collection(s)")
    for change in plan.settings:
        print(f"Set OBS's Python back as it was in {change.path}")
    if backup is not None and not purge:
        print(f"Backup of what they were: {backup}")
    for path in data_folder.to_remove(system, obs.data, purge=purge):
        if path.name != one_at_a_time.LOCK:  # Windows removes no file that is open
            files.remove(path)
            print(f"Removed {path}")


def _tell_end(hidden: bool, cameras: list[str]) -> None:
    listed = ", ".join(dict.fromkeys(cameras))
    if not cameras:
        print("Done. No camera had the filter without its lock.")
    elif hidden:
        print(f"Done. These are hidden in all scenes now: {listed}. The eye in Sources shows them.")
    else:
        print(
            f"Done. OBS shows these as they are from now on: {listed}. Hide them or remove them "
            "before you go on air (`install.py --uninstall --hide-cameras` does it, too)."
        )


def _hiding_agreed() -> bool:
    try:
        answer = input("Hide these cameras in all scenes, so that no room is shown? [Y/n] ")
    except EOFError:
        return False
    return answer.strip().lower() in ("", "y", "yes")


def _names(plan: Plan) -> list[str]:
    return [name for names in plan.cameras.values() for name in names]


def _installations(system: System, config: Path | None) -> list[ObsInstallation]:
    try:
        return obs_installations.find(system, config)
    except InstallError:
        if config is not None:
            raise
        # OBS may have been removed first; our files are removed all the same.
        return [ObsInstallation("native", obs_installations.native_config(system), system.data, "")]


def _plan(obs: ObsInstallation, hide_cameras: bool) -> Plan:
    plan = scene_collections.plan_removal(
        obs.scenes, obs.data / "backups", hide_cameras=hide_cameras
    )
    set_back = obs_python.undo(obs)
    if set_back is not None:
        plan.settings.append(set_back)
    return plan


def _tell_plan(obs: ObsInstallation, plan: Plan, ours: list[Path], hide_cameras: bool) -> None:
    print(f"OBS ({obs.kind}): settings {obs.config}")
    for change in plan.changes:
        print(f"  collection   take the script out of {change.path} (backup first)")
    for path, names in plan.cameras.items():
        done = "hidden in all scenes" if hide_cameras else "shown as it is from then on"
        for name in names:
            print(f"  camera       {name} ({path.stem}): {done}")
    for change in plan.settings:
        print(f"  OBS's Python set back as it was in {change.path} (backup first)")
    for sentence in plan.skipped:
        print(f"  collection   {sentence}")
    for path in ours:
        print(f"  files        remove {path}")
