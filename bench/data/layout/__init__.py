"""How a dataset lies on disk, and reading that from a user's copy."""
