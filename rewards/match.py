"""Is the given answer one of the accepted ones?"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")


def normalize(text: str) -> str:
    """Return `text` as answers are compared: case, accents, punctuation and articles removed.

    Punctuation becomes a space, so "New-York" equals "New York". A text that holds nothing but
    articles and punctuation ("The", "A") keeps its letters, else it would equal every such text.
    """
    text = unicodedata.normalize("NFKD", text.casefold())
    text = "".join(c for c in text if not unicodedata.combining(c))
    text = re.sub(r"[^\w\s]|_", " ", text)
    bare = " ".join(_ARTICLES.sub(" ", text).split())
    return bare or " ".join(text.split())


def matches(answer: str, accepted: Sequence[str]) -> bool:
    """Return whether `answer` equals any of the `accepted` aliases after `normalize`."""
    given = normalize(answer)
    return bool(given) and any(given == normalize(alias) for alias in accepted)
