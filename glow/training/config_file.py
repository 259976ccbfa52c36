"""Config files: the settings of a training as TOML, one line each, named as on the command line."""

from __future__ import annotations

import difflib
import json
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from glow.training.settings import SETTINGS, Setting, all_settings

__all__ = ["config_text", "read_config"]


def read_config(path: Path) -> dict[str, Any]:
    """The settings in a config file, by name.

    Relative paths are taken from the folder of the file.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no TOML, or a key is unknown or has a value of another kind; the message
            names file and key.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no config file at {path}")
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not valid TOML: {error}") from error
    known = {setting.name: setting for setting in all_settings()}
    values = {}
    for key, value in content.items():
        if key not in known:
            raise ValueError(f"{path}: unknown key {key!r}{_did_you_mean(key, known)}")
        values[key] = _check(known[key], value, path)
    return values


def config_text(values: Mapping[str, Any], comments: Iterable[str]) -> str:
    """A config file that sets every setting, with absolute paths, below some comments."""
    lines = [f"# {comment}" for comment in comments]
    for title, settings in SETTINGS.items():
        lines += ["", f"# {title}"]
        lines += [f"{setting.name} = {_toml(values[setting.name])}" for setting in settings]
    return "\n".join([*lines, ""])


def _check(setting: Setting, value: Any, path: Path) -> Any:
    if setting.many:
        found = value if isinstance(value, list) else [value]
        return [_check_one(setting, each, path) for each in found]
    return _check_one(setting, value, path)


def _check_one(setting: Setting, value: Any, path: Path) -> Any:
    kind = setting.kind
    accepted = {Path: str, float: (float, int)}.get(kind, kind)
    # In Python, true is an integer too.
    if not isinstance(value, accepted) or (isinstance(value, bool) and kind is not bool):  # type: ignore[arg-type]
        wanted = {Path: "a path", str: "a text", bool: "true or false"}.get(kind, "a number")
        wanted = "a whole number" if kind is int else wanted
        raise ValueError(f"{path}: {setting.name} must be {wanted}, not {value!r}")
    if setting.choices and value not in setting.choices:
        raise ValueError(
            f"{path}: {setting.name} must be one of {', '.join(setting.choices)}, not {value!r}"
            f"{_did_you_mean(value, setting.choices)}"
        )
    return path.parent / value if kind is Path else kind(value)


def _did_you_mean(name: str, known: Iterable[str]) -> str:
    nearest = difflib.get_close_matches(name.replace("_", "-"), list(known), n=1, cutoff=0.5)
    return f"; did you mean {nearest[0]!r}?" if nearest else ""


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Path):
        value = str(value.absolute())
    if isinstance(value, str):
        # A JSON string is a TOML string, unless characters are written as surrogate pairs.
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(_toml(each) for each in value)}]"
    return repr(value)
