"""What is asked, at which target? Question records, loaders, prompts, target samplers, the synthetic world."""

from .corpus import Document, chat_document, make_documents
from .errors import InputError, RunError
from .files import atomic, write_atomic
from .form import Form
from .load import DEFAULT_COLUMNS, load_questions
from .mixture import mixed
from .prompt import (
    Message,
    PromptStyle,
    format_penalty,
    format_target,
    latest_templates,
    template,
    template_name,
    templates,
)
from .question import Question, judge_answer
from .sets import LETTER, QUESTION_SETS, SHORT_ANSWER, QuestionSet, find_set, load_any, load_set
from .streams import Stream
from .targets import (
    BetaTargets,
    ConstantTarget,
    Curriculum,
    RowTargets,
    Schedule,
    TargetGrid,
    TargetSampler,
    shown_targets,
    spread_draws,
)
from .world import SPLITS, Mention, World, WorldConfig, make_world

__all__ = [
    "DEFAULT_COLUMNS",
    "LETTER",
    "QUESTION_SETS",
    "SHORT_ANSWER",
    "SPLITS",
    "BetaTargets",
    "ConstantTarget",
    "Curriculum",
    "Document",
    "Form",
    "InputError",
    "Mention",
    "Message",
    "PromptStyle",
    "Question",
    "QuestionSet",
    "RowTargets",
    "RunError",
    "Schedule",
    "Stream",
    "TargetGrid",
    "TargetSampler",
    "World",
    "WorldConfig",
    "atomic",
    "chat_document",
    "find_set",
    "format_penalty",
    "format_target",
    "judge_answer",
    "latest_templates",
    "load_any",
    "load_questions",
    "load_set",
    "make_documents",
    "make_world",
    "mixed",
    "shown_targets",
    "spread_draws",
    "template",
    "template_name",
    "templates",
    "write_atomic",
]
