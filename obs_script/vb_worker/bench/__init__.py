"""How fast and how good: runs, measures, synthetic clips."""
