"""An evaluation harness for facial expression transfer."""

__version__ = "0.1.0"
