"""Glow in PyTorch: a normalising flow whose latents can be added and subtracted."""

from glow.config import GlowConfig
from glow.inference.precision import Precision
from glow.model import Glow
from glow.pretrained import find_model, list_models

__all__ = ["Glow", "GlowConfig", "Precision", "find_model", "list_models"]
