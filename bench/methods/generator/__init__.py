"""Generators of faces as TorchScript files: reading them, encoding faces, training a small one."""
