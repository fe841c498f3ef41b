"""From a small picture to the alpha that is drawn."""
