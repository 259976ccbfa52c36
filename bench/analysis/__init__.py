"""Scores, alpha*, intervals and ranks: pure functions over the stored tables."""
