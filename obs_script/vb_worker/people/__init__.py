"""Who is in the picture, and who of them stays."""
