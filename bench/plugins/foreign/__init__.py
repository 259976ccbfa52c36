"""Methods that run in another Python environment: ``--python PATH``."""
