"""Identity embedders, one module each; heavy packages are imported when one is made."""
