from __future__ import annotations

import sys
import tarfile

import pytest

from glow.convert import open_source


def test_no_file_is_said_plainly(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no model\.ckpt\.index"):
        open_source(tmp_path / "model.ckpt")


def test_an_index_without_data_is_not_whole(tmp_path):
    (tmp_path / "model.ckpt.index").touch()
    with pytest.raises(FileNotFoundError, match=r"model\.ckpt\.data-00000-of-00001 is not"):
        open_source(tmp_path / "model.ckpt")


def test_an_archive_is_to_be_unpacked(tmp_path):
    path = tmp_path / "abl-1x1-add.tar"
    with tarfile.open(path, "w"):
        pass
    with pytest.raises(ValueError, match="is an archive: unpack it"):
        open_source(path)


@pytest.mark.parametrize(("names", "match"), [([], "no file ends in"), (["a", "b"], "one of a, b")])
def test_a_folder_holds_one_checkpoint(tmp_path, names, match):
    for name in names:
        (tmp_path / f"{name}.index").touch()
    with pytest.raises(ValueError, match=match):
        open_source(tmp_path)


def test_without_tensorflow_the_error_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    path = tmp_path / "graph.pb"
    path.touch()
    with pytest.raises(RuntimeError, match=r"pip install 'expression-transfer-bench\[openai\]'"):
        open_source(path)
