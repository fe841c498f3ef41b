"""``python -m vb_worker.sandbox`` prints as JSON what is in force here, or why it is not."""

import json

from vb_worker.sandbox.entry import sandbox_state

print(json.dumps(sandbox_state()))
