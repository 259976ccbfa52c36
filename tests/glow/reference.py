"""A second Glow, slow and plain: NumPy and loops over positions, channels last.

Written from the published description of openai/glow, to be read beside it and to share nothing
with the package but the names of the stored tensors.
"""

from __future__ import annotations

import numpy as np


def encode(weights, pixels, *, levels, steps, affine, bits=8, label=None):
    """Latents and log-density of one 8-bit image, (height, width, 3).

    ``weights`` maps the names of the package's state dict to arrays. The density is that of
    x / 2^bits - 0.5 at the middle of each value's bin.
    """
    z = (np.floor(pixels / 2.0 ** (8 - bits)) + 0.5) / 2.0**bits - 0.5
    log_density = 0.0
    latents = []
    for level in range(levels):
        z = squeeze(z)
        for step in range(steps):
            z, log_det = flow_step(weights, f"levels.{level}.steps.{step}", z, affine)
            log_density += log_det
        half = z.shape[2] // 2
        if level < levels - 1:
            h = zero_conv(weights, f"splits.{level}.prior", z[:, :, :half])
            z, factored = z[:, :, :half], z[:, :, half:]
            mean, logs = h[:, :, 0::2], h[:, :, 1::2]
        else:
            factored = z
            h = np.zeros((*z.shape[:2], 2 * z.shape[2]))
            if "top.prior.bias" in weights:
                h = zero_conv(weights, "top.prior", h)
            if label is not None:
                row = weights["top.labels.weight"][:, label] + weights["top.labels.bias"]
                h = h + row * np.exp(3.0 * weights["top.labels.logs"])
            mean, logs = h[:, :, : z.shape[2]], h[:, :, z.shape[2] :]
        eps = (factored - mean) / np.exp(logs)
        log_density += np.sum(-0.5 * (np.log(2.0 * np.pi) + eps**2) - logs)
        latents.append(eps.reshape(-1))
    return np.concatenate(latents), log_density


def squeeze(z):
    height, width, channels = z.shape
    out = np.empty((height // 2, width // 2, 4 * channels))
    for y in range(height):
        for x in range(width):
            for c in range(channels):
                out[y // 2, x // 2, 4 * c + 2 * (y % 2) + x % 2] = z[y, x, c]
    return out


def flow_step(weights, name, z, affine):
    height, width, channels = z.shape
    log_det = 0.0
    if f"{name}.actnorm.logs" in weights:
        log_det += 3.0 * weights[f"{name}.actnorm.logs"].sum() * height * width
        z = actnorm(weights, f"{name}.actnorm", z)
    if f"{name}.permutation.weight" in weights:
        matrix = weights[f"{name}.permutation.weight"].T  # acts on the right of a row of channels
        z = z @ matrix
        log_det += np.log(abs(np.linalg.det(matrix))) * height * width
    else:
        z = z[:, :, weights[f"{name}.permutation.order"]]
    conditioner, changed = z[:, :, : channels // 2], z[:, :, channels // 2 :]
    network = f"{name}.coupling.network"
    h = edge_conv(conditioner, weights[f"{network}.0.weight"])
    h = np.maximum(actnorm(weights, f"{network}.1", h), 0.0)
    h = h @ weights[f"{network}.3.weight"][:, :, 0, 0].T
    h = np.maximum(actnorm(weights, f"{network}.4", h), 0.0)
    h = zero_conv(weights, f"{network}.6", h)
    if affine:
        scale = 1.0 / (1.0 + np.exp(-(h[:, :, 1::2] + 2.0)))
        changed = (changed + h[:, :, 0::2]) * scale
        log_det += np.log(scale).sum()
    else:
        changed = changed + h
    return np.concatenate([conditioner, changed], axis=2), log_det


def actnorm(weights, name, z):
    return (z + weights[f"{name}.bias"]) * np.exp(3.0 * weights[f"{name}.logs"])


def zero_conv(weights, name, z):
    h = edge_conv(z, weights[f"{name}.conv.weight"])
    return (h + weights[f"{name}.bias"]) * np.exp(3.0 * weights[f"{name}.logs"])


def edge_conv(z, kernel):
    """3x3; outside the image all channels are 0 but one more, the last, which is 1 there alone."""
    height, width, channels = z.shape
    out = np.zeros((height, width, kernel.shape[0]))
    for y in range(height):
        for x in range(width):
            for dy in range(3):
                for dx in range(3):
                    row, column = y + dy - 1, x + dx - 1
                    seen = np.zeros(channels + 1)
                    if 0 <= row < height and 0 <= column < width:
                        seen[:channels] = z[row, column]
                    else:
                        seen[channels] = 1.0
                    out[y, x] += kernel[:, :, dy, dx] @ seen
    return out
