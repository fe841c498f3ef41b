"""Sets up the virtual background for OBS Studio: ``python3 install.py --help`` says how.

Standard library only. This page must stay readable for any old Python, so that the sentence
below appears instead of a syntax error.
"""

import sys

if sys.version_info < (3, 9):  # noqa: UP036
    sys.exit(
        "install.py needs Python 3.9 or newer and this is Python %d.%d: run it with a newer one, "  # noqa: UP031
        "for example `%s install.py`."
        % (
            sys.version_info[0],
            sys.version_info[1],
            "py -3.12" if sys.platform == "win32" else "python3.12",
        )
    )

from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent / "obs_script"))

from vb_install.cli import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
