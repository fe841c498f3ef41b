"""Ours beside OBS's own filter in states drawn from all that OBS can be in.

``python -m tests.twins --count 1000 --seed 1`` looks at as many and prints JSON.
"""
