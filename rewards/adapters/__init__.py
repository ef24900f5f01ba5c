"""One reward, called the way each trainer calls it. An adapter imports its trainer when it is called, if at all."""

from .adapter import OnUngraded, Outcome, Row, TrainerAdapter, UngradedError, decode_label, encode_label, read_row
from .nemo import NemoReturn, NemoReward, nemo_actor, nemo_environment_base
from .openrlhf import OpenRLHFReward
from .trl import AsyncAbstentionReward, check_reward_functions
from .verifiers import GradingFailure, VerifiersReward
from .verl import VerlReward

__all__ = [
    "AsyncAbstentionReward",
    "GradingFailure",
    "NemoReturn",
    "NemoReward",
    "OnUngraded",
    "OpenRLHFReward",
    "Outcome",
    "Row",
    "TrainerAdapter",
    "UngradedError",
    "VerifiersReward",
    "VerlReward",
    "check_reward_functions",
    "decode_label",
    "encode_label",
    "nemo_actor",
    "nemo_environment_base",
    "read_row",
]
