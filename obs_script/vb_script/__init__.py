"""The OBS script. Standard library and obspython only; nothing here runs once a frame."""
