"""Training of the instruments for drawn faces: ``python -m metrics``."""
