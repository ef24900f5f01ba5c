"""The schema that editors complete recipes with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from abstain.recipes import load_recipe, shipped_recipes
from abstain.recipes.commands.cli import app
from abstain.recipes.config.editor_schema import FILE, LINE, editor_schema
from abstain.recipes.config.layers import RecipeLoader, shipped_parts


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    schema = editor_schema()
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def test_every_shipped_recipe_and_part_is_valid(validator: Draft202012Validator) -> None:
    for name, text in {**shipped_recipes(), **shipped_parts()}.items():
        wrong = [
            f"{error.json_path}: {error.message}" for error in validator.iter_errors(yaml.load(text, RecipeLoader))
        ]
        assert wrong == [], name


def test_a_recipe_with_everything_it_inherits_is_valid_too(validator: Draft202012Validator) -> None:
    for name in ("tiny", "tiny-rejection", "qwen3-4b/grpo", "qwen3-4b/rloo", "qwen3-4b/stated", "qwen3-4b/dpo"):
        assert validator.is_valid(load_recipe(name).model_dump(mode="json")), name


@pytest.mark.parametrize(
    ("recipe", "path"),
    [
        ({"sead": 1}, "$"),
        ({"seed": -1}, "$.seed"),
        ({"rl": {"grpo": {"max_step": 3}}}, "$.rl"),
        ({"lora": {"rank": 8}}, "$.lora"),
        ({"data": "gsm9k"}, "$.data"),
        ({"rl": {"payoff": {"kind": "ternery"}}}, "$.rl"),
        ({"extends": 3}, "$.extends"),
    ],
)
def test_what_loading_refuses_is_underlined(recipe: Any, path: str, validator: Draft202012Validator) -> None:
    assert [error.json_path for error in validator.iter_errors(recipe)] == [path]


def test_keys_say_what_they_mean_in_our_words_and_in_the_libraries() -> None:
    schema = editor_schema()
    sections = schema["$defs"]
    assert "abstain sets list" in sections["DataSection"]["properties"]["train"]["description"]
    grpo = sections["RLSection"]["properties"]["grpo"]["anyOf"][0]["properties"]
    assert "coefficient" in grpo["beta"]["description"]
    assert "scale_rewards" not in sections["RLSection"]["properties"]["rloo"]["anyOf"][0]["properties"]


def test_every_key_of_ours_says_what_it_means() -> None:
    schema = editor_schema()
    sections = {"Recipe": schema, **schema["$defs"]}
    silent = [
        f"{name}.{key}"
        for name, section in sections.items()
        for key, field in section.get("properties", {}).items()
        if not field.get("description") and key != "kind"
    ]
    assert silent == []
    assert "Guessing collapse" in schema["$defs"]["AlarmLimits"]["properties"]["answered"]["description"]


def test_a_copy_names_the_schema_where_it_lies_beside_it(tmp_path: Path) -> None:
    runner = CliRunner()
    plain, described, later = (str(tmp_path / f"{name}.yaml") for name in ("plain", "described", "later"))
    assert runner.invoke(app, ["recipes", "copy", "qwen3-4b/grpo", plain]).exit_code == 0
    assert runner.invoke(app, ["recipes", "copy", "qwen3-4b/grpo", described, "--schema"]).exit_code == 0
    assert runner.invoke(app, ["recipes", "copy", "tiny", later]).exit_code == 0
    firsts = [Path(path).read_text(encoding="utf-8").splitlines()[0] for path in (plain, described, later)]
    assert [first == LINE for first in firsts] == [False, True, True]
    assert json.loads((tmp_path / FILE).read_text(encoding="utf-8")) == editor_schema()
    shipped = load_recipe("qwen3-4b/grpo")
    assert load_recipe(described) == shipped.model_copy(update={"name": "described"})


def test_the_schema_is_printed_or_written(tmp_path: Path) -> None:
    runner = CliRunner()
    printed = runner.invoke(app, ["recipes", "schema"])
    assert json.loads(printed.stdout) == editor_schema()
    assert runner.invoke(app, ["recipes", "schema", "--out", str(tmp_path / "s.json")]).exit_code == 0
    assert json.loads((tmp_path / "s.json").read_text(encoding="utf-8")) == editor_schema()
