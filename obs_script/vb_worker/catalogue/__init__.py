"""Getting models: downloading, adding, and trying them in a process that may crash."""
