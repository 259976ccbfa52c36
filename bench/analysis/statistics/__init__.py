"""How sure the scores are: resampling, tests, ranks, fronts, groups, alpha; pure functions."""
