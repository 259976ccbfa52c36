"""What imported measurements say about the claims they were released with: pure functions."""
