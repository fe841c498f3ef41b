"""The worker: everything about pictures and models, and the ``virtual-background`` command."""

import os
import sys

from vb_link import limits, processor

# Before a package is loaded that ends this process with SIGILL and not a word.
if _lacks := processor.missing():
    print(processor.sentence(_lacks), file=sys.stderr, flush=True)
    raise SystemExit(processor.EXIT_STATUS)

# onnxruntime counts its use and reports it to its maker, unless this is set before it is loaded.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
# OpenCV reads it when it is loaded.
os.environ["OPENCV_IO_MAX_IMAGE_PIXELS"] = str(limits.PICTURE_PIXELS)
