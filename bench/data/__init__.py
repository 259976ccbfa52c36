"""Dataset cards, splits and images."""
