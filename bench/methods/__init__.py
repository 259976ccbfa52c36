"""Built-in methods, one file each; registered by entry point like anybody's."""
