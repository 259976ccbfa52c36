"""Weights that others have released: what there is, and how to get it."""
