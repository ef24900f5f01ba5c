"""What an exported file says and defines, by trainer."""

from __future__ import annotations

HINTS = {
    "verl": """\
Point verl at it:

    custom_reward_function.path={file} custom_reward_function.name=compute_score
    algorithm.norm_adv_by_std_in_grpo=False

The second line matters: divided by a group's standard deviation, advantages are the same whatever the target.
`compute_score_async` is the same as a coroutine, for a grader that waits. A row's reward_model.ground_truth holds
the accepted answers, its extra_info the threshold (and choices). verl does not say which completions were cut off.""",
    "openrlhf": """\
Point OpenRLHF at it:

    --reward.remote_url {file} --data.label_key label --algo.advantage.estimator dr_grpo

The estimator matters: group_norm divides by a group's standard deviation, which makes advantages the same whatever
the target. The dataset's column `label` holds abstain.rewards.adapters.encode_label(answers, threshold). OpenRLHF
logs an exception of this function at level INFO, leaves the row without a reward, and stops when it needs one.""",
    "verifiers": """\
verifiers 0.1: an environment with this rubric, on a dataset whose `info` holds answers and threshold (and choices).

    environment = vf.SingleTurnEnv(dataset=dataset, rubric=rubric())

verifiers with tasks (import verifiers.v1 as vf): fields answers and threshold in the task's data, and in its config

    rewards = {{ abstention = {{ fn = "{file}:abstention" }} }}
    metrics = {{ verdicts = {{ fn = "{file}:verdicts" }} }}

Have the trainer not divide advantages by a group's standard deviation: they would be the same whatever the target.""",
    "nemo": """\
Put this file where Python finds it (PYTHONPATH, for the workers too) and register its environment before training:

    from nemo_rl.environments.utils import register_env
    register_env("abstention", "MODULE.AbstentionEnvironment")     # MODULE: this file's name without .py

with `env: {{abstention: {{}}}}`, `data.env_name: abstention` and `grpo.normalize_rewards: false` in the config: divided
by a group's standard deviation, advantages are the same whatever the target. A row's extra_env_info holds answers
and threshold (and choices), or a ground_truth made by abstain.rewards.adapters.encode_label(answers, threshold).
NeMo-RL does not tell the environment which completions were cut off.""",
}
"""How the trainer is pointed at `file`."""

_VERL = """\
ADAPTER = VerlReward(reward=REWARD, on_ungraded={on_ungraded})


def compute_score(data_source, solution_str, ground_truth, extra_info=None, **reward_kwargs):
    return ADAPTER(data_source, solution_str, ground_truth, extra_info, **reward_kwargs)


async def compute_score_async(data_source, solution_str, ground_truth, extra_info=None, **reward_kwargs):
    return await ADAPTER.compute_score_async(data_source, solution_str, ground_truth, extra_info, **reward_kwargs)
"""

_OPENRLHF = """\
ADAPTER = OpenRLHFReward(reward=REWARD, on_ungraded={on_ungraded}, end_tokens={end_tokens})


def reward_func(queries, prompts, labels, **kwargs):
    return ADAPTER(queries, prompts, labels, **kwargs)
"""

_VERIFIERS = """\
ADAPTER = VerifiersReward(reward=REWARD, on_ungraded={on_ungraded})


def abstention_reward(prompt, completion, answer, state, info, parser=None, task=None, **kwargs):
    return ADAPTER(prompt, completion, answer, state, info, parser, task, **kwargs)


def rubric(parser=None):
    return ADAPTER.rubric(parser)


async def abstention(task, trace):
    return await ADAPTER.abstention(task, trace)


async def verdicts(task, trace):
    return await ADAPTER.verdicts(task, trace)
"""

_NEMO = """\
ADAPTER = NemoReward(reward=REWARD, on_ungraded={on_ungraded})


@nemo_actor
class AbstentionEnvironment(nemo_environment_base()):
    def __init__(self, cfg=None):
        self.cfg = cfg

    def step(self, message_log_batch, metadata):
        return ADAPTER.step(message_log_batch, metadata)

    def global_post_process_and_metrics(self, batch):
        return ADAPTER.metrics(batch)

    def shutdown(self):
        pass
"""

BODIES = {
    "verl": (_VERL, ("VerlReward",)),
    "openrlhf": (_OPENRLHF, ("OpenRLHFReward",)),
    "verifiers": (_VERIFIERS, ("VerifiersReward",)),
    "nemo": (_NEMO, ("NemoReward", "nemo_actor", "nemo_environment_base")),
}
"""Trainer → what the file defines, and what it needs from `abstain.rewards.adapters`."""
