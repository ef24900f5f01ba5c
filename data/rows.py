"""Rows of question files and Hub sets, each with the place that an error message names."""

from __future__ import annotations

import csv
import fnmatch
import json
import os
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from ..rewards.extras import require
from .errors import InputError, first_line

Row = dict[str, Any]
Rows = Iterator[tuple[str, Row]]
"""(place, row), the place as "file:line" or "file: row n"."""


def is_file(source: str) -> bool:
    """Return whether `source` is named like a question file, whether or not it is there."""
    return Path(source).suffix in READERS


def read_rows(source: str) -> Rows:
    """Return the rows of a .jsonl, .json, .csv or .parquet file, or of a Hub set ("owner/name[/config][:split]").

    Raises:
        InputError: the file is missing, of an unknown kind or malformed, or the Hub set cannot be loaded.
    """
    path = Path(source).expanduser()
    if is_file(source):
        if not path.is_file():
            raise InputError(f"{source}: no such file")
        return READERS[path.suffix](path)
    if path.exists() or source.startswith((".", "/", "~")) or path.suffix in (".txt", ".tsv"):
        raise InputError(f"{source}: not a question file; allowed are {', '.join(READERS)} files and Hub ids")
    return hub_rows(source)


def value_at(row: Mapping[str, Any], path: str) -> Any:
    """Return the value in the column `path`; a dot goes into a nested field, unless a column has that very name.

    None where there is none.
    """
    if path in row or "." not in path:
        return row.get(path)
    head, _, rest = path.partition(".")
    inner = row.get(head)
    return value_at(cast("Mapping[str, Any]", inner), rest) if isinstance(inner, Mapping) else None


def _jsonl(path: Path) -> Rows:
    with path.open("rb") as file:
        for number, raw in enumerate(file, 1):
            try:
                line = raw.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                raise InputError(f"{path}:{number}: not UTF-8 (byte {error.start + 1} of the line)") from None
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except json.JSONDecodeError as error:
                raise InputError(f"{path}:{number}: not JSON ({error.msg}, column {error.colno})") from None
            if not isinstance(row, dict):
                raise InputError(f"{path}:{number}: expected a JSON object, got {type(row).__name__}")
            yield f"{path}:{number}", row


def _json(path: Path) -> Rows:
    """Yield the objects of a list, or of the one list of objects that an object holds (as SelfAware's file does)."""
    try:
        loaded: Any = json.loads(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 (byte {error.start + 1})") from None
    except json.JSONDecodeError as error:
        raise InputError(f"{path}:{error.lineno}: not JSON ({error.msg}, column {error.colno})") from None
    lists = list(cast("Row", loaded).values()) if isinstance(loaded, dict) else [loaded]
    candidates = [rows for value in lists if (rows := _objects(value))]
    if len(candidates) != 1:
        raise InputError(f"{path}: expected a list of JSON objects, or an object that holds exactly one")
    yield from ((f"{path}: row {number}", row) for number, row in enumerate(candidates[0], 1))


def _objects(value: Any) -> list[Row]:
    """Return `value` where it is a list of objects, else an empty list."""
    rows = cast("list[Any]", value) if isinstance(value, list) else []
    return rows if all(isinstance(row, dict) for row in rows) else []


def _csv(path: Path) -> Rows:
    with path.open(encoding="utf-8-sig", newline="") as file:
        csv.field_size_limit(2**31 - 1)  # a completion may be longer than its 128 KiB
        reader = csv.DictReader(file, strict=True)
        try:
            _check_header(reader.fieldnames or (), path)
            for row in reader:
                if None in row or None in row.values():
                    raise InputError(
                        f"{path}:{reader.line_num}: has {'more' if None in row else 'fewer'} cells than the header; a "
                        "text with commas, quotes or line breaks stands in double quotes"
                    )
                yield f"{path}:{reader.line_num}", dict(row)
        except (UnicodeDecodeError, csv.Error) as error:
            raise InputError(f"{path}:{reader.line_num + 1}: not a UTF-8 CSV file ({error})") from None


def _check_header(names: Sequence[str], path: Path) -> None:
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise InputError(f"{path}:1: the column {twice[0]!r} stands there twice; every column needs a name of its own")


def _parquet(path: Path) -> Rows:
    require(f"{path}: a Parquet file", "pyarrow")
    import pyarrow as pa
    import pyarrow.parquet as pq

    invalid = cast("type[ValueError]", pa.ArrowInvalid)
    try:
        rows = cast("list[Row]", pq.read_table(path).to_pylist())
    except invalid as error:
        raise InputError(f"{path}: not a Parquet file ({error})") from None
    yield from ((f"{path}: row {number}", row) for number, row in enumerate(rows, 1))


READERS: dict[str, Callable[[Path], Rows]] = {".jsonl": _jsonl, ".json": _json, ".csv": _csv, ".parquet": _parquet}
"""Suffix of a question file → its reader."""


def hub_rows(source: str) -> Rows:
    """Return the rows of a Hub set, "owner/name", "owner/name/config" or either with ":split" (by default "train").

    Raises:
        InputError: it cannot be loaded: offline, no such name, config or split.
    """
    name, _, split = source.partition(":")
    owner, *rest = name.split("/")
    path, config = ("/".join([owner, *rest[:1]]), rest[1] if len(rest) > 1 else None)
    require(f"{source}: a set on the Hub", "datasets", "huggingface_hub")
    import datasets  # heavy, and only needed for the Hub
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    try:
        rows = cast("Iterable[Row]", datasets.load_dataset(path, config, split=split or "train"))
    except (OSError, ValueError, HfHubHTTPError, HFValidationError) as error:
        first = first_line(error)
        if isinstance(error, ValueError) and ("split" in first.lower() or "config" in first.lower()):
            raise InputError(f"{source}: {first}") from None
        raise InputError(
            f"{source}: neither a file nor a data set that could be loaded from the Hub ({_state()}); offline, "
            f"give a .jsonl, .csv or .parquet file [{type(error).__name__}]"
        ) from None
    return ((f"{source}: row {number}", dict(row)) for number, row in enumerate(rows, 1))


def url_rows(url: str, members: str | None = None) -> Rows:
    """Return the rows of a question file at `url`, fetched once into the cache of `datasets`.

    Args:
        url: Of a file with one of the suffixes of `READERS`, or of a zip archive.
        members: Pattern of the files to read in the archive ("dataset/dev/*.json").

    Raises:
        InputError: it cannot be fetched, or the archive holds no such file.
    """
    require(f"{url}: fetching a question file", "datasets")
    from datasets import DownloadManager

    try:
        fetched = Path(cast("str", DownloadManager().download(url)))
    except OSError as error:
        raise InputError(f"{url}: could not be fetched ({_state()}); {first_line(error)}") from None
    if members is None:
        return READERS[Path(url).suffix](fetched)
    return _zipped(fetched, url, members)


def _zipped(archive: Path, url: str, members: str) -> Rows:
    with zipfile.ZipFile(archive) as file:
        names = sorted(fnmatch.filter(file.namelist(), members))
        if not names:
            raise InputError(f"{url}: holds no files {members}")
        for name in names:
            rows = cast("list[Row]", json.loads(file.read(name)))
            # The file's name tells what its rows have in common: "P17.dev.json" is relation P17.
            common = {"file": Path(name).name.partition(".")[0]}
            yield from ((f"{url}: {name}: row {number}", {**common, **row}) for number, row in enumerate(rows, 1))


def _state() -> str:
    offline = any(os.environ.get(name, "") not in ("", "0") for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"))
    return "HF_HUB_OFFLINE is set" if offline else "is the name right and the network reachable?"
