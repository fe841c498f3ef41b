"""``install.py``: puts the product beside OBS and registers it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from vb_install import (
    additions,
    data_folder,
    obs_installations,
    obs_python,
    one_at_a_time,
    product,
    recommended,
    running_obs,
    scene_collections,
    self_check,
    shader_cache,
    worker_environment,
)
from vb_install.interpreters import Interpreter
from vb_install.obs_installations import ObsInstallation
from vb_install.obs_python import PythonPlan
from vb_install.scene_collections import Plan
from vb_install.system import InstallError, System
from vb_link import child

_LEFT_OUT = (
    "OBS is running and would overwrite its scene collections when it closes: they, and the files "
    "it has loaded, are left as they are."
)


@dataclass(frozen=True)
class _Work:
    """The planned work for one OBS."""

    obs: ObsInstallation
    python: Interpreter
    plan: Plan
    copy: bool
    build: bool
    added: tuple[str, ...]
    obs_python: PythonPlan | None


def install(
    system: System,
    *,
    config: Path | None,
    python: str | None,
    dry_run: bool,
    sure: bool,
    compute: str | None = None,
    convert: bool = False,
    offline: bool = False,
) -> int:
    """Set everything up for each OBS of this user; return the exit status.

    ``offline``: without the recommended model.
    Raises InstallError, whenever possible before anything is changed.
    """
    work = [
        _plan(system, obs, python, compute, convert)
        for obs in obs_installations.find(system, config)
    ]
    running = _running(system, work, sure=not dry_run)
    for each in work:
        _tell_plan(each, each in running, offline)
    if dry_run:
        print("Dry run: nothing was changed.")
        return 0
    if not sure and sys.stdin.isatty() and not agreed():
        print("Nothing was changed.")
        return 1
    faults: list[str] = []
    for each in work:
        faults += _do(system, each, running)
        if not offline:
            recommended.fetch(system, each.obs)
    if offline and not all(recommended.is_there(each.obs) for each in work):
        print(recommended.OFFLINE)
    if faults:
        print("The self-check found:")
        for fault in faults:
            print(f"  {fault}")
        return 1
    print("Self-check: packages load, the model is found, the script is in place.")
    for each in work:
        _tell_units(system, each)
    _tell_next(system, work, running)
    return 0


def _running(system: System, work: list[_Work], *, sure: bool) -> list[_Work]:
    """Return the work whose OBS is running. Raises InstallError if unknown and ``sure``."""
    try:
        return [each for each in work if running_obs.is_running(system, each.obs)]
    except InstallError:
        if sure:
            raise
        return []


def _plan(
    system: System, obs: ObsInstallation, python: str | None, compute: str | None, convert: bool
) -> _Work:
    data_folder.check(system, obs.data)
    now = worker_environment.of(system, obs).has_added()
    added = additions.wanted(system, compute=compute, convert=convert, now=now)
    venv = worker_environment.of(system, obs, added)
    chosen = worker_environment.choose_python(system, obs, python)
    return _Work(
        obs=obs,
        python=chosen,
        plan=scene_collections.plan_registration(obs.scenes, obs.script),
        copy=not product.is_current(obs.app),
        build=not venv.is_complete(chosen),
        added=added,
        obs_python=obs_python.plan(system, obs),
    )


def _tell_plan(work: _Work, runs: bool, offline: bool) -> None:
    obs, plan = work.obs, work.plan
    print(f"OBS ({obs.kind}): {obs.program or 'program not found'}, settings {obs.config}")
    print(f"  product      {'copy to' if work.copy else 'is up to date in'} {obs.app}")
    state = f"make with Python {work.python.text} in" if work.build else "is complete in"
    print(f"  environment  {state} {obs.venv}")
    for name in work.added:
        print(f"  with         {additions.text_of(name)}")
    print(f"  model        {recommended.plan(obs, offline=offline)}")
    if runs:
        print(f"  collection   {_LEFT_OUT}")
        return
    if shader_cache.is_there(obs):
        print("  shaders      compile them ahead into OBS's cache")
    if work.obs_python is not None:
        print(f"  OBS's Python {work.obs_python.text}")
    for change in plan.changes:
        print(f"  collection   add the script to {change.path} (backup first)")
    for path in plan.unchanged:
        print(f"  collection   {path} has the script already")
    for sentence in plan.skipped:
        print(f"  collection   {sentence}")
    if not plan.found:
        print("  collection   none yet, as OBS has never been started")


def agreed() -> bool:
    """Ask whether to go on; end of input means no."""
    try:
        return input("Go on? [Y/n] ").strip().lower() in ("", "y", "yes")
    except EOFError:
        return False


def _do(system: System, work: _Work, running: list[_Work]) -> list[str]:
    """Do the work and return the self-check's faults; if OBS is running by then, add to
    ``running``.
    """
    obs = work.obs
    data_folder.claim(system, obs.data)
    with one_at_a_time.alone(obs.data):
        # A running OBS has loaded the existing copy.
        if (work not in running or not obs.app.exists()) and product.copy(obs.app):
            print(f"Copied the product to {obs.app}")
        _make_environment(system, obs, work.python, work.added)
    # Building the environment takes a while: OBS may have been started meanwhile.
    if running_obs.is_running(system, obs):
        if work not in running:
            running.append(work)
        return self_check.faults(system, obs, work.plan.unchanged)
    plan = scene_collections.plan_registration(obs.scenes, obs.script)
    python = work.obs_python
    if python is not None and python.change is not None:
        obs_python.note(obs, python)
        plan.settings.append(python.change)
    backup = scene_collections.apply(plan, obs.data / "backups")
    if plan.changes:
        print(f"Registered the script in {len(plan.changes)} scene collection(s)")
    if python is not None and python.change is not None:
        print(f"Set OBS's Python to {python.chosen}")
    if backup is not None:
        print(f"Backup of what they were: {backup}")
    shader_cache.fill(system, obs)
    registered = [change.path for change in plan.changes] + plan.unchanged
    return self_check.faults(system, obs, registered)


def _make_environment(
    system: System, obs: ObsInstallation, python: Interpreter, added: tuple[str, ...]
) -> None:
    if worker_environment.make(system, obs, python, added):
        print(f"Made the worker's environment in {obs.venv}")


def install_around(system: System) -> bool:
    """Set up what the script needs that OBS has loaded from this folder, while OBS runs.

    The scene collection has the script already, so all collections stay as they are. Returns
    whether the recommended model is there. Raises InstallError.
    """
    obs = obs_installations.around_us(system, product.SOURCE)
    data_folder.check(system, obs.data)
    python = worker_environment.choose_python(system, obs, None)
    now = worker_environment.of(system, obs).has_added()
    added = additions.wanted(system, compute=None, convert=False, now=now)
    data_folder.claim(system, obs.data)
    with one_at_a_time.alone(obs.data):
        _make_environment(system, obs, python, added)
        system.step("check")
        faults = self_check.faults(system, obs, [])
        if faults:
            raise InstallError(faults[0])
        system.step("model")
        recommended.fetch(system, obs)
    return recommended.is_there(obs)


def _tell_units(system: System, work: _Work) -> None:
    """Try the added compute unit and print the results."""
    if not additions.UNITS.keys() & set(work.added):
        return
    python = worker_environment.of(system, work.obs).command
    done = system.run(
        [*python, *child.ISOLATED, "-m", "vb_worker", "compute", "--again"], timeout=600
    )
    print("What the compute units do with the default model:")
    for line in (done.out or done.err).splitlines():
        print(f"  {line}")


def _tell_next(system: System, work: list[_Work], running: list[_Work]) -> None:
    if running:
        print(f"\n{_LEFT_OUT}")
        print("  Now: in OBS, Tools > Scripts, press Reload where virtual_background.py is listed;")
        print(f"  where it is not, press + and choose {running[0].obs.script}")
        print("  For all scene collections: close OBS and run install.py again.")
        return
    registered = all(each.plan.changes or each.plan.unchanged for each in work)
    script = work[0].obs.script
    print("\nWhat to do in OBS:")
    for each in work:
        if each.obs_python is not None:
            _tell_python(each.obs_python)
    if registered:
        print("  1. Start OBS. Tools > Scripts lists virtual_background.py.")
    elif work[0].plan.skipped:
        print(f"  1. Start OBS. Tools > Scripts > +: choose {script}")
    else:
        print("  1. Start OBS once, close it and run install.py again,")
        print(f"     or add the script in Tools > Scripts > +: {script}")
    print("  2. Right-click your camera in Sources, choose Filters.")
    print("  3. Press + under Effect Filters, choose Virtual Background.")
    print("  4. Choose the background: transparent, a colour or blur.")
    print("  5. The line at the top of the filter tells what it is doing.")
    print("An OBS that starts without the script shows the camera as it is. The filter's setting")
    print('"Hide the camera from an OBS without this script" makes the camera invisible there.')


def _tell_python(planned: PythonPlan) -> None:
    if planned.change is not None:
        print(f"  0. OBS's Python is set: {planned.chosen}")
        print("     (Tools > Scripts > Python Settings; --uninstall sets it back).")
    elif not planned.chosen:
        print(f"  0. {planned.text}")
