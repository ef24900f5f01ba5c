"""The config files for `accelerate launch`, read by accelerate itself as far as that goes without a GPU."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from abstain.data import InputError
from abstain.recipes.commands.cli import app, launch_files

DOCS = (Path(__file__).parents[3] / "docs" / "scaling.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", launch_files())
def test_accelerate_reads_every_file_and_takes_its_settings(name: str) -> None:
    from accelerate.commands.config.config_args import load_config_from_file
    from accelerate.commands.launch import _validate_launch_command, launch_command_parser

    path = str(launch_files()[name])
    config = load_config_from_file(path)  # refuses unknown keys
    assert config.num_processes == 8 * config.num_machines
    words = ["--config_file", path, "-m", "abstain.recipes", "run", "my.yaml", "--out", "x"]
    args, _, _ = _validate_launch_command(launch_command_parser().parse_args(words))
    assert (args.num_processes, args.mixed_precision) == (config.num_processes, "bf16")
    assert (args.module, args.training_script) == (True, "abstain.recipes")
    assert args.use_fsdp == (name == "fsdp2")
    assert args.use_deepspeed == name.startswith("zero")
    assert args.multi_gpu == (name in ("ddp", "multi-node"))
    if args.use_fsdp:
        assert (str(args.fsdp_version), args.fsdp_cpu_ram_efficient_loading) == ("2", False)
    if args.use_deepspeed:
        assert str(args.zero_stage) == name.removeprefix("zero")


def test_the_command_lists_the_files_and_prints_the_path_of_one() -> None:
    listed = CliRunner().invoke(app, ["launch"]).output.splitlines()
    assert [line.split()[0] for line in listed] == ["ddp", "fsdp2", "multi-node", "zero2", "zero3"]
    assert Path(CliRunner().invoke(app, ["launch", "zero3"]).output.strip()) == launch_files()["zero3"]
    wrong = CliRunner().invoke(app, ["launch", "zero9"])
    assert isinstance(wrong.exception, InputError)
    assert "launch: 'zero9' is none of ddp, fsdp2, multi-node, zero2, zero3" in str(wrong.exception)


def test_the_docs_name_files_that_there_are_and_a_slurm_script_that_parses() -> None:
    assert set(re.findall(r"abstain launch ([\w-]+)\)", DOCS)) <= set(launch_files())
    (script,) = re.findall(r"^```bash\n(#!/bin/bash\n#SBATCH.*?)^```$", DOCS, re.MULTILINE | re.DOTALL)
    done = subprocess.run(["bash", "-n"], input=script, text=True, capture_output=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_vllm_settings_of_the_docs_are_fields_of_trls_config() -> None:
    from dataclasses import fields

    from trl import GRPOConfig

    named = set(re.findall(r"rl\.grpo\.(\w+)", DOCS))
    assert {"use_vllm", "vllm_mode", "vllm_server_base_url", "vllm_gpu_memory_utilization"} <= named
    assert named <= {field.name for field in fields(GRPOConfig)}
