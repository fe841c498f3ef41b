"""Benchmarks of speed and quality: runs, metrics, synthetic clips."""
