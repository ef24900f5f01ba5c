"""The words of declining, doubting and taking back, as patterns over folded text.

Every pattern is anchored or starts with one boundary character, and its repeats are bounded or
possessive: matching takes time linear in the text. `abstention.py` has the rules that use them.
"""

from __future__ import annotations

import re

from .matching.text import Pattern, fold

_DEGREE = (
    r"(?:(?:really|genuinely|sincerely|honestly|simply|just|actually|currently|personally|truly|entirely|completely"
    r"|totally|fully"
    r"|absolutely"
    r"|quite|very|exactly|too|all that|so|100 ?%|100 percent|one hundred percent|at all) ){0,2}+"
)
_DONT = r"(?:do not|don't|dont|did not|didn't)"
_CANT = (
    r"(?:(?:can not|cannot|can't|cant|could not|couldn't|won't|will not)|(?:am|'m) (?:unable|not able) to"
    r"|was unable to|wasn't able to)"
)
_KNOWLEDGE = (
    r"(?:[\w-]{1,20} ){0,4}(?:information|info|knowledge|data|details|context|answer|idea|clue|records?|evidence"
    r"|access)"
)
_SURE = r"(?:sure|certain|confident|positive|aware|familiar)"

_DOUBT = (
    rf"i {_DEGREE}{_DONT} {_DEGREE}know (?:for (?:sure|certain|a fact)|exactly|with (?:any )?certainty)",
    rf"(?:i am|i'm|im) (?:{_DEGREE}not {_DEGREE}{_SURE}|{_DEGREE}(?:unsure|uncertain))",
    rf"i (?:can not|cannot|can't|cant) be (?:{_DEGREE}|100% )?{_SURE}",
)
"""Not being sure: a refusal where nothing else is said, a hedge beside an answer."""

_FIRM = (
    rf"i {_DEGREE}(?:{_DONT} {_DEGREE}(?:have|possess)|lack) {_KNOWLEDGE}",
    rf"i ?{_CANT} {_DEGREE}(?:answer|determine|confirm|verify|provide|identify|give|help|establish|ascertain)",
    r"i have no (?:reliable |specific )?(?:information|knowledge|data|record|records|way of knowing)",
    r"there(?: is| are|'s) (?:no|not enough|insufficient|not any) (?:(?:reliable|available|enough|sufficient|publicly"
    r"|known|verified|specific|widely) ){0,3}+(?:information|data|evidence|records?|details|way (?:to"
    r"|of) (?:know|tell"
    r"|determin)(?:e|ing)?)",
    rf"(?:it|this|that|the (?:answer|question)|this question)? ?(?:can not|cannot|can't|could not) be "
    rf"(?:{_DEGREE})(?:determined|answered|known|verified|established|identified|confirmed)",
    r"(?:no|not enough|insufficient) (?:reliable |available |sufficient )?(?:information|data)",
    r"(?:it|that|this)(?:'s| is) (?:impossible|not possible|hard|difficult) to (?:say|know|tell|determine|answer"
    r"|verify)",
    r"my (?:knowledge|training data|training) (?:does not|doesn't|do not|don't) (?:include|contain|cover|extend)",
    r"(?:it|that|this)(?:'s| is) (?:beyond|outside|not (?:in|within)) (?:of )?my (?:knowledge|training)",
    r"(?:the|that|this) (?:information|answer|data|question) is (?:not (?:publicly |currently )?(?:available|known)"
    r"|unavailable|unanswerable)",
)
"""Refusals that stay refusals whatever object follows them."""

_PLAIN = (
    rf"i {_DEGREE}{_DONT} {_DEGREE}(?:know|recall|remember)",
    rf"i ?{_CANT} {_DEGREE}(?:say|tell|recall|remember|know|guess|think of|find|respond)",
    r"i (?:have (?:absolutely )?no (?:idea|clue)|haven't (?:a clue|any idea|the (?:faintest|slightest) idea))",
    rf"i {_DONT} (?:think|believe) (?:that )?i (?:know|can|have|recall|remember)",
    r"i(?:'ve| have) (?:never|not) heard of",
    r"i haven't heard of",
    r"i(?:'d| would)(?: only| just)? be guessing",
    r"(?:no ?body|no ?one) (?:really |actually )?knows",
    r"i(?:'d| would) (?:rather|prefer)(?: to)? (?:not|abstain|decline|pass)(?: (?:to )?(?:answer|say|guess))?",
    r"i(?:'ll| will| must| have to| choose to| prefer to| would)? (?:abstain|decline|pass)(?: from answering"
    r"| to answer)?",
    r"(?:it|that|this|the answer)(?: is|'s| remains) (?:not (?:publicly |currently )?(?:known|clear)|unknown|unclear)",
)
_BARE = (
    r"(?:idk|dunno|unknown|unsure|uncertain|abstain|pass|unanswerable|not known|no answer"
    rf"|not {_DEGREE}{_SURE}|(?:absolutely )?no (?:idea|clue)|don't know|do not know|dont know|n/a|beats me"
    r"|(?:can't|cannot|can not|unable to) (?:say|tell|know|answer|determine|verify|confirm|provide)(?: (?:this|that"
    r"|it))?)"
)
"""Refusals without a subject, which only stand alone: "Unknown Pleasures" is none."""
_ABOUT = (
    r"(?= ?[\W_]*$| ?[,.;:!?)\n–—-]| (?:but|though|about|what|who|whom|which|where|when|how|why|if|whether|sorry)\b)"
)


def opening(phrase: str) -> re.Pattern[str]:
    """Return the pattern of a refusal at the start of a text; `phrase` is the agreed one.

    Groups: `refusal`; of it, `doubt` where it only says "not sure", `firm` where its object does not matter.
    """
    agreed = re.escape(fold(phrase)) + (_ABOUT if " " not in fold(phrase) else "")
    natural = "|".join((rf"(?P<doubt>{'|'.join(_DOUBT)})", rf"(?P<firm>{'|'.join(_FIRM)})", *_PLAIN))
    return re.compile(rf"[\"'(*_ ]{{0,4}}+(?P<refusal>{agreed}|{natural}|{_BARE}{_ABOUT})(?!\w)", re.IGNORECASE)


LEADS = Pattern(
    r"[\"'(*_ ]{0,4}+(?:(?:i'm sorry|i am sorry|im sorry|sorry|apologies|my apologies|i apologi[sz]e|unfortunately|well"
    r"|honestly|frankly|to be honest|hmm+|hm|um+|uh+|oh|okay|ok|actually|i'm afraid|i am afraid|regrettably"
    r"|as an ai(?: language)?(?: model| assistant)?|as a (?:large )?language model|at this time|at the moment|currently"
    r"|i must (?:say|admit)|i have to (?:say|admit)|the (?:final )?answer is|answer:|my answer is|good question"
    r"|that's a (?:good|great|tough|hard) (?:question|one)|(?:based on|given|without|according to"
    r"|from) [^,.;!?\n]{1,160}+(?=,))"
    r"(?!\w)[,.:;!–—-]{0,3}+ ?(?:but |and |that )?){1,4}+",
    re.IGNORECASE,
)
"""What may stand in front of a refusal."""

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

TURN = Pattern(
    rf"(?:[,.;:!?\n(–—-]+|(?<=\w)(?= (?:but|however|maybe|perhaps|probably|possibly)\b)) ?"
    rf"(?:and |so |or |still,? )?(?:but|however|though|although|yet|{_OPENERS}|(?:the |my )?(?:best |final )?answer"
    rf"(?: is|:)|let's say)(?!\w)",
    re.IGNORECASE,
)
"""The turn from a refusal to an answer after all."""

FILLER = Pattern(
    rf"(?:(?:{_OPENERS}|but|however|then|the (?:correct |right )?answer (?:is|would be|:)|it(?: is|'s| was| would be)"
    rf"|is|was|would be|i can (?:say|tell you)(?: that)?)(?!\w)|[,.;: (]){{1,12}}+",
    re.IGNORECASE,
)
"""What may stand between the turn and the answer; whole words only, or "is" would eat the start of "Istanbul"."""

NO_ANSWER = Pattern(
    r"(?:any(?:thing|one|body)|something|someone|you(?:'d| would)? (?:can|could|may|might|should|need|have)|i(?:'d"
    r"| would) (?:recommend|suggest|be|need"
    r"|advise|love|like)"
    r"|i(?: can| could| will|'ll)? (?:help|assist|try|recommend|suggest|look|hope|check|do my best|encourage|advise)"
    r"|i(?:'m| am) (?:happy|here|sorry|always|still|unable|not)|please|feel free|if you|let me|here are|for (?:more"
    r"|accurate|reliable)"
    r"|it (?:would|might|may|could) be (?:best|better|helpful|worth|possible|useful)|it(?:'s| is) (?:best|possible"
    r"|hard|difficult|worth)"
    r"|not (?:known|available|clear|certain|sure|given|something)"
    r"|there (?:is|are|'s) (?:no|not)|thanks|thank you|that(?:'s| is) (?:ok|okay|all|what)|(?:more|further"
    r"|additional) (?:context|information))\b",
    re.IGNORECASE,
)
"""What follows a turn without being an answer ("but you could look it up")."""

RETRACTION = Pattern(
    r"(?:(?P<sentence>[.!?;\n])[\")*_ ]{0,3}+|[,(–—-] ?)"
    r"(?P<word>(?:(?:but |oh,? |and )?(?:actually|wait|no|sorry|hmm+|hm|on second thoughts?|scratch that"
    r"|never ?mind|in fact"
    r"|honestly|to be honest|unfortunately)(?!\w)[,.!–—-]{0,3}+ ?){1,3}+)?",
    re.IGNORECASE,
)
"""The border in front of a refusal that takes an answer back: a sentence's end, or a word that takes back."""

_AGAIN = (
    r"[,.:;!–—\n -]{0,4}+(?:(?:it(?:'s| is| was| should be)|i think|the (?:correct |right )?answer is"
    r"|i meant)(?!\w)[,: ]{0,2}+){0,2}+"
)
CORRECTION = Pattern(
    r"[.!?;,\n–—-] ?(?:oh,? |but |hmm,? )?(?:no,? (?:wait|sorry|actually)|wait,? (?:no|actually)|scratch that"
    r"|correction"
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

TAKES_BACK_TAIL = Pattern(
    r"(?: (?:the (?:correct |right )?answer|that|this|it|either|anymore|either way)(?: to (?:that"
    r"|this)(?: question)?)?)?[\W_]*",
    re.IGNORECASE,
)
"""What may follow a plain refusal that takes an answer back; anything else is what it declines instead."""

TRIGGERS = frozenset(
    str.split(
        "i im id ill know dont sure certain unsure uncertain unknown unclear idea clue cannot cant can couldnt "
        "could no not unable sorry maybe perhaps probably possibly likely guess think believe suppose be "
        "wait actually scratch correction second nevermind never meant mean however but though although idk dunno "
        "abstain lack heard havent impossible possible beyond outside guessing beats na unavailable "
        "pass insufficient nobody knows information data answer decline unanswerable wasnt didnt wont "
        "hard difficult bet"
    )
)
"""Normalised words, at least one of which stands in every text that a pattern here matches."""
