"""The worker: everything about pictures and models, and the ``virtual-background`` command."""

import os
import sys

from vb_link import limits, processor

# Checked before any import of a package whose instructions this CPU lacks: it would end the
# process with SIGILL and no message.
if _lacks := processor.missing():
    print(processor.sentence(_lacks), file=sys.stderr, flush=True)
    raise SystemExit(processor.EXIT_STATUS)

# onnxruntime sends usage telemetry to Microsoft unless this is set before it is imported.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
# OpenCV reads this when it is imported.
os.environ["OPENCV_IO_MAX_IMAGE_PIXELS"] = str(limits.PICTURE_PIXELS)
