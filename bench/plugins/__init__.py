"""What a plugin is, and where plugins come from."""
