"""Which share of an evaluation this process has, where a launcher started several."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")

_RANK = ("RANK", "PMI_RANK", "OMPI_COMM_WORLD_RANK", "MV2_COMM_WORLD_RANK")
_LOCAL = ("LOCAL_RANK", "MPI_LOCALRANKID", "OMPI_COMM_WORLD_LOCAL_RANK", "MV2_COMM_WORLD_LOCAL_RANK")
_LAUNCH = ("MASTER_ADDR", "MASTER_PORT", "TORCHELASTIC_RUN_ID", "PMIX_NAMESPACE", "OMPI_MCA_ess_base_jobid")
"""What torchrun and accelerate tell of a launch, and Open MPI of a job."""
_WORLD = ("WORLD_SIZE", "PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "MV2_COMM_WORLD_SIZE")


@dataclass(frozen=True, slots=True)
class Shard:
    """One of `world` processes; what is shared out goes round by position."""

    rank: int = 0
    world: int = 1

    def __post_init__(self) -> None:
        """Raise ValueError unless 0 ≤ rank < world."""
        if not 0 <= self.rank < self.world:
            raise ValueError(f"rank must be in [0, world), got rank {self.rank} of {self.world}")

    @property
    def main(self) -> bool:
        """Whether this process makes the folder, gathers the rows and tells of the result."""
        return self.rank == 0

    def of(self, items: Sequence[T]) -> Sequence[T]:
        """Return this process's share of `items`: those at rank, rank + world and so on.

        It depends on the position alone, not on what was done before, so processes need not agree on anything.
        """
        return items[self.rank :: self.world]

    @property
    def launch(self) -> str:
        """An id shared by all processes of a launch and unique among concurrent ones; colons alone: none known."""
        return ":".join(os.environ.get(name, "") for name in _LAUNCH)


def current_shard() -> Shard:
    """Return the share that `accelerate launch`, torchrun or mpirun gave this process; all of it without a launcher."""
    rank, world = _number(_RANK), _number(_WORLD)
    return Shard() if rank is None or world is None else Shard(rank, world)


def first_on_machine() -> bool:
    """Return whether this process is the first of a launch on its machine: it tells what all of them find."""
    return (_number(_LOCAL) or 0) == 0


def _number(names: tuple[str, ...]) -> int | None:
    return next((int(os.environ[name]) for name in names if os.environ.get(name, "").isdigit()), None)
