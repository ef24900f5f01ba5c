"""Files and folders that appear whole or not at all."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from abstain.data import RunError, atomic, write_atomic

ROOT = Path(__file__).parents[2]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_replaced_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("old")
    write_atomic(tmp_path / "x", "grün\n")
    assert (tmp_path / "x").read_bytes() == "grün\n".encode()
    assert names(tmp_path) == ["x"]


@pytest.mark.parametrize("error", [KeyError("no"), KeyboardInterrupt()])
def test_an_exception_leaves_the_old_file(tmp_path: Path, error: BaseException) -> None:
    def write_half() -> None:
        with atomic(tmp_path / "x") as part:
            part.write_text("half")
            raise error

    (tmp_path / "x").write_text("old")
    with pytest.raises(type(error)):
        write_half()
    assert (tmp_path / "x").read_text() == "old"
    assert names(tmp_path) == ["x"]


def test_a_folder_appears_whole_in_place_of_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    with atomic(tmp_path / "model") as part:
        (part / "deep").mkdir(parents=True)
        (part / "deep" / "weights").write_bytes(b"1")
        assert names(tmp_path / "model") == []
    assert (tmp_path / "model" / "deep" / "weights").read_bytes() == b"1"
    assert names(tmp_path) == ["model"]


def test_what_a_killed_process_left_is_no_part_of_the_new_folder(tmp_path: Path) -> None:
    (tmp_path / "model.part").mkdir()
    (tmp_path / "model.part" / "stale").write_text("")
    with atomic(tmp_path / "model") as part:
        part.mkdir()
    assert names(tmp_path) == ["model"]
    assert names(tmp_path / "model") == []


def test_a_full_disk_is_one_clear_error_and_leaves_the_old_file(tmp_path: Path) -> None:
    script = """
import resource, sys
from pathlib import Path
from abstain.data import RunError, write_atomic
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))  # the kernel refuses the 1001st byte of any file
try:
    write_atomic(Path(sys.argv[1]), "n" * 2000)
except RunError as error:
    print(error)
"""
    (tmp_path / "x").write_text("old")
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path / "x")], capture_output=True, text=True)
    expected = f"{tmp_path / 'x'}: could not be written (File too large); mend it and go on with --resume\n"
    assert (done.stdout, done.stderr) == (expected, "")
    assert (tmp_path / "x").read_text() == "old"
    assert names(tmp_path) == ["x"]


def test_a_missing_folder_is_named_with_the_advice_of_the_caller(tmp_path: Path) -> None:
    path = tmp_path / "no" / "x"
    with pytest.raises(RunError, match=rf"^{path}: could not be written \(No such file or directory\); choose another"):
        write_atomic(path, "", advice="choose another --out")


def test_several_processes_that_write_one_file_leave_the_whole_of_one(tmp_path: Path) -> None:
    path = tmp_path / "shared"
    with atomic(path, shared=True) as part:
        part.write_text("half")
        script = "import sys; from pathlib import Path; from abstain.data import write_atomic; "
        script += "write_atomic(Path(sys.argv[1]), 'other', shared=True)"
        subprocess.run([sys.executable, "-c", script, str(path)], check=True)
        assert path.read_text() == "other"
        part.write_text("whole")
    assert path.read_text() == "whole"
    assert names(tmp_path) == ["shared"]


def test_parts_are_written_in_one_file_only() -> None:
    folders = ("rewards", "data", "eval", "training", "recipes")
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    by_hand = re.compile(r"""\.part["']|os\.(replace|rename)\(""")
    assert [path.name for path in paths if by_hand.search(path.read_text(encoding="utf-8"))] == ["files.py"]
