"""Checkpoints and frozen graphs. The one module that imports TensorFlow."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from math import log2
from pathlib import Path
from typing import Any

import numpy as np

from glow.convert.folded import Folded, find_folded
from glow.convert.source import Array

__all__ = ["CheckpointSource", "GraphSource"]

# What a variable is called in the original, and in its networks that are off by default.
VARIABLE_NAMES = {
    "W", "b", "logs", "indices", "indices_inverse", "P", "L", "U", "sign_S", "log_S"
}  # fmt: skip
UNFROZEN = {"Variable", "VariableV2", "VarHandleOp"}
IMAGE_INPUTS = {"image", "enc_x"}


class CheckpointSource:
    """Variables of a checkpoint (``PREFIX.index`` and ``PREFIX.data-...``).

    Raises:
        ValueError: the checkpoint is damaged.
        RuntimeError: TensorFlow is not installed.
    """

    kind = "checkpoint"
    image_size: int | None = None
    bits: int | None = None

    def __init__(self, prefix: Path) -> None:
        self._path, self._tensorflow = prefix, _import_tensorflow()
        try:
            self._reader = self._tensorflow.train.load_checkpoint(str(prefix))
            shapes = self._reader.get_variable_to_shape_map()
        except (self._tensorflow.errors.OpError, LookupError, RuntimeError, ValueError) as error:
            raise self._damaged(error) from error
        self.shapes: Mapping[str, tuple[int, ...]] = {
            name: tuple(int(n) for n in shape) for name, shape in shapes.items()
        }

    def read(self, name: str) -> Array:
        try:
            values: Array = self._reader.get_tensor(name)
        except (self._tensorflow.errors.OpError, LookupError, RuntimeError, ValueError) as error:
            raise self._damaged(error, f" at {name}") from error
        return values

    def decode(self, latents: Sequence[Array]) -> Array | None:
        """None: a checkpoint holds values alone."""
        return None

    def _damaged(self, error: Exception, where: str = "") -> ValueError:
        return ValueError(
            f"the checkpoint {self._path} is damaged{where}: get its files again "
            f"(TensorFlow says: {_first_line(error)})"
        )


class GraphSource:
    """Constants of a frozen graph that were variables.

    A constant is taken for a variable if the graph reads it as one (``NAME/read``) or if it is
    called like one. Operations that TensorFlow does not know are no obstacle to reading.

    Raises:
        ValueError: the file is no graph, or one whose variables are not constants.
        RuntimeError: TensorFlow is not installed.
    """

    kind = "frozen graph"

    def __init__(self, path: Path) -> None:
        self._tensorflow = _import_tensorflow()
        self._graph = self._parse(path)
        nodes = list(self._graph.node)
        constants = {node.name: node for node in nodes if node.op == "Const"}
        if not constants or any(node.op in UNFROZEN for node in nodes):
            raise ValueError(
                f"{path} is a graph whose variables lie elsewhere: pass the checkpoint that "
                "belongs to it, or freeze it"
            )
        operations = {node.name for node in nodes}
        self._constants = {}
        for name, node in constants.items():
            variable = name.removesuffix("/read")
            if variable.rpartition("/")[2] in VARIABLE_NAMES or f"{name}/read" in operations:
                self._constants[variable] = node
        shapes = {name: _shape(node) for name, node in constants.items()}
        folded = find_folded(shapes, operations)
        self._nodes = constants
        self._folded: dict[str, Folded] = {
            name: value for name, value in folded.items() if name not in self._constants
        }
        self.shapes: Mapping[str, tuple[int, ...]] = {
            **{name: _shape(node) for name, node in self._constants.items()},
            **{name: value.shape for name, value in self._folded.items()},
        }
        self.image_size = _image_size(nodes)
        self.bits = self._find_bits()

    def read(self, name: str) -> Array:
        if name in self._folded:
            folded = self._folded[name]
            return folded.undo(self._values(self._nodes[folded.constant]))
        return self._values(self._constants[name])

    def decode(self, latents: Sequence[Array]) -> Array | None:
        """What the graph itself decodes latents to; None if it has no decoder.

        Args:
            latents: eps of each level, (N, H, W, C), the finest first.

        Returns:
            images, (N, H, W, C), uint8. Inputs that are no latents, such as labels and the
            small images of the demo's first version, are fed as the demo does: 0 and grey.

        Raises:
            RuntimeError: TensorFlow cannot run the graph, for it has operations of others.
        """
        inputs = [node for node in self._graph.node if node.op == "Placeholder"]
        fed = {_input_shape(node): node.name for node in inputs}
        used = {name.partition(":")[0] for node in self._graph.node for name in node.input}
        outputs = [
            node.name
            for node in self._graph.node
            if node.op == "Cast"
            and node.name not in used
            and node.attr["DstT"].type == self._tensorflow.uint8.as_datatype_enum
        ]
        if len(outputs) != 1 or any(eps.shape[1:] not in fed for eps in latents):
            return None
        feed = {f"{node.name}:0": self._default(node, len(latents[0])) for node in inputs}
        feed |= {f"{fed[eps.shape[1:]]}:0": eps for eps in latents}
        v1 = self._tensorflow.compat.v1
        try:
            with self._tensorflow.Graph().as_default() as graph:
                self._tensorflow.import_graph_def(self._graph, name="")
                with v1.Session(graph=graph) as session:
                    images: Array = session.run(f"{outputs[0]}:0", feed)
        except (self._tensorflow.errors.OpError, ValueError) as error:
            raise RuntimeError(
                f"TensorFlow cannot run this graph, so nothing can be compared "
                f"({_first_line(error)}): leave out --verify"
            ) from error
        return images

    def _default(self, node: Any, count: int) -> Array:
        dtype = self._tensorflow.dtypes.as_dtype(node.attr["dtype"].type)
        grey = 128 if dtype == self._tensorflow.uint8 else 0
        return np.full((count, *_input_shape(node)), grey, dtype=dtype.as_numpy_dtype)

    def _parse(self, path: Path) -> Any:
        from google.protobuf.message import DecodeError

        graph = self._tensorflow.compat.v1.GraphDef()
        content = path.read_bytes()
        try:
            graph.ParseFromString(content)
        except DecodeError as error:
            raise _no_graph(path, content) from error
        if not graph.node:
            raise _no_graph(path, content)
        return graph

    def _values(self, node: Any) -> Array:
        try:
            values: Array = self._tensorflow.make_ndarray(node.attr["value"].tensor)
        except (TypeError, ValueError) as error:
            raise ValueError(f"the constant {node.name} is damaged: {error}") from error
        return values

    def _find_bits(self) -> int | None:
        """From the two divisions of the preprocessing: by 2^(8 - bits), unless that is 1, then
        by 2^bits."""
        divisors = {}
        for name, node in self._nodes.items():
            if (match := re.match(r"^(.+/)?model(_\d+)?/(truediv|truediv_1)/y$", name)) and not (
                _shape(node)
            ):
                divisors[match[3]] = float(self._values(node))
        first, second = divisors.get("truediv"), divisors.get("truediv_1")
        if first == 256.0:
            return 8
        if first is not None and second is not None and first * second == 256.0 and second >= 2.0:
            return int(log2(second))
        return None


def _import_tensorflow() -> Any:
    # Set before TensorFlow loads, or it writes notes about the processor to stderr.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    try:
        import tensorflow
    except ImportError as error:
        raise RuntimeError(
            "TensorFlow is needed to read the original's files and is not installed: "
            "pip install 'expression-transfer-bench[openai]'"
        ) from error
    return tensorflow


def _image_size(nodes: list[Any]) -> int | None:
    """The size of the images that the graph takes, from the shape of its input."""
    for node in nodes:
        if node.op == "Placeholder" and node.name.rpartition("/")[2] in IMAGE_INPUTS:
            sizes = _input_shape(node)
            if len(sizes) == 3 and sizes[0] == sizes[1] > 0:
                return sizes[0]
    return None


def _input_shape(node: Any) -> tuple[int, ...]:
    """The shape of one element of a batch."""
    return tuple(int(dimension.size) for dimension in node.attr["shape"].shape.dim[1:])


def _shape(node: Any) -> tuple[int, ...]:
    return tuple(int(dimension.size) for dimension in node.attr["value"].tensor.tensor_shape.dim)


def _no_graph(path: Path, content: bytes) -> ValueError:
    start = content[:20].decode("ascii", errors="replace").strip()
    return ValueError(
        f"{path} is no TensorFlow graph, or only a part of one ({len(content)} bytes that start "
        f"with {start!r}): get it again"
    )


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:200]
