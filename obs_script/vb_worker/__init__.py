"""The worker: everything about pictures and models, and the ``virtual-background`` command."""
