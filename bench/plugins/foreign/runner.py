"""Runs one method in its own Python environment, where bench need not be installed.

A script of Python 3.9 or later that needs numpy and Pillow, and nothing of bench. It answers a JSON
line on standard output for each on standard input, as :mod:`bench.plugins.program` has it. It is
told the method and, unless it shall only be described, its parameters and context::

    {"method": "/my_method.py", "folder": "/", "parameters": {}, "context": {"resolution": 64, ...}}

and answers with what ``describe`` returns. Then it makes images, an array in an ``.npy`` file for
each call::

    {"id": 1, "faces": [{"path": "/1.png", "identity": ...}, ...], "neutral": {"ada": 2},
     "requests": [{"pair": {...}, "alpha": 1.0, "source": 0, "source_reference": [1], ...}],
     "output": "/output-1.npy"}

A method sees the attributes of :mod:`bench.plugins.contracts`. Where bench is not installed, small
modules stand in for those that a method's file imports.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import inspect
import json
import os
import platform
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from queue import Queue
from threading import Event, Thread, main_thread
from types import ModuleType
from typing import IO, Any, Literal, NoReturn, Union, get_origin, get_type_hints

try:
    import numpy as np
    from PIL import Image
except ImportError as error:
    LACKING = str(error)
else:
    LACKING = ""

GRACE_SECONDS = 1.0

IDLE_SECONDS = 0.5
"""In which a process that waits for a request sees that there is none any more."""

IBUG_68 = "ibug-68"


class InvalidOutput(ValueError):
    pass


@dataclass(frozen=True)
class Bounds:
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class MethodCard:
    name: str
    description: str
    has_alpha: bool = True
    is_anchor: bool = False
    citation: str = ""
    on_boards: bool = True


@dataclass(frozen=True)
class Pair:
    part: str
    source: str
    sample: str
    target: str

    @property
    def kind(self) -> str:
        return "self" if self.source == self.target else "cross"

    @property
    def key(self) -> str:
        return f"{self.source}/{self.sample}>{self.target}"


@dataclass(frozen=True, eq=False)
class Face:
    identity: str
    sample: str
    expression: str
    pixels: Any

    @property
    def key(self) -> tuple[str, str]:
        return self.identity, self.sample


@dataclass(frozen=True, eq=False)
class TransferRequest:
    pair: Pair
    source: Face
    source_reference: tuple[Face, ...]
    target_reference: tuple[Face, ...]
    alpha: float


@dataclass(frozen=True)
class MethodContext:
    dataset: str
    resolution: int
    device: str
    seed: int
    development: Callable[[], Sequence[Face]]
    neutral: Callable[[str], Face]
    look_up: Callable[[str, str], Face | None]
    stranger: Callable[[Pair], Face]
    landmarks: Callable[[Sequence[Face]], list[Any]]
    landmark_scheme: str = IBUG_68
    landmark_source: str = ""


class Faces:
    """Reads the files of faces, each once, and knows who is neutral on which."""

    def __init__(self, development: Path) -> None:
        with (development / "faces.jsonl").open(encoding="utf-8") as lines:
            self._development = [json.loads(line) for line in lines]
        self._read: dict[str, Face] = {}
        self._neutral = {row["identity"]: row for row in self._development if row["is_neutral"]}

    def face(self, row: Mapping[str, str]) -> Face:
        path = row["path"]
        if path not in self._read:
            with Image.open(path) as image:
                pixels = np.array(image)
            self._read[path] = Face(row["identity"], row["sample"], row["expression"], pixels)
        return self._read[path]

    def development(self) -> list[Face]:
        return [self.face(row) for row in self._development]

    def neutral(self, identity: str) -> Face:
        if identity not in self._neutral:
            raise LookupError(
                f"no neutral face of {identity!r}: with --python there are those of dev people "
                "and, in transfer, of sources and targets"
            )
        return self.face(self._neutral[identity])

    def learn_neutral(self, rows: Mapping[str, Mapping[str, str]]) -> None:
        self._neutral.update(rows)


class Runner:
    """A method that was found, and prepared if there is a context.

    Attributes:
        problem: why it could not be made or prepared; empty if it was.
    """

    def __init__(self, told: Mapping[str, Any]) -> None:
        self._class = find_class(told["method"])
        self._card, self.problem = self._class.card, ""
        self._fingerprint: dict[str, Any] = {}
        if "context" in told:
            try:
                self._prepare(told["parameters"], dict(told["context"]))
            except Exception as error:  # a foreign method may raise anything
                self.problem = one_line(error)

    def describe(self) -> dict[str, Any]:
        source = Path(inspect.getfile(self._class)).read_bytes()
        # That of an older bench may lack a field.
        card = {
            field.name: getattr(self._card, field.name, field.default)
            for field in fields(MethodCard)
        }
        return {
            "ready": True,
            "name": card["name"],
            "has_alpha": card["has_alpha"],
            "card": card,
            "parameters": parameters_of(self._class),
            "source_sha256": hashlib.sha256(source).hexdigest(),
            "environment": environment(),
            "fingerprint": self._fingerprint,
            "problem": self.problem,
        }

    def answer(self, call: Mapping[str, Any]) -> dict[str, Any]:
        if self.problem:
            return {"id": call["id"], "status": "error", "message": self.problem}
        try:
            self._transfer(call)
        except Exception as error:  # a foreign method may raise anything
            return {"id": call["id"], "status": "error", **failure(error)}
        return {"id": call["id"], "status": "ok"}

    def _prepare(self, values: Mapping[str, Any], context: dict[str, Any]) -> None:
        paths = {row["name"] for row in parameters_of(self._class) if row.get("type") == "Path"}
        typed = {k: Path(v) if k in paths and v is not None else v for k, v in values.items()}
        self._method = self._class(**typed)
        self._faces = faces = Faces(Path(context.pop("development")))
        known = MethodContext(
            development=faces.development,
            neutral=faces.neutral,
            look_up=_refusal("look_up"),
            stranger=_refusal("stranger"),
            landmarks=_refusal("landmarks"),
            **context,
        )
        returned = self._method.prepare(known) or {}
        if not isinstance(returned, Mapping):
            raise TypeError(f"prepare returns {type(returned).__name__}, expected a mapping")
        self._fingerprint, self._card = dict(returned), self._method.card

    def _transfer(self, call: Mapping[str, Any]) -> None:
        faces = [self._faces.face(row) for row in call["faces"]]
        self._faces.learn_neutral({k: call["faces"][v] for k, v in call["neutral"].items()})
        requests = [
            TransferRequest(
                Pair(**row["pair"]),
                faces[row["source"]],
                tuple(faces[place] for place in row["source_reference"]),
                tuple(faces[place] for place in row["target_reference"]),
                row["alpha"],
            )
            for row in call["requests"]
        ]
        made = self._method.transfer(requests)
        if not isinstance(made, np.ndarray) or made.dtype.hasobject:
            raise InvalidOutput(f"returned {type(made).__name__}, expected an array of numbers")
        np.save(call["output"], made, allow_pickle=False)


def _refusal(name: str) -> Callable[..., NoReturn]:
    def refuse(*arguments: Any) -> NoReturn:
        raise NotImplementedError(f"context.{name} is not offered to a method run with --python")

    return refuse


def failure(error: Exception) -> dict[str, str]:
    """The outcome of a call, and its reason."""
    # An InvalidOutput may be that of an installed bench.
    if "InvalidOutput" in [base.__name__ for base in type(error).__mro__]:
        return {"outcome": "invalid_output", "message": str(error)}
    if isinstance(error, TimeoutError):
        return {"outcome": "timeout", "message": str(error)}
    return {"outcome": "method_error", "message": one_line(error)}


def find_class(method: str) -> Any:
    """The class of ``FILE.py``, or ``MODULE:CLASS``."""
    if method.endswith(".py"):
        found = _only_class(_module_of_file(Path(method)))
    else:
        module, _, name = method.partition(":")
        found = getattr(importlib.import_module(module), name)
    if not (inspect.isclass(found) and _has_card(found)):
        raise TypeError("it is no class with a MethodCard called card")
    lacking = [name for name in ("prepare", "transfer") if not callable(getattr(found, name, None))]
    if lacking:
        raise TypeError(f"it lacks {' and '.join(lacking)}")
    return found


def _module_of_file(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"bench_plugin_{path.stem}", str(path))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def _only_class(module: ModuleType) -> Any:
    own = {id(value): value for value in vars(module).values() if inspect.isclass(value)}
    classes = [
        value
        for value in own.values()
        if value.__module__ == module.__name__ and "card" in vars(value) and _has_card(value)
    ]
    if len(classes) != 1:
        found = ", ".join(value.__name__ for value in classes) or "none"
        raise TypeError(f"expected one class with a MethodCard called card, found {found}")
    return classes[0]


def _has_card(found: Any) -> bool:
    card = getattr(found, "card", None)
    return all(hasattr(card, name) for name in ("name", "description", "has_alpha"))


def parameters_of(found: Any) -> list[dict[str, Any]]:
    """What ``__init__`` declares, as JSON values: name, default, and facts of the annotation."""
    hints = _hints(found.__init__)
    rows = []
    for parameter in inspect.signature(found).parameters.values():
        row = {"name": parameter.name, **_facts(hints.get(parameter.name))}
        if parameter.default is not parameter.empty:
            row["default"] = parameter.default
        rows.append(row)
    return rows


def _hints(function: Any) -> dict[str, Any]:
    try:
        return get_type_hints(function, include_extras=True)
    except Exception:  # an annotation may be newer than this Python
        return {}


def _facts(annotation: Any) -> dict[str, Any]:
    if annotation is None:
        return {}
    facts: dict[str, Any] = {}
    extras = getattr(annotation, "__metadata__", ())
    for extra in extras:
        if hasattr(extra, "low") and hasattr(extra, "high"):
            facts["bounds"] = [extra.low, extra.high]
    annotation = annotation.__origin__ if extras else annotation
    origin, arguments = get_origin(annotation), getattr(annotation, "__args__", ())
    if origin is Union or type(annotation).__name__ == "UnionType":
        others = [argument for argument in arguments if argument is not type(None)]
        if len(others) == 1:
            return {**facts, **_facts(others[0]), "optional": True}
    if origin is Literal:
        return {**facts, "choices": list(arguments)}
    return {**facts, "type": getattr(annotation, "__name__", str(annotation))}


def environment() -> dict[str, str]:
    """The versions that decide numbers; torch's where it is installed."""
    found = {"python": f"{platform.python_implementation()} {platform.python_version()}"}
    for package in ("numpy", "torch"):
        if package in sys.modules:  # which also tells the build, such as 1.12.1+cu102
            found[package] = str(sys.modules[package].__version__)
            continue
        with suppress(PackageNotFoundError):
            found[package] = version(package)
    return found


def install_stand_ins() -> None:
    """Makes what a method's file imports from bench importable, if bench is not here."""
    try:
        importlib.import_module("bench.plugins.contracts")
    except Exception:  # another package may be called bench, and do anything when imported
        for name, values in stand_ins().items():
            module = ModuleType(name)
            vars(module).update(__path__=[], **values)
            if "." not in name:
                sys.modules.setdefault(name, module)
                continue
            sys.modules[name] = module
            parent, _, child = name.rpartition(".")
            setattr(sys.modules[parent], child, module)


def stand_ins() -> dict[str, dict[str, Any]]:
    """Module -> what it holds; parents come first."""
    array = np.ndarray
    return {
        "bench": {},
        "bench.data": {},
        "bench.data.images": {"Pixels": array},
        "bench.data.split": {"Pair": Pair},
        "bench.plugins": {},
        "bench.plugins.contracts": {
            "IBUG_68": IBUG_68,
            "Face": Face,
            "Landmarks": array,
            "Method": object,
            "MethodCard": MethodCard,
            "MethodContext": MethodContext,
            "Reconstructs": object,
            "TransferRequest": TransferRequest,
        },
        "bench.plugins.failures": {"InvalidOutput": InvalidOutput},
        "bench.plugins.parameters": {"Bounds": Bounds},
    }


def one_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def own_streams(
    grace: float = GRACE_SECONDS, at_last: Callable[[], None] = lambda: None
) -> tuple[Iterator[str], IO[str]]:
    """Requests and answers; what a method prints goes to stderr, and it finds nothing to read.

    The requests end with an empty line or with standard input; then the process ends, whatever it
    does: bench may have been killed, and nobody would end a method that hangs. For the main thread.

    Args:
        grace: seconds in which a method that still works is to stop what it has started.
        at_last: called before the process is ended after that.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    asked = _lines(os.fdopen(os.dup(0), encoding="utf-8"), grace, at_last)
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return asked, answers


def _lines(stream: IO[str], grace: float, at_last: Callable[[], None]) -> Iterator[str]:
    lines: Queue[str | None] = Queue()
    ended = Event()

    def read() -> None:
        for line in stream:
            if not line.strip():
                break
            lines.put(line)
        lines.put(None)
        if not ended.wait(IDLE_SECONDS):
            # As Ctrl-C would: what waits is woken, and what has been started is cleaned up.
            signal.pthread_kill(main_thread().ident or 0, signal.SIGINT)
        time.sleep(grace)
        at_last()
        os._exit(1)

    Thread(target=read, daemon=True).start()
    while (line := lines.get()) is not None:
        yield line
    ended.set()


def main() -> None:
    """Answers until standard input ends."""
    asked, answers = own_streams()

    def say(message: dict[str, Any]) -> None:
        answers.write(json.dumps(message, default=str) + "\n")
        answers.flush()

    told = json.loads(next(asked))
    if LACKING:
        return say({"ready": False, "message": LACKING, "lacking": True})
    # The script's own folder is no place to import from.
    sys.path[0] = told["folder"]
    install_stand_ins()
    try:
        runner = Runner(told)
        description = runner.describe()
    except (Exception, SystemExit) as error:  # a foreign file may do anything when it is run
        return say({"ready": False, "message": one_line(error)})
    say(description)
    for line in asked:
        say(runner.answer(json.loads(line)))
    return None


if __name__ == "__main__":
    main()
