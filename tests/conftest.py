"""Shared fixtures: no test touches the network, and one tiny trained model serves all that need one."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from functools import wraps
from importlib.util import find_spec
from pathlib import Path
from typing import Any

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_DATASETS_OFFLINE"] = "1"
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("OMP_NUM_THREADS", "1")  # threads that share a core with other tests wait for each other

import pytest
from hypothesis import settings

settings.register_profile("untimed", deadline=None)  # how long an example takes says how busy the machine is
settings.load_profile("untimed")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out tests that run only where `-m` names their marker; an `addopts` would give way to `-m "not slow"`."""
    unnamed = [name for name in ("network", "extended") if name not in str(config.getoption("-m"))]
    left_out = [item for item in items if any(item.get_closest_marker(name) for name in unnamed)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail a test that opens a connection to anywhere but this machine."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: tuple[Any, ...] | str | bytes) -> None:
        local = not isinstance(address, tuple) or str(address[0]) in ("127.0.0.1", "::1", "localhost")
        if not local:
            raise AssertionError(f"a test tried to reach {address}")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(scope="session", autouse=True)
def _stand_in_prints() -> Iterator[None]:
    """Write stand-ins for the files for print, which take half of a report's time; `test_figures.py` draws them."""
    if find_spec("matplotlib") is None:
        yield
        return
    from abstain.eval.report import plotting

    drawn = plotting.save_print

    @wraps(drawn)
    def stand_in(_: Any, folder: Path, name: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for suffix in ("svg", "png"):
            (folder / f"{name}.{suffix}").write_bytes(b"stands in")

    plotting.save_print = stand_in
    yield
    plotting.save_print = drawn


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the folder of a two-step model of a tiny world: real files, no knowledge."""
    from abstain.data import PromptStyle, TargetSampler, WorldConfig, make_documents, make_world
    from abstain.training.laboratory.base import BaseConfig, train_base

    out = tmp_path_factory.mktemp("tiny-model")
    world = make_world(WorldConfig(families=8, held_out_families=2, members=20, mentions=(0, 1), strangers=2), 0)
    documents = make_documents(world.corpus, PromptStyle(), TargetSampler(), 0)
    config = BaseConfig(
        layers=1,
        width=32,
        heads=2,
        intermediate=32,
        initializer_range=0.08,
        vocab_size=600,
        trainer={"max_steps": 2, "per_device_train_batch_size": 8, "use_cpu": True},
    )
    train_base(documents, config, out / "model", checkpoints=out / "checkpoints", seed=0)
    return str(out / "model")
