"""Runs one method in a process of its own, in an environment where bench need not be installed.

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

Where it works in the environment of bench itself (``--isolate``) it is told where that imports
from, and may ask bench before it answers::

    {"ask": "look_up", "of": ["ada", "happy"]}
    {"answer": {"path": "/3.png", "identity": ...}}
"""

from __future__ import annotations

import faulthandler
import hashlib
import importlib
import importlib.util
import inspect
import json
import os
import platform
import shutil
import signal
import sys
import time
from _thread import interrupt_main
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from queue import Queue
from threading import Event, Lock, Thread, main_thread
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

LATE_SECONDS = 60.0
"""After bench should have ended a process that hangs: it ends by itself, as bench may be gone."""

IBUG_68 = "ibug-68"

Say = Callable[[Mapping[str, Any]], None]


class InvalidOutput(ValueError):
    pass


class OutOfMemory(Exception):
    """The process has no memory left, and should be another one for the next call."""


class NoRoom(Exception):
    """An image that was made cannot be written: no method is to blame."""


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


def in_memory(made_by: Mapping[str, str], encode: Any, *, shared: bool = False) -> Any:
    """A function like ``encode`` that calls it for the faces alone that it does not know."""
    known: dict[tuple[Any, ...], Any] = {}

    def encoded(faces: Sequence[Face]) -> list[Any]:
        keys = [(face.pixels.shape, face.pixels.tobytes()) for face in faces]
        new = {key: faces[place] for place, key in enumerate(keys) if key not in known}
        if new:
            arrays = [np.array(array) for array in encode(list(new.values()))]
            known.update({key: arrays[place] for place, key in enumerate(new)})
        return [known[key] for key in keys]

    return encoded


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
    remember: Callable[..., Any] = in_memory
    memory: Any = None


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


class Bench:
    """Asks bench for what it alone knows, while it waits for an answer."""

    def __init__(self, asked: Iterator[str], say: Say, faces: Faces) -> None:
        self._asked, self._say, self._faces = asked, say, faces
        self._lock = Lock()
        self._neutral: dict[str, Face] = {}

    def neutral(self, identity: str) -> Face:
        if identity not in self._neutral:
            self._neutral[identity] = self._faces.face(self._ask("neutral", identity))
        return self._neutral[identity]

    def look_up(self, identity: str, expression: str) -> Face | None:
        row = self._ask("look_up", identity, expression)
        return None if row is None else self._faces.face(row)

    def stranger(self, pair: Pair) -> Face:
        names = {field.name: getattr(pair, field.name) for field in fields(Pair)}
        return self._faces.face(self._ask("stranger", names))

    def landmarks(self, faces: Sequence[Face]) -> list[Any]:
        found = self._ask("landmarks", [list(face.key) for face in faces])
        return [None if points is None else np.array(points) for points in found]

    def _ask(self, name: str, *of: Any) -> Any:
        with self._lock:
            self._say({"ask": name, "of": of})
            line = next(self._asked, None)
        if line is None:
            raise EOFError("bench has ended")
        answer = json.loads(line)
        if "error" in answer:
            raise LookupError(answer["error"])
        return answer["answer"]


class Runner:
    """A method that was found, and prepared if there is a context.

    Args:
        told: the first message.
        asked: answers of bench.
        say: writes to bench.

    Attributes:
        problem: why it could not be made or prepared; empty if it was.
    """

    def __init__(self, told: Mapping[str, Any], asked: Iterator[str], say: Say) -> None:
        self._asked, self._say = asked, say
        self._is_beside_bench = "path" in told
        self._timeout: float = told.get("timeout", 0.0)
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
            "reconstructs": callable(getattr(self._class, "reconstruct", None)),
            "source_sha256": hashlib.sha256(source).hexdigest(),
            "environment": environment(),
            "fingerprint": self._fingerprint,
            "problem": self.problem,
        }

    def answer(self, call: Mapping[str, Any]) -> dict[str, Any]:
        if self.problem:
            return {"id": call["id"], "status": "error", "message": self.problem}
        own = os.getpid()
        try:
            with self._guarded(call):
                made = self._made(call)
            told = self._saved(made, call["output"])
        except NoRoom as error:
            told = {"status": "error", "outcome": "gone", "message": str(error)}
        except Exception as error:  # a foreign method may raise anything
            if is_out_of_memory(error):
                raise OutOfMemory(one_line(error)) from error
            told = {"status": "error", **failure(error)}
            if self._is_beside_bench:
                told["raised"] = raised_text(error)
        except SystemExit as error:
            if not self._is_beside_bench or os.getpid() != own:
                raise
            told = {"status": "error", "outcome": "method_error", "raised": raised_text(error)}
        return {"id": call["id"], **told}

    def _prepare(self, values: Mapping[str, Any], context: dict[str, Any]) -> None:
        paths = {row["name"] for row in parameters_of(self._class) if row.get("type") == "Path"}
        typed = {k: Path(v) if k in paths and v is not None else v for k, v in values.items()}
        self._faces = faces = Faces(Path(context.pop("development")))
        self._seed: int = context["seed"]
        known: Any
        if self._is_beside_bench:
            bench = Bench(self._asked, self._say, faces)
            known = importlib.import_module("bench.plugins.contracts").MethodContext(
                development=faces.development,
                neutral=bench.neutral,
                look_up=bench.look_up,
                stranger=bench.stranger,
                landmarks=bench.landmarks,
                **context,
            )
        else:
            known = MethodContext(
                development=faces.development,
                neutral=faces.neutral,
                look_up=_refusal("look_up"),
                stranger=_refusal("stranger"),
                landmarks=_refusal("landmarks"),
                **context,
            )
        with self._guarded(None):
            self._method = self._class(**typed)
            returned = self._method.prepare(known) or {}
        if not isinstance(returned, Mapping):
            raise TypeError(f"prepare returns {type(returned).__name__}, expected a mapping")
        self._fingerprint, self._card = dict(returned), self._method.card

    def _made(self, call: Mapping[str, Any]) -> Any:
        faces = [self._faces.face(row) for row in call["faces"]]
        self._faces.learn_neutral({k: call["faces"][v] for k, v in call["neutral"].items()})
        if call.get("reconstruct"):
            made = self._method.reconstruct(faces)
        else:
            made = self._method.transfer(
                [
                    TransferRequest(
                        Pair(**row["pair"]),
                        faces[row["source"]],
                        tuple(faces[place] for place in row["source_reference"]),
                        tuple(faces[place] for place in row["target_reference"]),
                        row["alpha"],
                    )
                    for row in call["requests"]
                ]
            )
        return made

    def _saved(self, made: Any, path: str) -> dict[str, Any]:
        """Writes an array; what is none cannot be passed on, and bench is told what it is."""
        is_array = isinstance(made, np.ndarray)
        if not is_array or made.dtype.hasobject:
            if self._is_beside_bench:
                return {"status": "ok", **({"shape": made.shape} if is_array else {}),
                        "returned": type(made).__name__}  # fmt: skip
            raise InvalidOutput(f"returned {type(made).__name__}, expected an array of numbers")
        try:
            np.save(path, made, allow_pickle=False)
        except OSError as error:
            raise NoRoom(f"images cannot be written to {path}: {error}") from error
        return {"status": "ok"}

    @contextmanager
    def _guarded(self, call: Mapping[str, Any] | None) -> Iterator[None]:
        """As the process of bench has it: with the same global random generators."""
        if not self._is_beside_bench:
            yield
            return
        guarded = importlib.import_module("bench.plugins.guard").guarded
        rows = [] if call is None else call.get("requests", [])
        asked = [(Pair(**row["pair"]).key, row["alpha"]) for row in rows]
        # Bench ends what hangs, as long as it is there; this also ends what lets no thread work.
        faulthandler.dump_traceback_later(
            (len(asked) + 10) * self._timeout + LATE_SECONDS, exit=True
        )
        try:
            with guarded(self._seed, *(asked if call else ["prepare"])):
                yield
        finally:
            faulthandler.cancel_dump_traceback_later()


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


def is_out_of_memory(error: Exception) -> bool:
    """Also as torch says it, of a processor or a GPU."""
    return isinstance(error, MemoryError) or (
        isinstance(error, (RuntimeError, OSError)) and "memory" in str(error).lower()
    )


def limit_memory(mib: int) -> None:
    """Limits what this process may write to; more is a MemoryError, or the end of the process."""
    if sys.platform == "win32":
        raise OSError("Windows has no such limits")
    import resource

    # Not the address space, of which a GPU's driver reserves more than there is memory.
    kind = resource.RLIMIT_DATA if sys.platform == "linux" else resource.RLIMIT_AS
    resource.setrlimit(kind, (mib << 20, mib << 20))


def expose() -> None:
    """If the system has no memory left, this process goes first; a crash leaves no large file."""
    if sys.platform == "win32":
        return
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")
    with suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def find_class(method: str) -> Any:
    """The class of ``FILE.py``, or ``MODULE:CLASS``."""
    if method.endswith(".py"):
        found = _only_class(_module_of_file(Path(method)))
    else:
        module, _, name = method.partition(":")
        found = importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
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


def raised_text(error: BaseException) -> str:
    """As bench itself notes what a method raises."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


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
            if sys.platform == "win32":
                interrupt_main()
            else:
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
    to_remove: list[str] = []

    def clean_up() -> None:
        for folder in to_remove:
            shutil.rmtree(folder, ignore_errors=True)

    asked, answers = own_streams(at_last=clean_up)
    own = os.getpid()

    def say(message: Mapping[str, Any]) -> None:
        if os.getpid() != own:  # a child that the method has forked and that came back to here
            os._exit(0)
        answers.write(json.dumps(message, default=str) + "\n")
        answers.flush()

    told = json.loads(next(asked))
    if LACKING:
        return say({"ready": False, "message": LACKING, "lacking": True})
    to_remove += [told[name] for name in ("folder_of_bench",) if name in told]
    # The script's own folder is no place to import from.
    sys.path[0] = told["folder"]
    if "path" in told:
        # A method's folder comes last there, too: what it holds hides nothing that bench needs.
        sys.path[:] = [*told["path"], told["folder"]]
        expose()
    if "memory_mib" in told:
        limit_memory(told["memory_mib"])
    install_stand_ins()
    try:
        runner = Runner(told, asked, say)
        description = runner.describe()
    except (Exception, SystemExit) as error:  # a foreign file may do anything when it is run
        return say({"ready": False, "message": one_line(error)})
    say(description)
    for line in asked:
        try:
            say(runner.answer(json.loads(line)))
        except OutOfMemory as error:
            # What it holds is lost with it: the next call finds another process.
            print(f"out of memory: {error}", file=sys.stderr, flush=True)
            os._exit(1)
    clean_up()
    return None


if __name__ == "__main__":
    main()
