"""What the leaderboard commands do, as functions."""
