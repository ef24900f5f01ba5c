from __future__ import annotations

import os
from pathlib import Path

import pytest

from abstain.eval.backends.identity import HashCache, model_hash
from abstain.eval.sweep.shard import Shard, current_shard


@pytest.fixture(autouse=True)
def _cache_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def folder(path: Path, **files: str) -> str:
    path.mkdir()
    for name, text in files.items():
        (path / name.replace("__", ".")).write_text(text)
    return str(path)


def test_the_hash_of_a_folder_follows_its_contents_and_not_its_place(tmp_path: Path) -> None:
    first = folder(tmp_path / "a", config__json="{}", model__safetensors="weights", README__md="one")
    same = folder(tmp_path / "b", config__json="{}", model__safetensors="weights", README__md="two")
    assert model_hash(first) == model_hash(same)
    assert len(model_hash(first)) == 16
    for name, text in (("model.safetensors", "Weights"), ("config.json", "{1}"), ("chat_template.jinja", "new")):
        other = tmp_path / name
        folder(other, config__json="{}", model__safetensors="weights")
        (other / name).write_text(text)
        assert model_hash(str(other)) != model_hash(first), name


def test_weights_written_over_in_place_are_noticed_though_the_cache_knew_the_file(tmp_path: Path) -> None:
    path = folder(tmp_path / "a", model__safetensors="weights")
    before = model_hash(path)
    assert model_hash(path) == before
    (tmp_path / "a" / "model.safetensors").write_text("WEIGHTS")
    os.utime(tmp_path / "a" / "model.safetensors", ns=(1, 1))
    assert model_hash(path) != before


def test_a_known_file_is_not_read_again_and_a_damaged_cache_is_no_error(tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    file.write_text("weights")
    cache = HashCache(tmp_path / "hashes.json")
    digest = cache.sha256(file)
    cache.save()
    stamp = file.stat().st_mtime_ns
    file.write_text("WEIGHTS")
    os.utime(file, ns=(stamp, stamp))  # nobody can tell without reading
    assert HashCache(tmp_path / "hashes.json").sha256(file) == digest
    (tmp_path / "hashes.json").write_text("{")
    assert HashCache(tmp_path / "hashes.json").sha256(file) != digest


def test_a_weight_file_of_the_hubs_cache_is_known_by_its_name(tmp_path: Path) -> None:
    blob = tmp_path / "blobs" / ("0123456789abcdef" * 4)
    blob.parent.mkdir()
    blob.write_text("not read")
    (tmp_path / "model.safetensors").symlink_to(blob)
    assert HashCache(tmp_path / "hashes.json").sha256(tmp_path / "model.safetensors") == blob.name


def test_a_hub_id_is_told_by_its_commit_and_an_endpoint_by_its_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commits = iter(("c1", "c2"))
    monkeypatch.setattr(
        "huggingface_hub.try_to_load_from_cache", lambda _, name: f"/hub/snapshots/{next(commits)}/{name}"
    )
    assert model_hash("some/model") != model_hash("some/model")
    one = model_hash("m", base_url="http://localhost:8000/v1")
    assert one == model_hash("m", base_url="http://localhost:8000/v1/")
    assert (
        len({one, model_hash("n", base_url="http://localhost:8000/v1"), model_hash("m", base_url="http://h/v1")}) == 3
    )


def test_shards_are_disjoint_complete_and_told_by_the_launcher(monkeypatch: pytest.MonkeyPatch) -> None:
    items = list(range(10))
    assert sorted(x for rank in range(3) for x in Shard(rank, 3).of(items)) == items
    for name in ("RANK", "WORLD_SIZE", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    assert current_shard() == Shard(0, 1)
    monkeypatch.setenv("OMPI_COMM_WORLD_RANK", "1")
    monkeypatch.setenv("OMPI_COMM_WORLD_SIZE", "4")
    assert current_shard() == Shard(1, 4)
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert current_shard() == Shard(0, 2)
    with pytest.raises(ValueError, match=r"rank must be in \[0, world\), got rank 2 of 2"):
        Shard(2, 2)
