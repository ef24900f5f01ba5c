"""The words of hedging and correcting around an answer, as patterns over folded text.

Every pattern is anchored or starts with one boundary character, and its repeats are bounded or
possessive: matching takes time linear in the text. `abstention.py` has the rules that use them.
"""

from __future__ import annotations

import re

from .matching.text import Pattern

_DEGREE = (
    r"(?:(?:really|genuinely|sincerely|honestly|simply|just|actually|currently|personally|truly|entirely|completely"
    r"|totally|fully"
    r"|absolutely"
    r"|quite|very|exactly|too|all that|so|100 ?%|100 percent|one hundred percent|at all) ){0,2}+"
)
_DONT = r"(?:do not|don't|dont|did not|didn't)"
_SURE = r"(?:sure|certain|confident|positive|aware|familiar)"

_DOUBT = (
    rf"i {_DEGREE}{_DONT} {_DEGREE}know (?:for (?:sure|certain|a fact)|exactly|with (?:any )?certainty)",
    rf"(?:i am|i'm|im) (?:{_DEGREE}not {_DEGREE}{_SURE}|{_DEGREE}(?:unsure|uncertain))",
    rf"i (?:can not|cannot|can't|cant) be (?:{_DEGREE}|100% )?{_SURE}",
)
"""Not being sure: a refusal where nothing else is said, a hedge beside an answer."""

_SAY = (
    r"i(?:'d| would|'ll| will|'m going to| am going to)? (?:guess|say|think|believe|suppose|assume|reckon|suspect"
    r"|go with)"
)
_IS = (
    r"(?: that)?(?: it(?: is|'s| was| would be| might be| could be)| the (?:correct |right )?answer (?:is|was"
    r"|would be))?"
)
_MAYBE = r"(?:perhaps|maybe|probably|possibly|most likely|likely)"
_GUESS = r"(?:my|the|a) (?:best |only |wild |educated )?(?:guess|bet)(?: is| was| would be|:)"
_OPENERS = (
    rf"(?:{_MAYBE}{_IS}|{_SAY}{_IS}|{_GUESS}{_IS}|(?:it )?(?:might|may|could)(?: well)? be|if i (?:recall"
    rf"|remember) correctly"
    rf"|if i had to guess|i(?:'m| am) (?:(?:fairly|pretty|quite|almost|reasonably|very|somewhat) )?{_SURE}{_IS}"
    rf"|best guess:|guess:)"
)
HEDGE = Pattern(rf"(?:{_OPENERS}(?!\w)[,:]? ?){{1,3}}+", re.IGNORECASE)
"""A hedge in front of an answer ("Perhaps Paris", "I think it's Paris"), which stays an answer; anchored."""

FILLER = Pattern(
    rf"(?:(?:{_OPENERS}|but|however|then|though|although|yet|still|and|so|even so|the (?:correct "
    rf"|right )?answer (?:is|would be|:)|it(?: is|'s| was| would be)"
    rf"|is|was|would be|i can (?:say|tell you)(?: that)?)(?!\w)|[,.;: (]){{1,12}}+",
    re.IGNORECASE,
)
"""What may stand between the turn and the answer; whole words only, or "is" would eat the start of "Istanbul"."""

_AGAIN = (
    r"[,.:;!–—\n -]{0,4}+(?:(?:it(?:'s| is| was| should be)|i think|the (?:correct |right )?(?:answer|year|date|name"
    r"|city|one) is"
    r"|i meant)(?!\w)[,: ]{0,2}+){0,2}+"
)
CORRECTION = Pattern(
    r"[.!?;,\n–—-] ?(?:oh,? |but |hmm,? )?(?:(?:oh )?no,? (?:wait|sorry|actually)|wait,? (?:no|actually"
    r"|(?:that|it)(?:'s| is| was)(?! (?:right|correct|it|the one|true|not)\b))|scratch that"
    r"|correction|edit:|let me correct (?:that|myself)|i(?: am|'m) mixing (?:things|them|it) up"
    r"|(?:that|this|which) (?:was|is) (?:incorrect|wrong|a mistake|not right)(?= ?[.,;:!])"
    r"|(?:but )?(?:on )?(?:checking again|thinking again|looking again|having (?:thought it over|reconsidered)"
    r"|after reconsidering|reconsidering|reflection)"
    r"|on second thoughts?|never ?mind|sorry,? i mean|(?:sorry,? )?i meant|actually,? (?:no|wait|it(?:'s| is| was)"
    rf"|that(?:'s| is) (?:wrong|not right)|i (?:think|meant)|make that|the (?:correct |right )?answer (?:is"
    rf"|should be)))(?!\w){_AGAIN}",
    re.IGNORECASE,
)
"""The words that replace an answer by the one behind them."""

DOUBT_TAIL = Pattern(
    rf"(?:[,.;:!?\n(–—-] ?|(?<=\w) (?=(?:but|though|although|i think|i believe|i guess)\b))(?:(?:but|and|although"
    rf"|though|however)\b,? ?)?"
    rf"(?:{'|'.join(_DOUBT)}|not {_DEGREE}{_SURE}|i (?:think|believe|guess|suppose)|{_MAYBE}|if i(?:'m not mistaken"
    rf"| (?:recall|remember) correctly)"
    rf"|i (?:could|might|may) be (?:wrong|mistaken)|just (?:a guess|guessing)|(?:that's|it's"
    rf"|this is) (?:just )?(?:my (?:best )?guess|a guess)"
    rf"|i {_DONT} (?:really )?know|don't quote me(?: on that)?)(?: (?:about|of|on|if|whether|that|though"
    rf"|so)\b[^.!?\n]{{0,100}})?[.!?)\s\"]{{0,6}}$",
    re.IGNORECASE,
)
"""A doubt behind an answer, up to the end of the text ("Paris, but I'm not sure")."""

TRIGGERS = frozenset(
    str.split(
        "i im id ill ive we forgot forgotten forget "
        "know dont sure certain unsure uncertain unknown unclear idea clue cannot cant can couldnt "
        "could no not unable sorry maybe perhaps probably possibly likely guess think believe suppose be "
        "wait actually scratch correction second nevermind never meant mean however but though although idk dunno "
        "abstain abstaining lack heard havent impossible possible beyond outside guessing beats na unavailable "
        "pass passing skip skipping insufficient nobody knows information data answer decline declined unanswerable "
        "unanswered wasnt didnt wont isnt doesnt arent hard difficult bet my me nothing escapes eludes blank none "
        "irresponsible requires needs null neither empty missing please mean asking referring clarify specify rephrase "
        "youd youll lost expertise context question knew doubt trust "
        "unfamiliar unaware undocumented unrecorded unknowable stumped clueless withdraw limited"
    )
)
"""Normalised words, at least one of which stands in every English text that a pattern matches."""
