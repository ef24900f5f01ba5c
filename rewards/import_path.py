"""A user's own code by its path, as recipes and the command line name it: `module.name`, or `file.py:name`."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, cast


def import_object(path: str) -> Any:
    """Return what stands at `module.name`, or at `file.py:name` relative to the working directory.

    The module of a file is named for the file, so that its functions pickle; its folder joins the Python path.

    Raises:
        ValueError: there is no such module, file or name, or the module cannot be imported.
    """
    file, colon, name = path.rpartition(":")
    if colon and file.endswith(".py"):
        module = _module_of_file(Path(file), path)
    else:
        dotted, _, name = path.replace(":", ".").rpartition(".")
        if not dotted or not name:
            raise ValueError(
                f"{path!r} is not a dotted path; write module.name, for example my_rewards.strict, or file.py:name"
            )
        module = _import_module(dotted, path)
    try:
        return getattr(module, name)
    except AttributeError:
        raise ValueError(f"{path}: module {module.__name__} has no {name!r}") from None


def import_callable(path: str, arguments: Mapping[str, Any] | None, role: str) -> Callable[..., Any]:
    """Return the callable at `path`: a class made with `arguments`, or a function with them bound.

    Args:
        path: As `import_object` takes it.
        arguments: Keyword arguments that the class is made with, or that the function gets besides.
        role: What must stand at the path, for the error message.

    Raises:
        ValueError: it cannot be imported, is not callable, or does not take the arguments.
    """
    target: object = import_object(path)
    if isinstance(target, type):
        try:
            target = cast("Callable[..., object]", target)(**(arguments or {}))
        except TypeError as error:
            raise ValueError(f"{path}: {error}") from None
    elif arguments and callable(target):
        target = partial(target, **arguments)
    if not callable(target):
        raise ValueError(f"{path} must be {role}, got {target!r}")
    return target


def beside(path: str, folder: Path) -> str:
    """Return `file.py:name` with the file looked up in `folder` first; any other path as it is."""
    file, colon, name = path.rpartition(":")
    there = folder / file
    return f"{there}:{name}" if colon and file.endswith(".py") and there.is_file() else path


def _module_of_file(file: Path, path: str) -> ModuleType:
    if not file.is_file():
        raise ValueError(f"{path}: no such file {str(file)!r}")
    folder = str(file.resolve().parent)
    if folder not in sys.path:
        sys.path.append(folder)
    importlib.invalidate_caches()
    module = _import_module(file.stem, path)
    if Path(module.__file__ or "").resolve() != file.resolve():
        place = module.__file__ or "a built-in module"
        raise ValueError(f"{path}: another module is called {file.stem!r} ({place}); rename the file")
    return module


def _import_module(name: str, path: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise ValueError(f"{path}: {error}; it is looked for on the Python path and in the folder you are in") from None
    except Exception as error:  # whatever a user's module raises is a mistake in it, and is named
        raise ValueError(f"{path}: importing {name} raised {type(error).__name__}: {error}") from error
