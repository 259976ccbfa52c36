"""Makes a plugin work under observation: in a process of its own, step by step."""
