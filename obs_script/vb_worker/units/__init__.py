"""Compute units: which there are, how fast they are, which one is taken."""
