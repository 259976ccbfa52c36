"""Bringing a folder of pictures to a template by their eyes, and measuring whether one is there."""
