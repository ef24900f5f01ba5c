"""What is out of reach, or asked back, and what a refusal is about: patterns over one clause, as in `grammar.py`."""

from __future__ import annotations

from .matching.text import Pattern
from .vocabulary import ADV, OF_MINE, SELF, TELL

UNCLEAR = Pattern(
    r"\b(?:which|what|who)\b[^?.]{0,60}\b(?:do|did|are|were) you (?:mean|asking|referring|talking|thinking"
    r"|have in mind)\b"
    r"|^(?:for (?:example|instance),? )?(?:do|did|are|were) you (?:mean|ask\w*|refer\w*|talk\w*|think\w*|looking)\b"
    r"|\b(?:could|can|would|will) you (?:please |kindly |perhaps |maybe )?(?:clarify|specify|be more specific|tell me"
    r"|provide|give me|share|send|rephrase|elaborate|let me know|say (?:more|which|what))\b"
    r"|\bplease (?:\w+ )?(?:clarify|specify|provide|rephrase|send|share|give me|be more)\b"
    r"|\byou (?:have not|did not) (?:given|specif\w+|mention\w*|provide\w*|said|say|told|tell|include\w*)\b"
    r"|^\W*(?:more|further|additional) (?:context|information|details?)(?: please| needed| required| necessary)?\W*$"
    r"|\bmissing from (?:your|the) (?:message|question|prompt)"
)
"""A question back, or the request to say what is meant: no answer, and no more than that."""

AWAY = Pattern(
    "|".join(
        (
            rf"\b(?:is|are|was|were|remains?|stays?|be) {ADV}(?:not {ADV}(?:publicly |currently "
            rf"|yet )?(?:known(?! (?:to (?!(?:me|us|this|the)\b)|for\b(?! (?:sure|certain))))|available|clear"
            rf"|accessible|recorded|documented|in (?:my|the) (?:memory|knowledge|training|data|records?)"
            rf"|in my|within my|part of my|stored|(?:an? )?(?!what|as|because|if|that|the|who"
            rf"|when)[\w-]+ (?:that )?(?:{SELF}|my\b))"
            r"|unknown(?! (?:to (?!(?:me|us|this|the (?:model|assistant))\b)|until|before|in|at))|unclear"
            r"|unavailable|unanswerable|unknowable|unrecorded|undocumented"
            r"|beyond (?:me|my|what|the (?:scope|range|limits) of (?:my|what))"
            r"|outside (?:of )?(?:my|what|the (?:scope|range|limits) of (?:my|what)|the \w+ (?:that )?i)"
            r"|out of (?:my|reach)|lost (?:on|to) me|a (?:blank|mystery|closed book) to me"
            r"|(?:thin|limited|sparse|patchy|scanty|weak|poor|vague|shaky|hazy|uncertain) (?:for|to)"
            rf"|(?:impossible|hard|difficult|not possible) (?:for (?:me|us|anyone|this \w+) )?to {TELL})\b",
            r"^\W*(?:(?:well|far|way|just) )?(?:beyond|outside) (?:of )?(?:my|me|what i)\b",
            r"\b(?:falls?|lies?|goes|sits?|extends?) (?:\w+ )?(?:outside|beyond) (?:of )?(?:my|what|the (?:scope"
            r"|range|limits) of (?:my"
            r"|what)|the \w+ (?:that )?i)|\bexceeds? (?:my|what)\b|\bsurpass(?:es)? my\b",
            r"\b(?:text|passage|context|article|question|document|prompt|paragraph|story|source"
            r"|information)s?\b[^.;]{0,40}?"
            r" (?:do(?:es)?|did) not (?:\w+ly )?(?:say|state|mention|specify|tell|contain|provide|give|include|indicate"
            r"|reveal|name|answer)\b|\b(?:(?:is|are|was|were) )?not (?:specified|stated|mentioned|given|provided"
            r"|included|indicated|contained)"
            r" (?:in|by) (?:the|this|that|your)\b",
            r"\b(?:cannot|could not) be (?:\w+ly )?(?:determined|answered|known|established|identified|found"
            r"|told|checked|verified|ascertained|settled)\b(?! by (?!me\b))",
            r"\b(?:do|does|did) not (?:appear|seem) to be (?:\w+ly |widely |well )?(?:known|documented|recorded"
            r"|available"
            r"|published|listed|covered|included)\b",
            rf"\b(?:is|are) (?:something|one|an? \w+|all) (?:that |which )?{SELF} {ADV}(?:cannot|could not"
            rf"|am (?:unable|not)|would (?:have|need|want) to (?:leave|check|look|verify|consult)"
            rf"|do not|does not|have (?:no|never)|has no|lack)",
            rf"\b{OF_MINE}(?:do(?:es)? not|did not|ha(?:s|ve) (?:no|an? (?:\w+ )?(?:cut-?off|limit|gap|end))"
            rf"|(?:is|are) (?:\w+ )?(?:limited|insufficient|hazy|fuzzy|vague|incomplete|sketchy|rusty|lacking|blank"
            rf"|empty)"
            rf"|ends?|cuts? off|stops?|lacks?|holds? no|fails? me|go(?:es)? (?:only )?(?:as far|up to|back))",
            r"\b(?:is|are|was|were) not among (?:the |those |what )?(?:[\w-]+ ){0,2}(?:that )?(?:i|my)\b"
            r"|\b(?:name|date|year|detail|information|fact|number|identity|title|figure|answer)s?"
            r"(?: of [\w' -]{1,40})? (?:is|are|was"
            r"|were) not (?:a |any )?(?:part of|among|in|on) (?:it|that|this|them|those|there)\b"
            r"|\b(?:ha(?:s|ve) )?(?:slip(?:s|ped)?|fall(?:s|en)?|fell|drop(?:s|ped)?|gone)"
            r" (?:through|past|from|out of) (?:the \w+ of )?my(?: [\w-]+){1,3}"
            r"|\b(?:is|are|was|were) (?:a (?:bit|little) |far |way |much |rather )?too [\w-]+"
            r"(?: [\w-]+)? for (?:me|us|this (?:model|assistant))\b",
            r"nothing in (?:what i|my)|not been included|\b(?:is|are|was|were) not (?:covered|included|contained"
            r"|represented|present|found|part) (?:in|by|of|within) (?:my|what i)|neither of which i (?:have"
            r"|know)|not (?:one|something|[\w-]+) (?:that )?i (?:can|could|have|know|remember|possess|hold)\b",
            r"(?:requires?|needs?) (?:[\w'-]+ ){0,6}?(?:that )?i (?:cannot|do not|could not)",
            r"(?:unknown|not known|unavailable|not available|unfamiliar|foreign) to (?:me|us|this \w+|the (?:model"
            r"|assistant))",
        )
    )
)
"""A statement that the answer is out of reach, about the subject in front of it."""

_THING = (
    r"(?:answer|question|response|reply|name|number|figure|value|date|year|guess|information|details?|request"
    r"|candidate|person|time|place|match|one|list"
    r"|price|word|title|city|country|author|artist|amount|count|estimate)"
)
OPEN = Pattern(
    r"(?:ed|ing)?(?: (?:to )?(?:you|anyone|the user|them))?(?: (?:with|for|about|on|to|in|of|at))?"
    r"(?: (?:it|that|this|these|those|them|so|either|anything|one|here|any|which|any of (?:it|them|these|those)"
    rf"|(?:your|my)(?: [\w'-]{{1,20}}){{0,4}}? {_THING}"
    r"|(?:an?|any|one|just one|a single|another)(?! (?:[\w'-]+ )?(?:source|reference|citation|reason|cause"
    r"|explanation|link"
    r"|guarantee|quote|proof|example)s?\b)(?: [\w'-]{1,20}){1,6}?"
    r"|(?:the|that|this|such|enough|sufficient|the required)(?: [\w'-]{1,20}){0,3}? (?:answers?|questions?"
    r"|information|info|request|knowledge|data|context"
    r"|task|topic|subject|matter|query|problem|one|identity)|(?:the )?(?:answer|information|knowledge|data"
    r"|question)|better|more than that))?"
    r"(?: (?:here|now|yet|at all|right now|either|though|tbh|honestly|reliably|accurately|properly|well enough"
    r"|available|with[\w\s%'-]{1,50}"
    r"|to (?:answer|respond|give|provide|offer|say|help|name|share|tell|be able)[\w\s'-]{0,60}|for (?:you|this"
    r"|that|sure)[\w\s]{0,30}"
    r"|on (?:this|that|it|the)[\w\s]{0,30}|about (?:this|that|it)[\w\s]{0,30}|regarding (?:this|that"
    r"|it)[\w\s]{0,20}|from[\w\s]{1,40}"
    r"|in (?:this|my|good)[\w\s]{0,30}|because[\w\s',.-]{0,120}|of (?:this|that|it)(?: kind)?|sorry|myself"
    r"|anymore|offhand|that (?:i|you)[\w\s'-]{0,60}"
    r"|beyond that)){0,3}[\W_]*"
    r"|(?: to me)? (?:which|what|who|when|where)(?: [\w'-]+){0,3}? (?:that|it|this) (?:would|might|could) be[\W_]*"
)
"""The rest of a clause behind an open refusal: no object, or the question itself."""

PRONOUN = Pattern(
    r"(?:\W|\b(?:it|this|that|one|the|this|that|answer|question|and|but|so|which|sorry|information|detail|piece"
    r"|of|because|as|since|particular|specific|is|requested|correct|exact)\b)*"
)
"""A subject that stands for the answer."""

MORE = Pattern(
    r"\b(?:(?:beyond|besides|apart from|other than|aside from) (?:that|this)|(?<!without )(?<!need )further"
    r"|(?<!without )(?<!need )more (?:about|details?|than|information|on|specific|precise|exact)"
    r"|anything else|other|additional|else|better (?:answer|candidate|one|name|guess|option)|citations?|references?"
    r"|links?|explanations?|quotes?"
    r"|explain|elaborate|(?:an?|any) (?:[\w-]+er|more [\w-]+)(?: [\w-]+){0,2} than|contradict\w*"
    r"|conflicts? with|suggests? otherwise)\b"
)
"""The objects of a refusal to say more, or to say anything against an answer ("I can't think of a deeper one than")."""
