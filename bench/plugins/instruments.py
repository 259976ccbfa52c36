"""Finds embedders and AU estimators: by name (entry points), by name and file, or by file.

The file is one of weights, whose suffix says what reads it, or the Python file of a plugin.

The groups are in :data:`metrics.plugin.GROUPS`; what stands behind a name is an
:class:`metrics.plugin.InstrumentPlugin`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, cast

from bench.errors import BenchError
from bench.plugins.entries import Registered, one_line, registered
from bench.plugins.files import InFile, module_of_file, own_values
from bench.plugins.made import ContractBroken, require_contract
from bench.suggest import did_you_mean
from metrics.contracts import AUEstimator, Embedder
from metrics.plugin import GROUPS, InstrumentPlugin
from metrics.weights import find_weights

__all__ = [
    "WORDS",
    "InstrumentEntry",
    "Kind",
    "find_plugin",
    "list_instruments",
    "load_au_estimator",
    "load_embedder",
    "weights_beside",
]

Kind = Literal["embedder", "au_estimator"]

WORDS: Final[dict[Kind, str]] = {"embedder": "embedder", "au_estimator": "AU estimator"}
COMMANDS: Final = ("apt-get ", "bench ", "pip ")
"""How a remedy begins that can be typed."""


@dataclass(frozen=True, slots=True)
class InstrumentEntry:
    """An instrument that was found.

    Attributes:
        name: the name to type.
        origin: package that brings it.
        plugin: what the package registers; None if it failed to load.
        problem: why the instrument cannot be used here, in one line; None if it can.
        remedy: the one command, or the one sentence, that mends it; empty if nothing is to be done.
    """

    name: str
    origin: str
    plugin: InstrumentPlugin[Any] | None
    problem: str | None
    remedy: str

    def to_dict(self) -> dict[str, Any]:
        """A row of ``bench list embedders --json`` or ``bench list au --json``."""
        plugin = self.plugin
        return {
            "name": self.name,
            "ready": self.problem is None,
            "problem": self.problem,
            "remedy": self.remedy or None,
            "description": plugin.description if plugin else None,
            "scale": plugin.scale if plugin else None,
            "licence": plugin.licence if plugin else None,
            "takes": plugin.takes if plugin else None,
            "origin": self.origin,
        }


def list_instruments(kind: Kind, beside: Sequence[Path] = ()) -> list[InstrumentEntry]:
    """All installed instruments of a kind by name; those that cannot be used with the reason.

    Args:
        kind: which.
        beside: folders to look for weights in, before the usual ones.
    """
    return [_entry(kind, found, beside) for found in registered(GROUPS[kind])]


def load_embedder(spec: str, beside: Sequence[Path] = ()) -> Embedder:
    """Makes an embedder.

    Args:
        spec: NAME, NAME:PATH, the PATH of a file whose suffix says what it is, or of the Python
            file of a plugin.
        beside: folders to look for weights in, before the usual ones.

    Raises:
        BenchError: unknown name, missing weights or missing package, with what to do.
    """
    return cast(Embedder, _load("embedder", spec, beside))


def load_au_estimator(spec: str, beside: Sequence[Path] = ()) -> AUEstimator:
    """Makes an AU estimator.

    Args:
        spec: NAME, NAME:PATH, the PATH of a file whose suffix says what it is, or of the Python
            file of a plugin.
        beside: folders to look for weights in, before the usual ones.

    Raises:
        BenchError: unknown name, missing weights or missing package, with what to do.
    """
    return cast(AUEstimator, _load("au_estimator", spec, beside))


def find_plugin(kind: Kind, spec: str) -> tuple[InstrumentPlugin[Any], Path | None]:
    """The plugin that a text means, and the path that follows its name.

    Args:
        kind: which.
        spec: as for :func:`load_embedder`.

    Raises:
        BenchError: there is none of that name or path.
        ContractBroken: what is there is no plugin of the kind.
    """
    _, plugin, path = _found(kind, spec)
    return plugin, path


def weights_beside(data: Path) -> list[Path]:
    """The folders named ``weights`` beside a dataset's folder, in which weights may lie."""
    return [folder / "weights" for folder in data.resolve().parents[:2]]


def _load(kind: Kind, spec: str, beside: Sequence[Path]) -> Any:
    found, plugin, path = _found(kind, spec)
    who = f"{WORDS[kind]} {plugin.name!r}"
    if path is not None and not (plugin.takes or plugin.weights):
        raise BenchError(f"{who} takes nothing after its name", hint=f"type {found.name}")
    what, remedy = _obstacle(plugin, given=path is not None)
    if what:
        raise BenchError(f"{who} cannot be used here: {what}", hint=remedy or None)
    try:
        if plugin.weights:
            path = _weights(plugin, path, beside)
        made = plugin.make(path)
    except (ValueError, OSError, ImportError, RuntimeError) as error:
        hint = plugin.fetch if isinstance(error, FileNotFoundError) else None
        raise BenchError(f"{who}: {' '.join(str(error).split())}", hint=hint or None) from error
    return require_contract(made, kind, f"{who} ({found.origin})")


def _found(kind: Kind, spec: str) -> tuple[Registered | InFile, InstrumentPlugin[Any], Path | None]:
    found, path = _choose(kind, spec)
    plugin, problem = _plugin(kind, found)
    if plugin is None:
        who = f"{WORDS[kind]} {found.name!r} ({found.origin})"
        raise ContractBroken(f"{who} cannot be loaded: {problem}")
    return found, plugin, path


def _in_file(kind: Kind, path: Path) -> InFile:
    """The plugin of a Python file."""
    try:
        values = own_values(module_of_file(path))
    except (Exception, SystemExit) as error:  # a foreign file may do anything when it is run
        return InFile(path.stem, path, None, one_line(error))
    plugins = [v for v in values if isinstance(v, InstrumentPlugin) and v.kind == kind]
    if len(plugins) != 1:
        found = ", ".join(plugin.name for plugin in plugins) or "none"
        problem = f"expected one InstrumentPlugin of the kind {kind!r}, found {found}"
        return InFile(path.stem, path, None, problem)
    return InFile(plugins[0].name, path, plugins[0], None)


def _choose(kind: Kind, spec: str) -> tuple[Registered | InFile, Path | None]:
    """Which plugin a text means, and the path in it."""
    file, _, given = spec.partition(":")
    if file.endswith(".py"):
        path = Path(file).expanduser()
        if not path.is_file():
            raise BenchError(f"no {WORDS[kind]} file at {path}")
        return _in_file(kind, path), _existing(kind, given) if given else None
    known = {found.name: found for found in registered(GROUPS[kind])}
    if spec in known:
        return known[spec], None
    name, colon, given = spec.partition(":")
    if colon and name in known:
        return known[name], _existing(kind, given)
    suffixes: dict[str, Registered] = {}
    for found in known.values():
        plugin, _ = _plugin(kind, found)
        for suffix in plugin.suffixes if plugin else ():
            suffixes.setdefault(suffix, found)
    if Path(spec).suffix in suffixes:
        return suffixes[Path(spec).suffix], _existing(kind, spec)
    files = f", or the path of a {' or '.join(sorted(suffixes))} file" if suffixes else ""
    raise BenchError(
        f"no {WORDS[kind]} called {spec!r}{did_you_mean(name, known)}",
        hint=f"known: {', '.join(known)}{files}",
    )


def _existing(kind: Kind, text: str) -> Path:
    path = Path(text).expanduser()
    if not text or not path.exists():
        raise BenchError(f"no {WORDS[kind]} weights at {text or 'an empty path'}")
    return path


def _plugin(
    kind: Kind, found: Registered | InFile
) -> tuple[InstrumentPlugin[Any] | None, str | None]:
    """What is registered, or why it is no plugin."""
    plugin, problem = found.load()
    if problem:
        return None, problem
    if not isinstance(plugin, InstrumentPlugin):
        return None, f"it is a {type(plugin).__name__} and no InstrumentPlugin"
    if plugin.name != found.name:
        return None, f"its plugin is called {plugin.name!r}"
    if plugin.kind != kind:
        return None, f"its plugin is of the kind {plugin.kind!r}"
    return plugin, None


def _entry(kind: Kind, found: Registered, beside: Sequence[Path]) -> InstrumentEntry:
    plugin, problem = _plugin(kind, found)
    if plugin is None:
        return InstrumentEntry(found.name, found.origin, None, problem, "")
    what, remedy = _obstacle(plugin)
    obstacles, remedies = [what] if what else [], [remedy] if remedy else []
    if plugin.weights:
        try:
            _weights(plugin, None, beside)
        except FileNotFoundError:
            obstacles.append(f"the weights {plugin.weights} are not here")
            remedies.append(plugin.fetch)
    separator = " && " if all(text.startswith(COMMANDS) for text in remedies) else "; "
    problem = "; ".join(obstacles) or None
    return InstrumentEntry(found.name, found.origin, plugin, problem, separator.join(remedies))


def _obstacle(plugin: InstrumentPlugin[Any], *, given: bool = False) -> tuple[str, str]:
    """What is missing but for weights, and what to do about it; both empty if nothing is.

    Args:
        plugin: which may lack something.
        given: whether the user gave a path, which can stand for what the plugin would look for.
    """
    if missing := plugin.missing_packages():
        return f"it needs {' and '.join(missing)}", plugin.install
    try:
        problem = None if given else plugin.problem()
    except Exception as error:  # a foreign plugin may do anything here
        return one_line(error), ""
    what, _, remedy = (problem or "").rpartition(": ")
    return (what, remedy) if what else (remedy, "")


def _weights(plugin: InstrumentPlugin[Any], given: Path | None, beside: Sequence[Path]) -> Path:
    if given is None:
        for folder in beside:
            for path in sorted(folder.rglob(plugin.weights)):
                return path
    return find_weights(plugin.weights, given)
