"""Face finders: where eyes, nose and mouth are; heavy packages are imported when one is made.

A finder is :class:`metrics.faces.finder.FaceFinder`; where the points should be in an aligned frame
says :mod:`metrics.faces.templates`.
"""
