"""Doubles of OpenFace and py-feat, which tests cannot install."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
import torch
from safetensors.torch import save_file

HERE = Path(__file__).resolve().parent


@pytest.fixture(scope="session")
def openface_double() -> ModuleType:
    """The module that stands for OpenFace."""
    spec = importlib.util.spec_from_file_location("openface_double", HERE / "openface_double.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def openface_program(tmp_path: Path) -> Callable[..., Path]:
    """Writes a program of that name that does what OpenFace does; returns its path."""

    def write(name: str = "FaceLandmarkImg", folder: str = "bin") -> Path:
        program = tmp_path / folder / name
        program.parent.mkdir(exist_ok=True)
        source = (HERE / "openface_double.py").read_text(encoding="utf-8")
        program.write_text(f"#!{sys.executable}\n{source}", encoding="utf-8")
        program.chmod(0o755)
        return program

    return write


@pytest.fixture
def feat_double(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Makes ``import feat`` find the double, and what it needs work; returns its folder."""
    package = tmp_path / "site" / "feat"
    package.mkdir(parents=True)
    shutil.copy(HERE / "feat_double.py", package / "__init__.py")
    for name in [name for name in sys.modules if name.partition(".")[0] == "feat"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(str(package.parent))
    for name in ("torchcodec", "torchcodec.decoders"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setattr("metrics.au.pyfeat_loading.require_torchvision", lambda: None)
    for variable in ("BENCH_WEIGHTS", "FEAT_MULTITASK_WEIGHTS", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    # The double's module is imported anew by each test; monkeypatch takes it away again.
    for name in ("feat", "feat.utils"):
        monkeypatch.setitem(sys.modules, name, None)
        del sys.modules[name]
    return package


@pytest.fixture
def feat_weights(tmp_path: Path) -> Path:
    """A folder with the two files that the double takes."""
    folder = tmp_path / "weights"
    folder.mkdir()
    save_file(
        {"backbone.weight": torch.zeros(3)},
        folder / "face_multitask_v28.safetensors",
        metadata={"config": "{}"},
    )
    save_file({"body.conv1.weight": torch.zeros(2)}, folder / "retinaface_r34.safetensors")
    return folder
