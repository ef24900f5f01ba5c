"""The site's navigation names every page, and links that leave the site lead to files of the repository."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from modules import module_at

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def hooks() -> ModuleType:
    return module_at(DOCS / "hooks.py")


def pages(nav: Any) -> Iterator[str]:
    """Yield the pages that a part of the navigation names."""
    if isinstance(nav, str):
        yield nav
    else:
        for part in nav.values() if isinstance(nav, dict) else nav:
            yield from pages(part)


def test_the_navigation_names_every_page_once_and_nothing_else(hooks: ModuleType) -> None:
    named = list(pages(yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]))
    written = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")}
    assert sorted(named) == sorted(written | set(hooks.GENERATED))


def test_every_block_of_the_reference_names_a_module_with_public_names() -> None:
    for path in (DOCS / "reference").glob("*.md"):
        for name in re.findall(r"^::: (\S+)", path.read_text(encoding="utf-8"), re.MULTILINE):
            spec = importlib.util.find_spec(name)
            assert spec is not None
            assert spec.origin is not None
            assert re.search(r"^__all__ = ", Path(spec.origin).read_text(encoding="utf-8"), re.MULTILINE)


def test_a_page_of_the_root_links_to_pages_of_the_site(hooks: ModuleType) -> None:
    text = "[a](docs/training.md#stages) ![b](docs/figures/c.svg) [d](CONTRIBUTING.md) [e](README.md)"
    assert hooks.from_root(text) == "[a](training.md#stages) ![b](figures/c.svg) [d](contributing.md) [e](index.md)"


def test_a_link_to_a_file_that_is_no_page_becomes_its_text(hooks: ModuleType) -> None:
    text = "[a](../training.md) [b](../../Makefile) [c](../../README.md#install) `[d](../../Makefile)`"
    assert hooks.within_site(text, "guides/x.md") == (
        "[a](../training.md) b [c](../index.md#install) `[d](../../Makefile)`"
    )
    with pytest.raises(FileNotFoundError, match=r"docs/guides/x\.md links to \.\./\.\./gone\.py, and there is no gone"):
        hooks.within_site("[a](../../gone.py)", "guides/x.md")


def test_the_page_of_the_schema_has_each_mapping_once_and_its_keys_with_type_default_and_meaning(
    hooks: ModuleType,
) -> None:
    text = hooks.recipe_page()
    headings = re.findall(r"^## .*$", text, re.MULTILINE)
    assert len(set(headings)) == len(headings)
    anchors = set(re.findall(r"\{#([\w-]+)\}", text))
    assert set(re.findall(r"\]\(#([\w-]+)\)", text)) == anchors
    seed = "| `seed` | integer | `0` | Seeds data, weights, sampling and intervals. |"
    assert seed in text.splitlines()
    section = text.partition("## `rl.payoff.ternary`")[2].partition("\n## ")[0]
    assert "| `wrong` | number | required | Pay of a wrong answer. |" in section.splitlines()
    assert "| `rl` | [mapping](#rl) or null | `null` |" in text
    assert "| `post_training` | [mapping](#rl) or null | `null` |" in text
