"""The contract between the filter, the script and the worker. Standard library only."""
