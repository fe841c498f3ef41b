"""onnxruntime: the checked file, the session, and the compute units it can run on."""
