"""Packages that can be called: ``bench.run`` is a package and a command at once."""

from __future__ import annotations

import sys
from importlib import import_module
from inspect import Signature, signature
from types import ModuleType
from typing import Any

__all__ = ["make_callable"]


class CallablePackage(ModuleType):
    """A package that passes calls on to the function of its name in :mod:`bench.python`.

    Importing ``bench.run.store`` makes the package an attribute of ``bench``, where the function
    would be; so both are one object, whatever is imported first.
    """

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
        package: its full name.
    """
    sys.modules[package].__class__ = CallablePackage
