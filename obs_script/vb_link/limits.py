"""The limits on untrusted input, in one place: sizes, numbers, times.

Whatever exceeds them is refused with an error before it is read, decoded or run.
"""

from __future__ import annotations

KIB, MIB = 1024, 1024 * 1024

# Text files
MANIFEST_BYTES = 64 * KIB
MANIFESTS = 500  # per folder
MANIFEST_TEXT = 1000  # characters per string
MANIFEST_NUMBER = 1e6
PRESET_BYTES = 256 * KIB
PRESET_TEXT = 4096
UNIT_FILE_BYTES = MIB

# ONNX files
MODEL_BYTES = 512 * MIB
GRAPH_NODES = 20_000  # including those in branches and loops
GRAPH_DEPTH = 8  # of nested graphs
GRAPH_INITIALISERS = 20_000
TENSOR_SIDES = 8
TENSOR_BYTES = 512 * MIB
OPSETS = (7, 30)
OPERATOR_DOMAINS = ("", "ai.onnx", "ai.onnx.ml", "com.microsoft")

# Pictures and videos
PICTURE_BYTES = 256 * MIB
PICTURE_PIXELS = 200_000_000
OBS_PICTURE_PIXELS = 100_000_000  # of what OBS shows, as it keeps it in a texture
VIDEO_PIXELS = 8192 * 8192  # per frame

# Processes
QUARANTINE_SECONDS = 60  # to load a new model and run it on the test picture
OPEN_SECONDS = 180  # to load a model later on, when a GPU's driver compiles it
PICTURE_SECONDS = 20  # for one of the camera's pictures
WORKER_BYTES = 4 * 1024 * MIB  # of writable memory
# A model at which the worker dies MODEL_DEATHS times within DEATHS_SECONDS is not run again until
# OBS is restarted or the script reloaded.
MODEL_DEATHS = 3
DEATHS_SECONDS = 600
