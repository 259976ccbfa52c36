"""Instruments: identity embedders, Action Unit estimators and image metrics, usable alone."""
