"""Training by maximum likelihood."""

from glow.training.options import TrainingOptions
from glow.training.procedure import train

__all__ = ["TrainingOptions", "train"]
