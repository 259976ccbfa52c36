"""The images of a run, in memory if they fit and else read batch by batch."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor

from glow.data import load_image
from glow.sources import ImageFile

__all__ = ["TrainingImages", "class_names"]

IN_MEMORY = 2 * 2**30
"""Bytes of images that are kept; of more, each batch is read when it is needed."""


class TrainingImages:
    """Images of one size, and their labels if the model has classes.

    Args:
        files: the images.
        size: height and width to bring them to.
        classes: names of the classes, in the order of their labels; empty for none.
        progress: called with the number of images read so far.

    Raises:
        ValueError: an image is unreadable, or in no folder of a class.
    """

    def __init__(
        self,
        files: Sequence[ImageFile],
        size: int,
        classes: Sequence[str] = (),
        *,
        progress: Callable[[int], None] = lambda count: None,
    ) -> None:
        self.files, self.size = files, size
        self.labels = _labels(files, classes) if classes else None
        self._readers = ThreadPoolExecutor(max_workers=min(8, os.cpu_count() or 1))
        self._kept: Tensor | None = None
        if len(files) * 3 * size**2 <= IN_MEMORY:
            self._kept = torch.empty(len(files), 3, size, size, dtype=torch.uint8)
            for index, image in enumerate(self._readers.map(self._read, range(len(files)))):
                self._kept[index] = image
                progress(index + 1)
        elif absent := [file.path for file in files if not file.path.is_file()]:
            # Now, not in the middle of the run.
            raise ValueError(f"cannot read the image {absent[0]}: there is no such file")

    def __len__(self) -> int:
        return len(self.files)

    def take(self, indices: Tensor) -> tuple[Tensor, Tensor | None]:
        """Images, uint8 (N, 3, size, size), and their labels (N,) or None."""
        labels = None if self.labels is None else self.labels[indices]
        if self._kept is not None:
            return self._kept[indices], labels
        return torch.stack(list(self._readers.map(self._read, indices.tolist()))), labels

    def _read(self, index: int) -> Tensor:
        return load_image(self.files[index].path, self.size)


def class_names(files: Sequence[ImageFile], count: int) -> list[str]:
    """The classes of images: the names of their folders, sorted; empty if ``count`` is 0.

    Raises:
        ValueError: there are not ``count`` of them.
    """
    if count == 0:
        return []
    names = sorted({file.label for file in files} - {""})
    if len(names) != count:
        shown = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
        raise ValueError(
            f"--classes is {count}, but --data has {len(names)} folders with images"
            f"{f': {shown}' if names else ''}; each class needs a folder right below --data"
        )
    return names


def _labels(files: Sequence[ImageFile], classes: Sequence[str]) -> Tensor:
    known = {name: label for label, name in enumerate(classes)}
    for file in files:
        if file.label not in known:
            raise ValueError(
                f"{file.path} is in no folder of a class; the classes are {', '.join(classes)}"
            )
    return torch.tensor([known[file.label] for file in files])
