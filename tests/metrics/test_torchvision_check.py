from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import metrics.torchvision_check
from metrics.torchvision_check import require_torchvision, torchvision_problem


@pytest.fixture
def pretend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts a torchvision of that source before the real one."""
    package = tmp_path / "torchvision"
    package.mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        monkeypatch.delitem(sys.modules, name)
    # What a test imports must not outlive it.
    monkeypatch.setitem(sys.modules, "torchvision", None)
    monkeypatch.delitem(sys.modules, "torchvision")

    def write(source: str) -> None:
        (package / "half.py").write_text("")
        (package / "__init__.py").write_text(source)

    return write


BROKEN = "import torchvision.half\nraise RuntimeError('operator torchvision::nms does not exist')\n"


def test_a_runtime_error_becomes_one_sentence_with_the_command(
    pretend: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(BROKEN)
    versions = {"torch": "2.13.0+cpu", "torchvision": "0.28.0"}
    monkeypatch.setattr(metrics.torchvision_check, "version", versions.__getitem__)
    with pytest.raises(ImportError) as caught:
        require_torchvision()
    assert str(caught.value) == (
        "torchvision 0.28.0 was built for another torch than the 2.13.0+cpu here (operator "
        "torchvision::nms does not exist): pip install --force-reinstall --no-deps "
        "'torchvision==0.28.*' --index-url https://download.pytorch.org/whl/cpu"
    )
    assert torchvision_problem() == str(caught.value)


@pytest.mark.parametrize(
    ("torch", "command"),
    [
        ("2.6.0+cu124", "'torchvision==0.21.*' --index-url https://download.pytorch.org/whl/cu124"),
        ("2.13.0", "--no-deps 'torchvision==0.28.*'"),
        ("3.0.0", "--no-deps torchvision"),
    ],
)
def test_the_command_names_the_torchvision_of_this_torch(
    pretend: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
    torch: str,
    command: str,
) -> None:
    pretend(BROKEN)
    monkeypatch.setattr(metrics.torchvision_check, "version", lambda name: torch)
    assert str(torchvision_problem()).endswith(command)


def test_half_an_import_is_not_left_behind(pretend: Callable[[str], None]) -> None:
    pretend(BROKEN)
    assert torchvision_problem() is not None
    assert not [name for name in sys.modules if name.partition(".")[0] == "torchvision"]
    pretend("answer = 42\n")
    assert require_torchvision().answer == 42
    assert torchvision_problem() is None
    del sys.modules["torchvision"]


def test_a_missing_torchvision_is_an_import_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchvision", None)
    with pytest.raises(ImportError, match=r"torchvision cannot be imported .*pip install"):
        require_torchvision()
