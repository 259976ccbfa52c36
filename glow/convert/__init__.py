"""Weights of the original (github.com/openai/glow), read from what TensorFlow wrote.

The original's checkpoints and frozen graphs hold one variable for each parameter. Names and
shapes are read from the file, the configuration is inferred from them, and whatever does not fit
is an error that names the variable. TensorFlow is needed to read the files and for nothing else;
it is imported in :mod:`glow.convert.tensorflow_files` alone.
"""

from glow.convert.conversion import Conversion, convert
from glow.convert.source import Source, open_source

__all__ = ["Conversion", "Source", "convert", "open_source"]
