"""From a camera frame to the alpha matte that is drawn."""
