"""Importers: measurements that others released, as stored runs of this project."""
