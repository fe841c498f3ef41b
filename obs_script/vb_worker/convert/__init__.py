"""Making ONNX files from other files, and other ONNX files from ONNX files.

Needs packages that the worker does without: ``pip install obs-virtual-background[convert]``, or
``install.py --convert``. Import these modules only inside functions.
"""
