"""The files with which a plugin begins: a plugin that works, its test and its card."""

from __future__ import annotations

import ast
import builtins
import importlib.util
import keyword
import re
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

from bench.errors import BenchError
from bench.plugins.checks.cards import plugin_name_problem
from bench.plugins.checks.contract import Kind
from bench.plugins.entries import registered
from bench.plugins.registry import GROUP
from metrics.plugin import GROUPS

__all__ = ["Scaffold", "make_scaffold", "write_files"]

REGISTERED_UNDER: Final[Mapping[str, str]] = {"method": GROUP, **GROUPS}
OPTIONS: Final[Mapping[str, str]] = {"embedder": "--embedder", "au_estimator": "--au"}
"""How an instrument is named on the command line."""

LIMIT: Final = 20
"""Pairs that are enough to see a row."""


@dataclass(frozen=True, slots=True)
class Scaffold:
    """Files to write, and the one that holds the plugin.

    Attributes:
        plugin: the file with the class.
        texts: path -> text of every file.
        commands: what to type once they are written.
    """

    plugin: Path
    texts: Mapping[Path, str]
    commands: tuple[str, ...]


def make_scaffold(kind: Kind, name: str, folder: Path, *, package: bool = False) -> Scaffold:
    """The files of a new plugin; nothing is written.

    Args:
        kind: of the plugin.
        name: of the plugin, lower case with hyphens.
        folder: where the files, or the folder of the package, are to lie.
        package: whether it is a package that registers the plugin by entry point.

    Raises:
        BenchError: the name is malformed, or somebody has it; the hint proposes another.
    """
    _check_name(kind, name, folder)
    module, class_name = name.replace("-", "_"), _class_name(name)
    if package:
        root, source = folder / name, folder / name / "src" / module
        plugin, imported = source / "plugin.py", f"{module}.plugin"
        texts = {
            root / "pyproject.toml": _template("pyproject.toml"),
            root / "README.md": _template(f"{kind}/card.md"),
            source / "__init__.py": '"""my-plugin, for expression-transfer-bench."""\n',
            plugin: _template(f"{kind}/plugin.py"),
            root / "tests" / f"test_{module}.py": _template(f"{kind}/test.py"),
        }
    else:
        root, imported = folder, module
        plugin = folder / f"{module}.py"
        texts = {
            plugin: _template(f"{kind}/plugin.py"),
            folder / f"test_{module}.py": _template(f"{kind}/test.py"),
            folder / f"{name}.md": _template(f"{kind}/card.md"),
        }
    words = {
        "my_group": REGISTERED_UNDER[kind],
        # A constant stands for an instrument, the class itself for a method.
        "my_object": class_name if kind == "method" else "PLUGIN",
        "from my_plugin import": f"from {imported} import",
        "my-plugin": name,
        "my_plugin": module,
        "MyPlugin": class_name,
    }
    texts = {path: _replaced(text, words) for path, text in texts.items()}
    return Scaffold(plugin, texts, _commands(kind, name, plugin, root if package else None))


def write_files(texts: Mapping[Path, str]) -> None:
    """Writes files with the folders that they need.

    Raises:
        BenchError: one of them is there already, and then nothing was written; or the folder
            cannot be written.
    """
    for path in texts:
        if path.exists():
            raise BenchError(
                f"{path} is there already, and nothing is overwritten",
                hint="another name, or --folder DIR",
            )
    for path, text in texts.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8", newline="\n") as file:
                file.write(text)
        except OSError as error:
            raise BenchError(
                f"cannot write {path}: {error.strerror or error}", hint="--folder DIR"
            ) from error


def _commands(kind: Kind, name: str, plugin: Path, package: Path | None) -> tuple[str, ...]:
    """What to type next; a plugin in a package is named, another is a file."""
    path = str(plugin) if plugin.is_absolute() else f"./{plugin}"
    named = name if package else path
    option = OPTIONS.get(kind)
    checked = ["check", *([option] if option else []), named]
    method = ["pixel-arith", option, named] if option else [named]
    lines = [["bench", *checked], ["bench", "run", *method, "--limit", str(LIMIT)]]
    if package:
        lines.insert(0, ["pip", "install", "-e", str(package)])
    return tuple(map(shlex.join, lines))


def _template(name: str) -> str:
    place = files("bench.plugins").joinpath("templates", *f"{name}.txt".split("/"))
    return place.read_text(encoding="utf-8")


def _replaced(text: str, words: Mapping[str, str]) -> str:
    """The text with other words, none of which is replaced again."""
    return re.sub("|".join(map(re.escape, words)), lambda found: words[found[0]], text)


def _check_name(kind: Kind, name: str, folder: Path) -> None:
    if problem := plugin_name_problem(name):
        words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()
        better = re.sub(r"[^a-z0-9]+", "-", words).strip("-").lstrip("0123456789-")
        raise BenchError(problem, hint=f"such as {better or 'my-plugin'}")
    taken = {found.name: found for found in registered(REGISTERED_UNDER[kind])}
    if name in taken:
        raise BenchError(
            f"{name!r} is there already, from {taken[name].origin}", hint=f"such as my-{name}"
        )
    file = folder / f"{name.replace('-', '_')}.py"
    if problem := _module_problem(file) or _class_problem(kind, name):
        raise BenchError(problem, hint=f"such as my-{name}")


def _module_problem(file: Path) -> str:
    """Why there cannot be a module of that name; empty if there can."""
    module = file.stem
    if keyword.iskeyword(module):
        return f"nothing can be imported from {file.name}: {module!r} is a word of the language"
    if module in sys.stdlib_module_names:
        return f"a file {file.name} would hide Python's own {module!r}"
    spec = importlib.util.find_spec(module)
    # The file itself may be there already, which is said where it is written.
    if spec is not None and spec.origin != str(file.resolve()):
        return f"a file {file.name} would hide {module!r}, which is installed"
    return ""


def _class_problem(kind: Kind, name: str) -> str:
    """Why there cannot be a class of that name; empty if there can."""
    found = _class_name(name)
    if keyword.iskeyword(found) or hasattr(builtins, found):
        return f"its class would be called {found}, which means something else in Python"
    if found in _names(_template(f"{kind}/plugin.py")) | _names(_template(f"{kind}/test.py")):
        return f"its class would be called {found}, like something that its file uses"
    return ""


def _class_name(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("-"))


def _names(source: str) -> set[str]:
    """What a file uses and imports, but for the plugin's own class."""
    nodes = list(ast.walk(ast.parse(source)))
    used = {node.id for node in nodes if isinstance(node, ast.Name)}
    imported = {node.name for node in nodes if isinstance(node, ast.alias)}
    return (used | imported) - {"MyPlugin"}
