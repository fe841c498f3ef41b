"""Converting other formats to ONNX, and ONNX to other variants.

Needs packages that the worker does not: ``pip install obs-virtual-background[convert]``, or
``install.py --convert``. Import these modules only inside functions.
"""
