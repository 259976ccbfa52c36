"""The released measurements of Valenzuela et al. (CVPR Workshops 2021), from a user's own copy.

The release is CC BY-NC-ND 3.0 and shows real people: it is read where it lies, and nothing of it
comes with this package. docs/valenzuela2021.md tells what is imported and how.
"""

from __future__ import annotations

__all__ = ["ALIAS", "TRANSFER"]

ALIAS = "valenzuela2021"
"""The benchmark of the released numbers, without its resolution."""

TRANSFER = "glow-arith (released)"
"""The method under which the released outputs are stored."""
