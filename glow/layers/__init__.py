"""The parts of a Glow step, each with its inverse and its log-determinant.

Conventions of the original (Kingma and Dhariwal 2018, code at github.com/openai/glow), kept so
that its weights fit: log-scales are stored divided by three, 3x3 convolutions see the image
border through an extra input channel, the first half of the channels conditions the second.

Tensors are (N, C, H, W). A layer works in the dtype of its input, so a float64 latent state
stays float64; only the coupling networks run in the dtype of their own weights.
"""

from glow.layers.actnorm import ActNorm
from glow.layers.convolutions import EdgeAwareConv, PointwiseConv, ZeroConv
from glow.layers.permutations import ChannelPermutation, InvertibleConv
from glow.layers.priors import GaussianSplit, LabelEmbedding, TopPrior
from glow.layers.steps import CouplingLayer, FlowLevel, FlowStep

__all__ = [
    "ActNorm", "ChannelPermutation", "CouplingLayer", "EdgeAwareConv", "FlowLevel", "FlowStep",
    "GaussianSplit", "InvertibleConv", "LabelEmbedding", "PointwiseConv", "TopPrior", "ZeroConv",
]  # fmt: skip
