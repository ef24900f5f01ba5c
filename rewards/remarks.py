"""What the clauses of a text do that neither decline nor doubt: they turn to an answer, state one, advise or remark.

Patterns over one clause, folded, in lower case and with contractions written out. Repeats are bounded, and clauses are
cut: matching takes time linear in the text. `grammar.py` has the words of declining, `clauses.py` the rules.
"""

from __future__ import annotations

import re

from .matching.text import Pattern

TURN = Pattern(
    r"(?:(?:and|so|still|or|even|but) )?(?:but|however|though|although|yet|nevertheless|nonetheless|even so"
    r"|even though|that said|having said that"
    r"|if (?:i (?:had|have|must|were|was)|you (?:press|insist|force|want|need|really|must|made)|pressed|forced)\b"
    r"|going by(?: my (?:training|data|knowledge|memory))?|from memory|in any case|anyway"
    r"|to (?:the best of )?my (?:knowledge|recollection)"
    r"|as far as i (?:know|can tell|recall)|if memory serves(?: me)?|off the top of my head)\b,? ?"
)
"""A turn from what declines to an answer after all; anchored."""

COMMIT = Pattern(
    r"\b(?:(?:my|the|best|final|correct|right|a|wild|educated) (?:\w+ )?(?:answer|guess|bet|pick"
    r"|choice)\b(?: (?:is|was|would be|remains|goes))?"
    r"|i (?:would |will |am going to |am |do )?(?:\w+ly |still |also |have to )?(?:think|thinking|believe|guess"
    r"|guessing|suppose|say|reckon|suspect|assume|presume"
    r"|pick|bet|wager|venture|estimate|imagine|go(?:ing)? (?:with|for)|lean(?:ing)? (?:to|toward)|stick|name"
    r"|answer|plump|(?:recall|remember) (?:it|that)|risk"
    r"|argue|favou?r|choose|take a)\b"
    r"|perhaps|maybe|probably|possibly|most likely|likely|presumably|(?:must|should|might|could|may"
    r"|would) be(?! able\b)"
    r"|may have been|might have been"
    r"|^or (?:it|he|she|they) (?:is|was|were|could|might|may)\b"
    r"|\bis (?:one|an?|another) (?:option|possibility|candidate|contender)\b"
    r"|\bi (?:do |can )?(?:recall|remember) [^.]{2,60}? (?:\w+ing (?:it|that|this|one)\b|being\b)"
    r"|as far as i (?:know|recall|can tell)|call it|comes to mind|if i had to|would make (?:it|him|her|them|that)\b"
    r"|(?:roughly|approximately|around)"
    r"(?! \d[\d.]* ?(?:%|percent))|about \d(?![\d.]* ?(?:%|percent))|answer:)"
)
"""Words that commit to an answer, or offer one."""

GUESS_TAIL = Pattern(r"\b(?:maybe|perhaps|probably|my (?:best )?guess|i (?:think|guess|would say)|most likely)\b")
"""A guess behind a refusal in the same clause."""

STATES = Pattern(
    r"^(?:(?:and|so|well|then|because|since) )?(?:it|that|this|he|she|they|there|its|his|her|their"
    r"|(?:the|his|her|their|its) [\w' -]{1,60}?)(?: \w+ly)?"
    r" (?:would|is|was|are|were|has been|had been|will be)\b"
    r"|^(?!(?:i|you|we|my|your|our)\b)[\w'-]+(?: [\w'-]+){0,2} (?:is|are|was|were|has been|have been) the\b"
)
"""A statement about what was asked."""

_PLACES = (
    r"(?:web ?sites?|web ?pages?|home ?page|(?<!\d )pages|encyclopa?edias?|wikipedia|google"
    r"|search engines?|internet|online"
    r"|atlas(?:es)?"
    r"|almanacs?|gazetteers?|directory|directories|catalogu?e?s?|librar(?:y|ies|ian)|archives?|databases?"
    r"|regist(?:er|ry)"
    r"|biograph(?:y|ies|er|ers)|handbooks?|textbooks?|manuals?|guide ?books?|reference (?:books?|works?|sources?)"
    r"|specialists?|experts?|historians?|professionals?|museums?|societ(?:y|ies)|newspapers?|journals?|papers|scholars?"
    r"|(?:reliable|official|authoritative|current|up-to-date|reputable|dedicated|specialist|trusted) [\w-]+"
    r"|documentation|office|site|sources?|records?)"
)
"""Where an answer is looked up."""
_LOOKS_UP = (
    r"(?:ha(?:ve|s) (?:it|this|that|the|an?|details?|more|information)|list|know|tell you|hold|contain|cover|record"
    r"|confirm|help|settle|provide"
    r"|answer|show|give you|be able|be a good|be the best|be more|include|clarify|point you)"
)
_ADVICE = (
    r"^(?:and |so |or |but |then |also |perhaps |maybe |instead |otherwise )?(?:please|feel free|you (?:would|might"
    r"|may|could|can"
    r"|should|will|need|are better|had better)\b|try\b|check|consult|see\b|ask\b|look|search|visit|refer|contact"
    r"|how about"
    r"|a (?:quick |simple )?(?:search|look|check|glance)\b|have you (?:tried|checked|looked)\b"
    r"|i would (?:check|try|consult|ask|(?:start|begin|look) (?:with|there|at))\b"
    r"|i (?:would |will |can |could )?(?:\w+ly )?(?:recommend|suggest|advise|encourage)"
    r"|(?:it|this) (?:is|would be|might be|may be|could be) (?:\w+ly )?(?:best|better|helpful|worth|wise|useful|safer"
    r"|a good idea|good to|easy to (?:check|look|find|verify)))"
    rf"|^(?!according|per\b|based on)(?=.*\b(?:could|might|may|would|should|can|will|try|publish\w*|has|have"
    rf"|provides?|lists?|for|to)\b)"
    rf".*\b{_PLACES}\b(?! \w+ing)"
    rf"|(?<!\bi )(?<!\bwe )\b(?:would|should|will|may|might|could|can)(?: \w+ly| well| also)? {_LOOKS_UP}\b"
    r"|\blook(?:ing)? (?:it|this|that) up|\bplace to (?:look|check|start|ask)\b"
)
SOURCE = Pattern(rf"\b{_PLACES}\b")
ADVICE = Pattern(_ADVICE)
"""Advice to look elsewhere, and what is found there; names in its sentence are no answers."""

BACKGROUND = Pattern(
    r"\b(?:question|prompt|query|wording|premise|request|message|input|title|name|term|phrase|spelling)s?\b"
    r"(?: [\w'-]+){0,6}? (?:is|are|seems?|appears?|looks?|might be|may be|could be|was)(?: to be)? (?:\w+ ){0,2}?"
    r"(?:ambiguous|unclear|incomplete|missing|vague|misspel\w+|incorrect|wrong|mistaken|garbled|false|flawed|cut off"
    r"|mistyped|fictional|fictitious|made up|invented|too \w+)\b"
    r"|^(?:and |but |since |because |while |although )?there (?:is|are|were|was) (?:\w+ly )?(?:many|several|multiple"
    r"|various"
    r"|numerous|a (?:number|few|lot|couple)|more than one|lots|at least (?:two|\d)|too many|conflicting|different"
    r"|countless"
    r"|plenty|dozens|hundreds|thousands)\b"
    r"|\b(?:it|this|that|he|she|they|which) (?:may|might|could|would)(?: \w+ly| well)? be (?:an? )?(?:[\w-]+ ){0,3}?"
    r"(?:lesser-known|little-known|obscure|fictional|fictitious|misspel\w+|typo|local|minor|niche|recent|private"
    r"|invented|hypothetical|mistake|error|confusion|any(?:thing|one|body|where)?|some(?:thing|one|where|body)"
    r"|one of (?:several|many"
    r"|a few|the)|under a different)\b"
    r"|^(?:and |but |so |just |only |even |at |that is |which is )*(?:about |around |roughly |approximately |some "
    r"|perhaps |maybe |under"
    r" |below |over |at (?:most|best|least) |well |only |just )*\d[\d.]* ?(?:%|percent)(?: \w+){0,3}\W*$"
    r"|\bi (?:may|might|could|would|will|can) be (?:better )?able to\b|\btip of my tongue\b"
    r"|\b(?:typo|misspelling|mistake|error|mix-?up) in (?:your|the) (?:question|prompt|name|message|spelling)\b"
    r"|\b(?:could|can|may) be (?:read|understood|interpreted)\b|\b(?:it|this) (?:is|was) one of (?:the )?(?:many"
    r"|several)\b"
    r"|\bthat is a question for\b"
    r"|\b(?:common|popular|widespread|frequent) (?:name|surname|title)s?\b"
    r"|\b(?:chance|likelihood|probability) (?:of being|that (?:it|i|this) (?:is|am)) (?:right|correct|accurate|true)\b"
    r"|^(?:and |so |but )?(?:that|this|it) is (?:an? )?(?:\w+ly |very |bit (?:of a )?)?(?:good|great|tough|hard"
    r"|tricky|difficult"
    r"|obscure|interesting|challenging|niche|specific|unusual)\b(?! (?:to|for) \w+ (?:but|,))"
)
"""A remark on the question, on how many it may be about, or on how sure the speaker is: never an answer."""

NEUTRAL = Pattern(
    rf"{_ADVICE}|"
    r"^(?:and |so |or |but |then |also |because |since |perhaps |maybe )?(?:"
    r"(?:(?:i|we) (?:am|are) )?(?:so |very |truly |really )?sorry\b|apologi|my apologies|forgive|thank"
    r"|thanks|let me|let us"
    r"|if (?:you (?:would|have|need|want|can|could|give|share|provide|are|like|tell|let|know|send|describe)"
    r"|there (?:is|are)|your\b"
    r"|needed|necessary|possible)|good question|great question"
    r"|that is (?:all\b|okay|ok\b|fine)"
    r"|i have (?:some|a (?:little|bit|few)|general|only|heard|read|seen)\b"
    r"|i (?:had |have )?(?:briefly )?(?:considered|thought (?:of|about)|weighed|looked at|toyed with)\b"
    r"|with (?:[\w-]+ ){0,3}(?:details?|context|information)\b|rather than|instead of"
    r"|i (?:can|could) (?:\w+ly )?(?:explain|talk|discuss|walk|go (?:over|into))\b"
    r"|is there|do you|can i|may i|could you"
    r"|i (?:would |will |can |could )?(?:\w+ly )?(?:hope|be happy|be glad"
    r"|love|like to help|try|help|need|want|wish|apologi|regret"
    r"|understand|do not want)|i am (?:familiar|aware|acquainted|happy|glad|here|just|only|an? |still|always|being"
    r"|going to be (?:upfront"
    r"|honest)|not an? )"
    r"|as (?:an?|of|my|the|i|such)\b|since|because|given|based on|due to|without|while|for (?:more|accurate"
    r"|reliable|this|that)"
    r"|it (?:is|would be|might be|may be|could be) (?:\w+ly )?(?:possible|important)|there may be"
    r"|at (?:this|the|present)|under the (?:rules|terms)|in (?:my|this|the) (?:case|training|data|knowledge)"
    r"|wish i\b|as (?:requested|instructed|asked|you)\b|(?:both|either|they|these) (?:is"
    r"|are) (?:\w+ly )?(?:excellent|good"
    r"|great|reliable|useful|helpful)\b|(?:suggestions?|recommendations?|resources|next steps|notes?|explanation"
    r"|reason(?:s|ing)?|response|summary)\W*$"
    r"|never (?:\w+ed|read|seen|heard|been|met|had)\b"
    r"|i (?:do )?(?:know|recall|remember|have heard|can recall|recogni[sz]e)\b(?!.*\b(?:it|that|he|she"
    r"|this) (?:is|was)|.* (?:\w+ing (?:it|that|this|one)|being)\b)"
    r"|that (?:title|name|one|topic) (?:rings|sounds)|(?:it|that) (?:depends|requires?|needs?)\b"
    r"|(?:a |any |the )?wrong\b|inventing|making something up|not (?:known|available|clear|certain|sure)|(?:yes"
    r"|no|nope|nah|oh|ah|hey|hi|hello|hmm+|well|ok|okay|thinking|man|mate|bro|dude|lol|haha|pal|buddy|tough|really)\b"
    r"|to be (?:\w+ )?(?:honest|frank|clear|fair)|honestly|frankly|unfortunately|regrettably|sadly|alas"
    r"|(?:my )?confidence\b|(?:the |my )?(?:details?|memory|recollections?|knowledge) (?:is|are"
    r"|seems?) (?:\w+ )?(?:hazy|fuzzy|vague|limited|unclear|sketchy|incomplete)"
    r"|(?:\w+ )*my confidence\b)"
    r"|\b(?:training data|knowledge (?:base|cutoff|cut-off)|my (?:training"
    r"|cutoff|knowledge)|access to|real-time|language model"
    r"|able to (?:settle|tell|help|answer|confirm))\b"
)
"""Advice, apologies, reasons and background: a clause that neither answers nor declines."""

FRONTED = Pattern(
    r"(?:and |but )?(?!which (?:would make|means|makes)\b"
    r"|what you (?:are (?:describing|asking about|looking for"
    r"|referring to|thinking of)|describe|mean|want)\b)(?:who|what|which|when|where|how|why|whether|as for|as to"
    r"|whoever|whatever|regarding"
    r"|concerning)\b"
)
"""An object in front of its refusal ("What it weighs, I don't know"); anchored."""

LAST_WORD = Pattern(
    r"\W*(?:but |oh |and |,|then )*(?:actually|wait|no\b|sorry|hmm+|on second thoughts?|scratch that|never ?mind"
    r"|in fact|come to think of it|either way|in any (?:case|event)|so\b|therefore|thus|hence"
    r"|(?:the |my )?(?:final |short )?answer|in the end|overall|in conclusion|conclusion|response|verdict|all in all)"
)
"""What leads from an answer to its retraction, or from reasons to the last word; anchored."""

CONTRACTIONS = {
    "cant": "cannot",
    "can't": "cannot",
    "can not": "cannot",
    "won't": "will not",
    "wont": "will not",
    "dont": "do not",
    "ain't": "is not",
    "didnt": "did not",
    "couldnt": "could not",
    "doesnt": "does not",
    "isnt": "is not",
    "im": "i am",
    "i'm": "i am",
    "ive": "i have",
    "gonna": "going to",
    "it's": "it is",
    "that's": "that is",
    "there's": "there is",
    "he's": "he is",
    "she's": "she is",
    "one's": "one is",
    "mind's": "mind is",
    "memory's": "memory is",
    "what's": "what is",
    "who's": "who is",
    "let's": "let us",
}
CONTRACTED = re.compile(
    r"\b(?:"
    + "|".join(sorted(map(re.escape, CONTRACTIONS), key=len, reverse=True))
    + r")\b|n't\b|'ve\b|'ll\b|'re\b|(?<=\w)'d\b"
)
SHORT = {"n't": " not", "'ve": " have", "'ll": " will", "'re": " are", "'d": " would"}
