"""Checks everything that the virtual background needs and reports the findings.

The installer and the script's panel run the same checks; each adds what only it can see.
"""
