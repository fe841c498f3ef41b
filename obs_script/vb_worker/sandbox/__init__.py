"""What the worker may do: system calls, files, memory, and its parent's life."""
