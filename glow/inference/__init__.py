"""Glow folded into few large operations, to encode and decode: what is not needed is not done."""
