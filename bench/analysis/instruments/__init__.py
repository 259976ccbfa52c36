"""Whether instruments can be trusted, and how far their readings repeat."""
