"""Published results in git: entries, the board they make, and whether they hold."""
