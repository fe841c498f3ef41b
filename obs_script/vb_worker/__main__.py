"""``python -m vb_worker`` is the same as ``virtual-background``."""

from __future__ import annotations

import sys

from vb_worker.cli import main

if __name__ == "__main__":
    sys.exit(main())
