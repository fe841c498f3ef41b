"""People: tracking them from frame to frame and choosing which of them stays."""
