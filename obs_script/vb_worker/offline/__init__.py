"""Pictures and videos without OBS: reading, compositing, writing."""
