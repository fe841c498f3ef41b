"""The installer: worker's environment, script in OBS, demo, tests. Standard library only."""
