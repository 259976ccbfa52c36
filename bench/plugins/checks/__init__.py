"""What a plugin promises, line by line, and how to see whether it keeps it."""
