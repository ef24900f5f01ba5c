"""What is asked, at which target? Question records, loaders, prompts, target samplers, the made world."""

from .corpus import Document, chat_document, make_documents
from .errors import InputError, RunError
from .load import DEFAULT_COLUMNS, load_questions
from .prompt import Message, PromptStyle, format_penalty, format_target
from .question import Question
from .schedules import BetaTargets, ConstantTarget, Curriculum, RowTargets, Schedule
from .targets import TargetSampler, spread_draws
from .world import SPLITS, Mention, World, WorldConfig, make_world

__all__ = [
    "DEFAULT_COLUMNS",
    "SPLITS",
    "BetaTargets",
    "ConstantTarget",
    "Curriculum",
    "Document",
    "InputError",
    "Mention",
    "Message",
    "PromptStyle",
    "Question",
    "RowTargets",
    "RunError",
    "Schedule",
    "TargetSampler",
    "World",
    "WorldConfig",
    "chat_document",
    "format_penalty",
    "format_target",
    "load_questions",
    "make_documents",
    "make_world",
    "spread_draws",
]
