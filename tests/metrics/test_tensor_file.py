from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest
import torch

from metrics.tensor_file import read_tensors

STATE = {"weight": torch.arange(6.0).reshape(2, 3), "count": torch.tensor(7)}


class Code:
    """A pickle of it creates a file when it is loaded."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.trace),)


@pytest.mark.parametrize("zipped", [True, False])
def test_tensors_come_back_from_either_format(tmp_path: Path, zipped: bool) -> None:
    path = tmp_path / "state.pt"
    torch.save(STATE, path, _use_new_zipfile_serialization=zipped)
    tensors = read_tensors(path)
    assert list(tensors) == list(STATE)
    assert all(torch.equal(tensors[name], STATE[name]) for name in STATE)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_truncated_file_is_refused_by_name_wherever_it_ends(tmp_path: Path, zipped: bool) -> None:
    path = tmp_path / "state.pt"
    torch.save(STATE, path, _use_new_zipfile_serialization=zipped)
    content = path.read_bytes()
    for length in [0, 1, 10, 60, len(content) // 2, len(content) - 1]:
        path.write_bytes(content[:length])
        with pytest.raises(ValueError, match=r"state\.pt is truncated or no file of PyTorch"):
            read_tensors(path)


@pytest.mark.parametrize("content", [b"<!DOCTYPE html>", b"hello world" * 20, bytes(range(256))])
def test_anything_else_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.pt"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"other\.pt is truncated or no file of PyTorch") as caught:
        read_tensors(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("how", ["zip", "legacy", "pickle"])
def test_code_in_a_pickle_is_refused_and_does_not_run(tmp_path: Path, how: str) -> None:
    path, trace = tmp_path / "code.pt", tmp_path / "it-ran"
    content = {"weight": Code(trace)}
    if how == "pickle":
        path.write_bytes(pickle.dumps(content, protocol=2))
    else:
        torch.save(content, path, _use_new_zipfile_serialization=how == "zip")
    with pytest.raises(ValueError, match=r"code\.pt asks for \w+\.mkdir .* refused"):
        read_tensors(path)
    assert not trace.exists()
    pickle.loads(pickle.dumps(content))
    assert trace.is_dir()  # so the trap was one


@pytest.mark.parametrize("content", [[torch.zeros(1)], {"a": 1.0}, torch.zeros(2)])
def test_a_file_without_tensors_by_name_is_refused(tmp_path: Path, content: object) -> None:
    path = tmp_path / "list.pt"
    torch.save(content, path)
    with pytest.raises(ValueError, match=r"list\.pt holds a \w+ and not tensors by name"):
        read_tensors(path)


def test_a_missing_file_is_no_damaged_one(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"gone\.pt"):
        read_tensors(tmp_path / "gone.pt")
