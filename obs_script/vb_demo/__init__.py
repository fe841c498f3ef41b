"""The sample clip, a driver for a real OBS, and the demo made of both."""
