"""Checks of all that the virtual background needs, and the report of them.

The installer and the script's panel make the same checks, each adding what only it can see.
"""
