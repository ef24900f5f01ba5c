"""A user's own code by its path, as recipes and the command line name it: `module.name`, or `file.py:name`."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, cast


def import_object(path: str) -> Any:
    """Return what stands at `module.name`, or at `file.py:name` relative to the working directory.

    The module of a file is named for the file, so that its functions pickle, and is read again where the file has
    changed. Its folder joins the Python path, and so does the working directory where it alone has `module`.

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
        _find_here(dotted.partition(".")[0])
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
    """Return `file.py:name` with the absolute path of the file where it is in `folder`; any other path as it is."""
    file, colon, name = path.rpartition(":")
    there = folder / file
    return f"{there.resolve()}:{name}" if colon and file.endswith(".py") and there.is_file() else path


def code_file(path: str) -> str | None:
    """Return the file of `file.py:name`, or of the imported module of `module.name`; None where it has none."""
    file, colon, _ = path.rpartition(":")
    if colon and file.endswith(".py"):
        return file
    return getattr(sys.modules.get(path.replace(":", ".").rpartition(".")[0]), "__file__", None)


def path_of(thing: Any) -> str | None:
    """Return the `file.py:name` at which `thing` was imported, file names absolute; None where it was not so."""
    module, name = sys.modules.get(getattr(thing, "__module__", "")), getattr(thing, "__qualname__", "")
    file = Path(getattr(module, "__file__", None) or "").resolve()
    return f"{file}:{name}" if file in _STAMPS and getattr(module, name, None) is thing else None


_STAMPS: dict[Path, tuple[int, int]] = {}
"""File that was imported by its path → when it was written and how large it was then."""


def _module_of_file(file: Path, path: str) -> ModuleType:
    if not file.is_file():
        raise ValueError(f"{path}: no such file {str(file)!r}")
    file = file.resolve()
    stamp = (file.stat().st_mtime_ns, file.stat().st_size)
    _join_path(file.parent)
    module = _import_module(file.stem, path)
    if Path(module.__file__ or "").resolve() != file:
        place = module.__file__ or "a built-in module"
        raise ValueError(f"{path}: another module is called {file.stem!r} ({place}); rename the file")
    if _STAMPS.get(file, stamp) != stamp:
        module = _import_module(file.stem, path, again=True)
    _STAMPS[file] = stamp
    return module


def _find_here(module: str) -> None:
    """Put the working directory on the Python path where `module` is there and nowhere else."""
    here = Path.cwd()
    there = (here / f"{module}.py").is_file() or (here / module).is_dir()
    if there and module not in sys.modules and importlib.util.find_spec(module) is None:
        _join_path(here)


def _join_path(folder: Path) -> None:
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
    importlib.invalidate_caches()


def _import_module(name: str, path: str, *, again: bool = False) -> ModuleType:
    try:
        module = importlib.import_module(name)
        return importlib.reload(module) if again else module
    except ModuleNotFoundError as error:
        raise ValueError(f"{path}: {error}; it is looked for on the Python path and in the folder you are in") from None
    except Exception as error:  # whatever a user's module raises is a mistake in it, and is named
        raise ValueError(f"{path}: importing {name} raised {type(error).__name__}: {error}") from error
