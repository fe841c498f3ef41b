"""Pictures and videos without OBS: reading, drawing, writing."""
