"""``install.py demo`` and ``install.py test``: set up and run what drives a separate OBS.

Neither the user's own OBS nor what is installed for it is read or changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from vb_install import (
    data_folder,
    environment,
    interpreters,
    obs_installations,
    obs_packages,
    product,
    worker_environment,
)
from vb_install.environment import Environment
from vb_install.interpreters import Interpreter
from vb_install.obs_installations import ObsInstallation
from vb_install.system import InstallError, System
from vb_link import folders, isolated

_CHECKS: tuple[tuple[str, ...], ...] = (("ruff", "check", "."), ("mypy",), ("pytest", "--all"))


def demo(system: System, arguments: Sequence[str], asked: str | None) -> int:
    """Set up what the demo needs and run it with ``arguments``; return its exit status.

    Raises InstallError.
    """
    data_folder.check(system, system.data)
    python = _prepare(system, asked)
    obs = _demo_obs(system)
    data_folder.claim(system, obs.data)
    product.copy(obs.app)
    if not worker_environment.of(system, obs).is_complete():
        worker_environment.make(system, obs, python)
    venv = Environment(system, obs.data / "demo-venv", environment.LOCKS / "demo.lock")
    if not venv.is_complete():
        venv.make(python, obs.data / "logs" / "demo-environment.log")
    return system.hand_over(
        isolated.command(venv.python, obs.app / "obs_script", "vb_demo", *arguments),
        {
            "PYTHONNOUSERSITE": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            folders.DATA_VARIABLE: str(obs.data),
        },
        Path.cwd(),
    )


def _demo_obs(system: System) -> ObsInstallation:
    """Return where the demo's files go: where an installation's would, unless there is one.

    An existing installation, from which OBS may be running, is used only if it is up to date.
    """
    obs = ObsInstallation("native", obs_installations.native_config(system), system.data, "")
    worker = worker_environment.of(system, obs)
    if not obs.app.exists() or (
        product.is_current(obs.app) and (worker.is_complete() or not worker.was_made())
    ):
        return obs
    return replace(obs, data=obs.data / "demo")


def test(system: System, arguments: Sequence[str], asked: str | None) -> int:
    """Set up what the tests need, run ruff, mypy and pytest with ``arguments``.

    All three run; returns the exit status of the first that failed. Raises InstallError.
    """
    checkout = product.SOURCE
    if not (checkout / "tests").is_dir():
        raise InstallError(f"{checkout} holds no tests: run this in a checkout of the product.")
    python = _prepare(system, asked, obs_packages.TEST_TOOLS)
    data = checkout / ".test-data"  # keeps the tests away from the user's own data
    plugins = data / "obs-plugins"
    lacking = obs_packages.fetch_plugins(system, plugins)
    if lacking:
        print(f"Tests beside these plugins are skipped, as apt has none: {', '.join(lacking)}.")
    venv = Environment(system, checkout / ".venv-test", environment.LOCKS / "test.lock")
    if not venv.is_complete():
        venv.make(python, data / "logs" / "environment.log")
    variables = {folders.DATA_VARIABLE: str(data), obs_packages.PLUGINS_VARIABLE: str(plugins)}
    codes = []
    for check in _CHECKS:
        command = [str(venv.python), "-m", *check, *(arguments if check[0] == "pytest" else ())]
        print(f"$ python -m {' '.join(command[2:])}", flush=True)
        codes.append(system.hand_over(command, variables, checkout))
    return next((code for code in codes if code != 0), 0)


def _prepare(
    system: System, asked: str | None, tools: Mapping[str, str] | None = None
) -> Interpreter:
    """Install OBS if needed and return a Python. Raises InstallError."""
    try:
        python = interpreters.choose(system, asked)
    except InstallError:
        if asked is not None or system.which("apt-get") is None:
            raise
        obs_packages.ensure(system, ["python3-venv"])
        return interpreters.choose(system, asked)
    obs_packages.ensure(system, tools=tools)
    return python
