"""One module a command, with ``add_arguments(parser)`` and ``run(options) -> exit status``."""
