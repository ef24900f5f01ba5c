"""docs/recipes.md lists the recipes that there are."""

from __future__ import annotations

import re
from pathlib import Path

from abstain.recipes.config.catalogue import catalogue
from abstain.recipes.config.layers import ready_data

TEXT = (Path(__file__).parents[3] / "docs" / "recipes.md").read_text(encoding="utf-8")


def test_the_table_of_the_docs_is_that_of_the_folder() -> None:
    lines = [line for line in TEXT.splitlines() if re.match(r"\| `[\w./-]+` \|", line)]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert cells == [
        [f"`{row.name}`", row.model, row.method, row.data, row.hardware, row.duration, row.verified]
        for row in catalogue()
    ]


def test_the_docs_name_every_ready_data() -> None:
    for name in ready_data():
        assert f"`{name}`" in TEXT
