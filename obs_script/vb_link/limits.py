"""What is accepted from files, in one place: sizes, numbers, times.

Whatever is larger is refused with a sentence before it is read, decoded or run.
"""

from __future__ import annotations

KIB, MIB = 1024, 1024 * 1024

# Text files
MANIFEST_BYTES = 64 * KIB
MANIFESTS = 500  # of a folder
MANIFEST_TEXT = 1000  # characters of one text
MANIFEST_NUMBER = 1e6
PRESET_BYTES = 256 * KIB
PRESET_TEXT = 4096
UNIT_FILE_BYTES = MIB

# ONNX files
MODEL_BYTES = 512 * MIB
GRAPH_NODES = 20_000  # those in branches and loops counted
GRAPH_DEPTH = 8  # of graphs in graphs
GRAPH_INITIALISERS = 20_000
TENSOR_SIDES = 8
TENSOR_BYTES = 512 * MIB
OPSETS = (7, 30)
OPERATOR_DOMAINS = ("", "ai.onnx", "ai.onnx.ml", "com.microsoft")

# Pictures and videos
PICTURE_BYTES = 256 * MIB
PICTURE_PIXELS = 200_000_000
OBS_PICTURE_PIXELS = 100_000_000  # what OBS is given to show, which keeps it in a texture
VIDEO_PIXELS = 8192 * 8192  # of a frame

# Processes
TRIAL_SECONDS = 60  # a model's first opening and its run on the test picture
OPEN_SECONDS = 180  # a model's later openings; a GPU's driver compiles it then
PICTURE_SECONDS = 20  # a camera's picture
WORKER_BYTES = 4 * 1024 * MIB  # of memory that can be written
# So many ends of the worker at one model, within so many seconds: it is not run again until OBS
# is restarted or the script reloaded.
MODEL_DEATHS = 3
DEATHS_SECONDS = 600
