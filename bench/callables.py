"""Packages that can be called: ``bench.run`` is a package and a command at once.

A call is passed on to the function of the package's name in :mod:`bench.python`.
"""

from __future__ import annotations

import sys
from importlib import import_module
from inspect import Signature, signature
from types import ModuleType
from typing import Any

__all__ = ["make_callable"]


class CallablePackage(ModuleType):
    # Importing bench.run.store makes the package an attribute of bench, where the function would
    # be; so both are one object, whatever is imported first. The class has no text of its own:
    # that of the function stands in its place, since help() asks for it.

    @property
    def __doc__(self) -> str | None:  # type: ignore[override]
        """That of the function."""
        text: str | None = self.__wrapped__.__doc__
        return text

    def __call__(self, *args: Any, **options: Any) -> Any:
        return self.__wrapped__(*args, **options)

    @property
    def __wrapped__(self) -> Any:
        return getattr(import_module("bench.python"), self.__name__.rpartition(".")[2])

    @property
    def __signature__(self) -> Signature:
        return signature(self.__wrapped__)


def make_callable(package: str) -> None:
    """Makes a package that is being imported callable.

    Args:
        package: its full name, which is that of a function after ``bench.``.
    """
    sys.modules[package].__class__ = CallablePackage
