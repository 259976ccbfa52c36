"""A file of the original's variables, whatever wrote it."""

from __future__ import annotations

import re
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from numpy.typing import NDArray

__all__ = ["Array", "Source", "open_source"]

Array = NDArray[Any]

SHARD = re.compile(r"\.data-\d{5}-of-\d{5}$")


class Source(Protocol):
    """Named arrays with what else the file tells about the model."""

    @property
    def kind(self) -> str:
        """``checkpoint`` or ``frozen graph``."""

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """Name and shape of each variable."""

    @property
    def image_size(self) -> int | None:
        """Height and width in pixels; None if the file does not tell."""

    @property
    def bits(self) -> int | None:
        """Bit depth of the input; None if the file does not tell."""

    def decode(self, latents: Sequence[Array]) -> Array | None:
        """Images (N, H, W, C), uint8, that the file's own computation makes of the latents of
        each level, (N, H, W, C); None if it holds no decoder."""

    def read(self, name: str) -> Array:
        """The values of a variable.

        Raises:
            ValueError: the file is damaged there.
        """


def open_source(path: Path) -> Source:
    """Opens a TensorFlow checkpoint or a frozen graph.

    Args:
        path: the prefix of a checkpoint (``model_best_loss.ckpt``), one of its files, a folder
            that holds one checkpoint, or a frozen GraphDef (``graph_unoptimized.pb``).

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is neither, or damaged.
        RuntimeError: TensorFlow is not installed; the message says how to get it.
    """
    prefix = _checkpoint_prefix(path)
    if prefix is None and not path.is_file():
        raise FileNotFoundError(
            f"neither a checkpoint nor a frozen graph at {path}: there is no file {path} and no "
            f"{path.name}.index"
        )
    if prefix is None and tarfile.is_tarfile(path):
        raise ValueError(
            f"{path} is an archive: unpack it (tar -xf) and pass the folder or the checkpoint in it"
        )
    # Imported late: TensorFlow takes seconds to load and is an optional dependency.
    from glow.convert.tensorflow_files import CheckpointSource, GraphSource

    return GraphSource(path) if prefix is None else CheckpointSource(prefix)


def _checkpoint_prefix(path: Path) -> Path | None:
    if path.is_dir():
        found = sorted(path.rglob("*.index"))
        if len(found) != 1:
            names = ", ".join(str(index.with_suffix("").relative_to(path)) for index in found[:5])
            raise ValueError(
                f"{path} holds {len(found)} checkpoints, not one"
                + (f": pass one of {names}" if found else " (no file ends in .index)")
            )
        prefix = found[0].with_suffix("")
    elif path.suffix in {".index", ".meta"}:
        prefix = path.with_suffix("")
    else:
        prefix = path.with_name(SHARD.sub("", path.name))
    if not prefix.with_name(prefix.name + ".index").is_file():
        return None
    if not any(SHARD.search(file.name) for file in prefix.parent.glob(f"{prefix.name}.data-*")):
        raise FileNotFoundError(
            f"the checkpoint {prefix} is not whole: {prefix.name}.index is there, "
            f"{prefix.name}.data-00000-of-00001 is not"
        )
    return prefix
