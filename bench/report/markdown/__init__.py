"""Pages of published boards as Markdown."""
