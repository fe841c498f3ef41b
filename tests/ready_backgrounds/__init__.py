"""Draws the ready backgrounds that ship: ``python -m tests.ready_backgrounds``."""
