"""Compute units: which are available, how fast they are, which one is used."""
