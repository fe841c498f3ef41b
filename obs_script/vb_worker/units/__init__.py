"""Compute units: how fast each runs a model, and which one is used."""
