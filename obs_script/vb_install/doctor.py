"""``install.py doctor``: checks everything and writes a report that can be pasted into an issue."""

from __future__ import annotations

import json
import platform
from pathlib import Path

from vb_doctor import report
from vb_doctor.findings import Finding, checked, finding, from_plain
from vb_install import obs_installations, obs_version, product, scene_collections
from vb_install.obs_installations import ObsInstallation
from vb_install.system import InstallError, System
from vb_link import child, folders
from vb_link.version import OLDEST_OBS

_RUN = "import sys; sys.path.insert(0, {folder!r}); import runpy; sys.argv = {words!r}; "
_RUN += "runpy.run_module({module!r}, run_name='__main__', alter_sys=True)"


def doctor(system: System, *, config: Path | None, output: Path | None) -> int:
    """Check every OBS of this user, print and write the report; return the exit status (0: well).

    Raises InstallError when there is no OBS or the report cannot be written.
    """
    found = [finding("Python", version=platform.python_version(), where="install.py")]
    installations = obs_installations.find(system, config)
    for obs in installations:
        found += _check(system, obs)
    text = report.render(found, report.this_person())
    print(text)
    path = output or installations[0].data / report.NAME
    try:
        report.write(text, path)
    except OSError as error:
        raise InstallError(
            f"The report could not be written ({error.strerror}): name another file with --output."
        ) from error
    print(f"Written to {path}: it holds nothing personal and can be pasted into an issue.")
    return 0 if all(finding.good for finding in found) else 1


def _check(system: System, obs: ObsInstallation) -> list[Finding]:
    return [
        *checked(_obs, obs),
        *checked(_functions, system, obs),
        *checked(_scripts, obs),
        *checked(_rest, system, obs),
    ]


def _obs(obs: ObsInstallation) -> Finding:
    """Check this OBS's version, as its newest log names it."""
    version = obs_version.of(obs)
    if version is None:
        return finding("ObsUnknown")
    text = ".".join(map(str, version))
    if version[:2] < OLDEST_OBS:
        return finding("ObsOld", version=text, oldest="{}.{}".format(*OLDEST_OBS))
    return finding("Obs", version=text, kind=obs.kind)


def _scripts(obs: ObsInstallation) -> Finding:
    """Count the scene collections that load the script, whoever added it."""
    collections = list(obs.scenes.glob("*.json"))
    registered = 0
    for path in collections:
        try:
            registered += scene_collections.SCRIPT_NAME.encode() in path.read_bytes()
        except OSError:
            continue
    key = "Scripts" if registered else "ScriptsNone"
    return finding(key, count=registered, all=len(collections))


def _functions(system: System, obs: ObsInstallation) -> Finding:
    """Check that OBS's libraries, found as Linux's loader does, export all functions we use."""
    if system.name != "linux":
        return finding("FunctionsUnchecked")
    find = "import ctypes.util as u; print(*map(u.find_library, {!r}))"
    names = ("obs", "obs-scripting", "obs-frontend-api")
    python = _python(system, obs)
    done = system.run([*python, *child.ISOLATED, "-c", find.format(names)])
    libraries = done.out.split()
    if done.code != 0 or len(libraries) != len(names) or "None" in libraries:
        return finding("FunctionsUnchecked")
    done = system.run(
        [*python, *child.ISOLATED, "-c", _code(obs, "vb_script.libobs_symbols", libraries)]
    )
    try:
        told = json.loads(done.out)
        lacking, count = list(told["lacking"]), int(told["count"])
    except (ValueError, TypeError, KeyError):
        return finding("FunctionsUnchecked")
    if lacking:
        return finding("FunctionsMissing", names=", ".join(map(str, lacking)))
    return finding("Functions", count=count)


def _rest(system: System, obs: ObsInstallation) -> list[Finding]:
    """Run the product's own checks where this OBS's worker would run."""
    if not obs.script.is_file():
        return [finding("ProductMissing")]
    found = []
    if not product.is_current(obs.app):
        found.append(finding("ProductOld"))
    code = _code(obs, "vb_doctor.checks", [], data=obs.data)
    done = system.run([*_python(system, obs), *child.ISOLATED, "-c", code], timeout=300)
    try:
        return found + from_plain(json.loads(done.out))
    except ValueError:
        lines = done.err.strip().splitlines()
        return [*found, finding("CheckFailed", reason=lines[-1] if lines else "no answer")]


def _python(system: System, obs: ObsInstallation) -> tuple[str, ...]:
    """Return the command that starts a Python where this OBS's worker runs."""
    return obs.inside("python3") if obs.kind == "flatpak" else (str(system.executable),)


def _code(obs: ObsInstallation, module: str, words: list[str], data: Path | None = None) -> str:
    """Return Python code that runs one of the product's modules, even if not installed."""
    app = obs.app if obs.script.is_file() else product.SOURCE
    told = ""
    if data is not None:
        told = f"import os; os.environ[{folders.DATA_VARIABLE!r}] = {str(data)!r}; "
    return told + _RUN.format(folder=str(app / "obs_script"), module=module, words=[module, *words])
