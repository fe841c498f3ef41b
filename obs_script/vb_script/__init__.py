"""OBS's Python side. Standard library and obspython only; nothing here runs once a frame."""
