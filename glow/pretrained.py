"""The models that come with the package."""

from __future__ import annotations

from pathlib import Path

__all__ = ["find_model", "list_models"]

FOLDER = Path(__file__).resolve().parent / "weights"


def list_models() -> list[str]:
    """Names of the models that come with the package."""
    return sorted(path.parent.name for path in FOLDER.glob("*/model.safetensors"))


def find_model(name: str) -> Path:
    """The weights of a model.

    Args:
        name: a name of :func:`list_models`, or the path of a ``.safetensors`` file.

    Raises:
        FileNotFoundError: there is neither such a model nor such a file.
    """
    path = Path(name) if name.endswith(".safetensors") else FOLDER / name / "model.safetensors"
    if not path.is_file():
        known = ", ".join(list_models()) or "none"
        raise FileNotFoundError(
            f"no Glow model at {path}; known models: {known}; or pass a .safetensors file made by "
            "python -m glow train"
        )
    return path
