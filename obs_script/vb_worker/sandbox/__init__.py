"""The worker's sandbox: system calls, files, memory, time limits, death of the parent."""
