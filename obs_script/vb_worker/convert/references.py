"""Running a file on its native runtime, as the reference of a conversion."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vb_link import child
from vb_worker.convert.errors import ConversionError, refusing


class TfliteReference:
    """A TFLite file on LiteRT."""

    @refusing("LiteRT cannot run the file")
    def __init__(self, data: bytes) -> None:
        """Raises ConversionError if LiteRT is missing or cannot run the file."""
        try:
            from ai_edge_litert.interpreter import Interpreter  # noqa: PLC0415 - optional
        except ImportError as error:
            raise ConversionError(
                "The reference runtime is missing: `pip install ai-edge-litert` in the worker's "
                "environment, or convert with --no-check."
            ) from error
        self._interpreter = Interpreter(model_content=data, num_threads=1)
        self._interpreter.allocate_tensors()
        (self._source,) = self._interpreter.get_input_details()
        (self._target,) = self._interpreter.get_output_details()

    @property
    def shape(self) -> list[int]:
        """Return the input's shape."""
        return [int(side) for side in self._source["shape"]]

    def __call__(self, feed: NDArray[np.float32]) -> NDArray[Any]:
        """Return the output for an input."""
        self._interpreter.set_tensor(self._source["index"], feed)
        self._interpreter.invoke()
        return np.asarray(self._interpreter.get_tensor(self._target["index"]))


class TfjsReference:
    """A TensorFlow.js graph model on TensorFlow.js itself, in Node.js.

    The package @tensorflow/tfjs has to be installed in the current working folder.
    """

    def __init__(self, model: Path, shards: Sequence[Path]) -> None:
        """Raises ConversionError if Node.js or the package is missing."""
        self._model, self._shards = model, shards
        node = shutil.which("node")
        if node is None or not _has_tfjs(node):
            raise ConversionError(
                "The reference runtime is missing: install Node.js and, in this folder, "
                "`npm install @tensorflow/tfjs`, or convert with --no-check."
            )
        self._node = node

    def __call__(self, feed: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """Return every output by name for a picture; states are 0, other inputs 1."""
        with tempfile.TemporaryDirectory() as folder:
            inside = Path(folder)
            (inside / "feed.bin").write_bytes(feed.tobytes())
            order = {
                "model": str(self._model.resolve()),
                "shards": [str(shard.resolve()) for shard in self._shards],
                "shape": list(feed.shape),
                "folder": folder,
            }
            done = subprocess.run(
                [self._node, "-e", _SCRIPT, json.dumps(order)],
                capture_output=True, check=False, **child.TEXT, **child.QUIET,
            )  # fmt: skip
            if done.returncode:
                lines = [line for line in done.stderr.splitlines() if line.strip()]
                raise ConversionError(
                    f"TensorFlow.js cannot run the file ({lines[-1] if lines else 'no reason'})."
                )
            shapes = json.loads((inside / "shapes.json").read_text(encoding="utf-8"))
            return {
                name: np.fromfile(inside / f"{index}.bin", np.float32).reshape(shape)
                for index, (name, shape) in enumerate(shapes.items())
            }


def _has_tfjs(node: str) -> bool:
    asked = [node, "-e", "require.resolve('@tensorflow/tfjs')"]
    return subprocess.run(asked, capture_output=True, check=False, **child.QUIET).returncode == 0


_SCRIPT = """
const tf = require('@tensorflow/tfjs'), fs = require('fs');
const whole = (view) => view.buffer.slice(view.byteOffset, view.byteOffset + view.length);
const order = JSON.parse(process.argv[1]);
(async () => {
  await tf.setBackend('cpu');
  const json = JSON.parse(fs.readFileSync(order.model));
  const data = Buffer.concat(order.shards.map((file) => fs.readFileSync(file)));
  const model = await tf.loadGraphModel(tf.io.fromMemory({
    modelTopology: json.modelTopology, signature: json.signature,
    weightSpecs: json.weightsManifest.flatMap((group) => group.weights),
    weightData: whole(data)}));
  const feed = fs.readFileSync(order.folder + '/feed.bin');
  const numbers = new Float32Array(whole(feed));
  const feeds = {};
  let picture = true;
  for (const input of model.inputs) {
    const isPicture = picture && input.shape && input.shape.length === 4;
    if (isPicture) picture = false;
    const state = /^r\\d+i$/.test(input.name.split(':')[0]);
    feeds[input.name] = isPicture ? tf.tensor(numbers, order.shape) : tf.tensor(state ? 0 : 1);
  }
  const outputs = (json.signature || {}).outputs || {};
  const names = Object.keys(outputs).length ? Object.keys(outputs) : model.outputNodes;
  const nodes = names.map((name) => outputs[name] ? outputs[name].name : name);
  let found = await model.executeAsync(feeds, nodes);
  if (!Array.isArray(found)) found = [found];
  const shapes = {};
  for (let i = 0; i < names.length; i++) {
    shapes[names[i].split(':')[0]] = found[i].shape;
    fs.writeFileSync(order.folder + '/' + i + '.bin', Buffer.from((await found[i].data()).buffer));
  }
  fs.writeFileSync(order.folder + '/shapes.json', JSON.stringify(shapes));
})().catch((error) => { console.error(String(error)); process.exit(1); });
"""
