"""The words of declining, doubting and answering in English, as patterns over one clause.

A clause comes folded, in lower case and with contractions written out ("I can't" as "i cannot"). Repeats are bounded,
and clauses are cut: matching takes time linear in the text. `clauses.py` has the rules that use them.
"""

from __future__ import annotations

import re

from .matching.text import Pattern

_ADV = (
    r"(?:(?:(?!(?:supp|rep|app|comp|imp|fami)ly)\w{2,14}ly|just|also|even|still|quite|very|too|so|yet|all that"
    r"|at all|right now|in fact|in good conscience"
    r"|at (?:this|the|that) (?:time|moment|point|stage)|as of now|for now|100 ?%|myself|else) ){0,3}+"
)
_I = r"(?:\bi|\bwe|\bme|\b(?:i|we)\b[^.]{1,60}? (?:and|but|or)|^(?:and|but|so|or)|^\W*)"
_WHO = r"(?:\b(?:i|we)(?: (?:think|believe|guess) i)?)"
_NOT = r"(?:not|no)"
_ABLE = (
    r"(?:unable|incapable of|(?<=not be )able|not (?:\w+ly )?(?:able|equipped|qualified|allowed|permitted"
    r"|authori[sz]ed|prepared"
    r"|designed|programmed"
    r"|trained|meant|in (?:a|any) position|at liberty|free|inclined|ready|going)|in no position)(?: to| for)?"
)
_CANNOT = (
    rf"(?:(?:{_I} |^\W*)(?:must (?:say|admit|confess) )?{_ADV}(?:cannot|could not|can hardly|can barely) {_ADV}"
    rf"|(?:\bam |\b(?:i|we) (?:are|was|were|have been|feel|seem|would (?:not )?be|will (?:not )?be) "
    rf"|^\W*){_ADV}{_ABLE} {_ADV})"
)
_TELL = (
    r"(?:answer|answering|say|tell|name|give|provide|supply|offer|identify|determine|establish|ascertain|specify"
    r"|state|respond|reply"
    r"|recall|remember|recollect|recogni[sz]e|think of|come up with|place|pin|find|figure|work out|compute"
    r"|calculate|bring|put|know"
    r"|guess|speculate|suggest|claim|help|assist|do|share|disclose|produce|retrieve|attribute|match|connect"
    r"|make out|discern|judge"
    r"|decide|pick|choose|list|single|quote|point|estimate|locate|access|consult|look|view|see|read|listen"
    r"|comment|fulfil|comply"
    r"|handle|address|solve|generate|deliver|get|reach|meet|perform|measure|browse|assert|settle|resolve|conclude)"
)
_VERIFY = (
    r"(?:verify|confirm|check|guarantee|vouch|double-check|back (?:it|this|that) up|swear|prove|promise"
    r"|cite|be positive)"
)
_INFO = (
    r"(?:information|info|knowledge|data|details?|context|answers?|ideas?|clue|records?|recollection|memory"
    r"|evidence|access"
    r"|figures?|numbers?|dates?|names?|values?|facts?|grounds|basis|material|foggiest|faintest|slightest|insight"
    r"|means|way"
    r"|statistics|reference|certainty|confidence|understanding|year|response|guess|sources?|entry|ability"
    r"|capability|capacity"
    r"|expertise|anything|memori[sz]ed|stored|on hand|to hand)"
)
_SOME = (
    r"(?:(?:a|an|any|the|that|this|enough|sufficient|adequate|such|much|specific|reliable"
    r"|one) )?(?:[\w'-]{1,20} ){0,4}?"
)

MAY_DECLINE = Pattern(
    r"\bno\b|\bnot|n't|\bcan|cant\b|dont\b|didnt\b|couldnt|wont\b|\bun|\bim\b|idk|dunno|n/a|lack|\bpass|skip"
    r"|abst|declin|refrain|with?hold|refus|hesitat"
    r"|silent|blank|noth|nobody|never|none|beats|escape|elude|slip|guess(?:ing|work)|specul|made up|making"
    r"|less than|only|barely|hardly|below|under|short of"
    r"|beyond|outside|hard|difficult|impossib|in(?:suff|capab)|ignoran|stumped|clueless|dark\b|loss\b|trouble"
    r"|\bgap\b|got me|rather|better|leav"
    r"|would need|look it up|limited|\bends?\b|cuts?\b|stops?\b|fails?\b|requires?|needs?|missing|no response"
    r"|irrespons|low(?:er)?\b|nearer|neither|pay\b|as good as|i wish|if i said|certainty|confiden"
)
"""A sign that a text in lower case may decline or doubt; without one no pattern below is tried."""

DECISION = Pattern(
    "|".join(
        (
            rf"{_WHO} (?:(?:will|would|must|shall|should|have to|need to|am going to|am gonna|am|choose to"
            rf"|prefer to|opt to|would better"
            rf"|had better|decided to|have (?:chosen|decided) to) )?(?:have to |rather |better |prefer to "
            rf"|like to |going to |gonna "
            rf"|choosing to |choose to |just |therefore |respectfully )*{_ADV}(?:abstain|declin|refrain"
            rf"|withh?old|pass\b|skip|leav(?:e|ing) "
            r"(?:this|that|it|you|the|my)\b(?: [\w-]+){0,3}? (?:blank|open|empty|unanswered|unresolved|without)"
            r"|(?:remain|stay) silent)",
            rf"{_WHO} (?:would |will )?{_ADV}(?:have to |rather |better |prefer |choose |opt |decide |want "
            rf"|wish )(?:to )?{_ADV}"
            r"(?:not (?:to )?(?:answer|guess|respond|say|speculate|give|offer|reply|name|state|risk|make|commit"
            r"|provide|venture)"
            r"|(?:to )?(?:refrain|abstain|decline))",
            rf"(?:{_WHO} {_ADV}(?:will not|would not (?:want|like|wish) to|do not (?:want|wish) to"
            rf"|am not (?:going to|gonna|willing to"
            rf"|prepared to)|refuse to|hesitate to)|^(?:so |and |or )?(?:will not|not (?:going to"
            rf"|gonna))) {_ADV}(?:be )?(?:answer|guess|respond"
            r"|reply|name|naming|speculate|venture|give|giving|offer|attempt|state|claim|say|make (?:something"
            r"|anything|one) up|invent|mislead|hazard|try\b|pretend\b"
            r"|commit|put|provid|risk|suggest|pretend to know (?:it|the answer|this))",
            rf"not {_ADV}(?:feel )?{_ADV}comfortable (?:with )?(?:answer|guess|nam|giv|say|provid|stat|speculat"
            rf"|mak|offer|put)",
            r"^\W*(?:no answer|skipping|skip|abstaining|abstain|pass|passing|unanswered|left blank|no response"
            r"|no comment|declined|n/a"
            r"|none available)(?: (?:from me|here|on this|this one|for this|to this|given|to give|possible"
            r"|provided|available)(?: one)?)?\W*$",
            rf"{_WHO} (?:would |will )(?:rather|prefer|better) not\b\W*$|{_WHO} (?:would |had "
            rf"|will )?better leave (?:it|this)(?: here| at that)?\W*$",
            r"(?:instructions|rules)\W{1,3}no answer",
            rf"(?:cannot|could not|not able to|unable to) {_ADV}(?:say|tell|decide|determine|remember"
            rf"|recall)(?: you)? which (?:one|of)\b",
        )
    )
)
"""A decision not to answer."""

REFUSAL = Pattern(
    "|".join(
        (
            rf"{_I} {_ADV}(?:do|did|would|will) {_NOT} {_ADV}(?:know|recall|remember|recollect|recogni[sz]e"
            rf"|retain|(?:think|believe) i (?:know|can|have|recall|remember))",
            rf"{_CANNOT}{_TELL}\b",
            rf"{_I} {_ADV}(?:do|did) not {_ADV}(?:have|possess|hold|own|retain) {_ADV}{_SOME}{_INFO}\b",
            rf"{_I} {_ADV}(?:have|possess|hold|got|have got) {_ADV}(?:no|not (?:got |yet )?(?:any|enough|much"
            rf"|the|an?)|insufficient"
            rf"|inadequate|limited|little|zero) (?:[\w'-]{{1,20}} ){{0,4}}?{_INFO}\b|{_I} {_ADV}(?:am missing"
            rf"|am lacking|am short of)\b",
            rf"{_I} {_ADV}lack\b",
            rf"{_I} {_ADV}(?:have|can offer|can say|could find|found|have got) (?:nothing|no [\w-]+ (?:that )?i)\b",
            rf"{_I} {_ADV}know nothing (?:about|of)",
            rf"\b(?:am|are|is|was|been) {_ADV}(?:not {_ADV}(?:privy to|knowledgeable about|versed in"
            rf"|aware of the answer|in possession of|aware of (?:who|what"
            rf"|which|when|where|how|any)|familiar with)"
            r"|unaware|unfamiliar|ignorant|clueless|blanking|at a (?:complete "
            r"|total )?loss|(?:\w+ly )?in the dark"
            r"|having (?:trouble|difficulty) (?:recalling|remembering|finding|placing))",
            r"\b(?:have not|have never|never) (?:heard of|come across|encountered|seen it|read it|learned"
            r"|been told|got (?:an?|any|the|that))",
            r"\b(?:escapes?|eludes?|slip(?:s|ped)?|fails?) (?:me|my (?:mind|memory))|(?:is not"
            r"|not) coming (?:back )?to me|draw(?:ing|s|n)? an? (?:\w+ )?blank|\bstumped\b|above my pay"
            r"|as good as mine|i wish i knew|lying if i said"
            r"|\bbeats me|got me there|(?:you have|you) got me|(?:have|there is) a gap",
            r"\bi would (?:only |just |merely )?be (?:guessing|making (?:it|something) up|speculating)"
            r"|would (?:only |just )?be (?:guesswork"
            r"|speculation|made up|a fabrication)|\bi would need (?:more|further|additional|access)"
            r"|have to look (?:it|that|this) up"
            r"|irresponsible of me|\bme no know|(?:nobody|no one) has told me",
            r"^\W*(?:nothing|no [\w-]+)(?: [\w-]+)? (?:comes to mind|springs to mind|(?:that )?i can (?:name"
            r"|give|offer))",
            rf"\bthere (?:is|are) {_ADV}(?:nothing|no|not (?:enough|any|sufficient|much)"
            rf"|insufficient)(?: [\w'-]+){{0,4}}? (?:information|info|knowledge|data|details|context|way (?:to"
            rf"|of) (?:know|tell|say|determin|find)\w*|(?:that )?i can|i could|i have|available)\b"
            rf"|\bthere is not (?:enough|anything) (?:in|for|to)\b",
            rf"\b(?:you|one) cannot (?:know|determine|tell|say)|(?:no ?body|no ?one) {_ADV}(?:knows|can say"
            rf"|can tell)",
        )
    )
)
"""A refusal of knowledge, of ability or of access, by whoever speaks."""

AWAY = Pattern(
    "|".join(
        (
            rf"\b(?:is|are|was|were|remains?|stays?|be) {_ADV}(?:not {_ADV}(?:publicly |currently "
            rf"|yet )?(?:known|available|clear|accessible"
            r"|recorded|documented|in my|within my|part of my|stored|(?:something|one|an? \w+) (?:that )?i\b)"
            r"|unknown|unclear|unavailable|unanswerable|unknowable|beyond (?:me|my|what|the scope)"
            r"|outside (?:of )?(?:my|what|the scope)|out of (?:my|reach)|lost on me"
            r"|(?:impossible|hard|difficult|not possible) (?:for me )?to (?:say|know|tell|determine|answer|pin))",
            r"\b(?:falls?|lies?|goes|sits?|extends?) (?:\w+ )?(?:outside|beyond) (?:of )?(?:my|what|the scope)",
            r"\b(?:cannot|could not) be (?:\w+ly )?(?:determined|answered|known|established|identified|found"
            r"|told)\b(?! by (?!me\b))",
            r"\b(?:is|are) (?:something|one|an? \w+|all) (?:that )?i (?:cannot|could not|am (?:unable|not)"
            r"|do not|have no)",
            r"\bmy (?:[\w'-]+ ){0,4}?(?:do(?:es)? not|did not|has no|have no|(?:is|are) (?:\w+ )?(?:limited"
            r"|insufficient|hazy|fuzzy|vague|incomplete|sketchy)|ends?|cuts? off|stops?"
            r"|lacks?|holds? no|fails? me)",
            r"nothing in (?:what i|my)|not been included|\b(?:is|are|was|were) not (?:covered|included|contained"
            r"|represented|present|found|part) (?:in|by|of|within) (?:my|what i)|neither of which i (?:have"
            r"|know)|not (?:one"
            r"|something) (?:that )?i (?:can|have|know|remember)",
            r"(?:requires?|needs?) (?:[\w'-]+ ){0,6}?(?:that )?i (?:cannot|do not|could not)",
            r"(?:unknown|not known|unavailable) to me",
        )
    )
)
"""A statement that the answer is out of reach, about the subject in front of it."""

BARE = Pattern(
    r"^\W*(?:(?:nope|no|hmm+|sorry|well|oh|honestly|tbh|sadly|unfortunately)\W{1,3}){0,2}(?:idk|dunno|unknown"
    r"|unsure|unclear|not known|do not know"
    rf"|no(?:t an?|t the)? (?:[\w-]+ ){{0,2}}{_INFO}(?: available| known)?|(?:not enough"
    rf"|insufficient) (?:\w+ )?{_INFO}"
    rf"|unanswerable|beats me"
    r"|not (?:something|one) (?:that )?i (?:can|could|know|have|am)|(?:hard|impossible"
    r"|difficult) (?:for me )?to (?:say|tell|know)"
    rf"|(?:cannot|could not|unable to|not able to) {_ADV}(?:say|tell|know|answer|determine|recall|remember"
    rf"|provide|respond|identify|help|be determined"
    r"|be answered))(?=\W*$|\W{1,3}(?:tbh|sorry|to|about|of|on|at|for|here|this|that|it|the|which|who|whose|what"
    r"|when|where|how|why|if|whether|from"
    r"|with|in|a|an|any|your|regarding|is|i|you|and|as|given|available|known|right|yet)\b)",
)
"""A refusal without a subject, which opens a clause."""

DOUBT = Pattern(
    "|".join(
        (
            rf"\b(?:not|less than|only|barely|never) {_ADV}(?:(?:more than|over|above|at least|any more than|that) )?"
            rf"(?:\d{{1,3}}(?:\.\d{{1,4}})? ?(?:%|percent) |0?\.\d{{1,4}} )?{_ADV}(?:sure|certain|confident"
            r"|positive)\b",
            r"\bless than (?:about )?\d{1,3} ?(?:%|percent) (?:\w+ )?(?:sure|certain|confident|positive"
            r"|confidence|certainty)",
            r"\b(?:unsure|uncertain)\b|\b(?:confidence|certainty) (?:level )?is (?:only |just |about |around "
            r"|roughly |at )*(?:0?\.\d|\d)|\bi would (?:need|have) to (?:see|look|check|consult|search|verify)\b",
            rf"\b(?:cannot|could not|never) {_ADV}be {_ADV}(?:sure|certain|positive|confident)",
            rf"(?:{_CANNOT}|{_I} (?:do|did|have) not |no way (?:to|of) ){_VERIFY}|\bno way of (?:checking"
            rf"|verifying)|\bnot (?:verified|checked)",
            rf"{_I} {_ADV}(?:do not|cannot|could not) {_ADV}(?:know|say|tell|be sure|answer"
            rf"|recall)(?: \w+){{0,3}}? (?:for (?:sure|certain|a fact)"
            r"|with (?:any |full |total |absolute |complete |great |much )?(?:certainty|confidence))",
            r"\b(?:confidence|certainty|certain|sure|confident)\b[\w\s,'%.]{0,50}\b(?:below|under|short of"
            r"|lower than|not high enough|insufficient|less than"
            r"|nearer|too low|not (?:\w+ )?enough)",
            r"\b(?:not|cannot|fails? to) (?:\w+ )?(?:meet|reach|clear|exceed|pass|hit"
            r"|satisfy)\b[\w\s'%.]{0,40}(?:threshold|bar|level|confidence|certainty|target"
            r"|requirement|cut-?off|percent|%)",
            r"\b(?:below|under|short of) (?:the|your|that|this|my) (?:[\w%.]+ ){0,4}?(?:threshold|bar|level"
            r"|target|cut-?off|limit|requirement)",
        )
    )
)
"""Not being sure: declines only where nothing is answered beside it."""

_THING = (
    r"(?:answer|question|response|reply|name|number|figure|value|date|year|guess|information|details?|request"
    r"|candidate|person|time|place|match|one|list"
    r"|price|word|title|city|country|author|artist|amount|count|estimate)"
)
OPEN = Pattern(
    r"(?:ed|ing)?(?: (?:to )?(?:you|anyone|the user|them))?(?: (?:with|for|about|on|to|in|of|at))?"
    r"(?: (?:it|that|this|these|those|them|so|either|anything|one|here|any|which|any of (?:it|them|these|those)"
    rf"|(?:an?|any|one|your|my|just one|a single|another)(?: [\w'-]{{1,20}}){{0,4}}? {_THING}"
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
    r"|anything else|other|additional|else|citations?|links?|explanations?"
    r"|explain|elaborate)\b"
)
"""The objects of a refusal to say more."""

TURN = Pattern(
    r"(?:and |so |still |or |even )?(?:but|however|though|although|yet|nevertheless|nonetheless|even so"
    r"|even though|that said|having said that"
    r"|if (?:i|you|pressed|forced)\b|going by|from memory|in any case|anyway)\b,? ?"
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
    r"|perhaps|maybe|probably|possibly|most likely|likely|presumably|must be|should be|might be|could be|may be"
    r"|may have been|might have been|would be"
    r"|as far as i (?:know|recall|can tell)|call it|comes to mind|if i had to|roughly|approximately|around"
    r"|about \d|answer:)"
)
"""Words that commit to an answer, or offer one."""

GUESS_TAIL = Pattern(r"\b(?:maybe|perhaps|probably|my (?:best )?guess|i (?:think|guess|would say)|most likely)\b")
"""A guess behind a refusal in the same clause."""

STATES = Pattern(
    r"^(?:(?:and|so|well|then|because|since) )?(?:it|that|this|he|she|they|there|its|his|her|their"
    r"|the [\w' -]{1,60}?)(?: \w+ly)?"
    r" (?:would|is|was|are|were|has been|had been|will be)\b"
)
"""A statement about what was asked."""

NEUTRAL = Pattern(
    r"^(?:and |so |or |but |then |also |because |since |perhaps |maybe )?(?:"
    r"(?:(?:i|we) (?:am|are) )?(?:so |very |truly |really )?sorry\b|apologi|my apologies|forgive|please|thank"
    r"|thanks|feel free|let me|let us"
    r"|if you (?:would|have|need|want|can|give|share|provide|are|like)|good question|great question"
    r"|that is (?:a (?:good|great|tough|hard)|all\b|okay|ok\b|fine)"
    r"|you (?:would|might|may|could|can|should|will|need|are)\b|try\b|check|consult|see\b|ask\b|look|search"
    r"|visit|refer|contact|is there|do you|can i|may i"
    r"|could you|how about"
    r"|i (?:would |will |can |could )?(?:\w+ly )?(?:recommend|suggest|advise|encourage|hope|be happy|be glad"
    r"|love|like to help|try|help|need|want|wish|apologi|regret"
    r"|understand|do not want)|i am (?:happy|glad|here|just|only|an? |still|always|being|going to be (?:upfront"
    r"|honest)|not an? )"
    r"|as (?:an?|of|my|the|i|such)\b|since|because|given|based on|due to|without|while|for (?:more|accurate"
    r"|reliable|this|that)"
    r"|it (?:is|would be|might be|may be|could be) (?:\w+ly )?(?:best|better|helpful|worth|wise|possible|useful"
    r"|safer|important|a good idea|good to)|there may be"
    r"|at (?:this|the|present)|under the (?:rules|terms)|in (?:my|this|the) (?:case|training|data|knowledge)"
    r"|i (?:do )?(?:know|recall|remember|have heard|can recall|recogni[sz]e)\b(?!.*\b(?:it|that|he|she"
    r"|this) (?:is|was))"
    r"|that (?:title|name|one|topic) (?:rings|sounds)|(?:it|that) (?:depends|requires?|needs?)\b|(?:it |that "
    r"|this )?(?:could|might|may|can) be (?:any|some)(?:thing|one|where|body)"
    r"|(?:a |any |the )?wrong\b|inventing|making something up|not (?:known|available|clear|certain|sure)|(?:yes"
    r"|no|nope|nah|oh|ah|hey|hi|hello|hmm+|well|ok|okay|thinking)\b"
    r"|to be (?:\w+ )?(?:honest|frank|clear|fair)|honestly|frankly|unfortunately|regrettably|sadly|alas"
    r"|(?:my )?confidence\b|(?:the |my )?(?:details?|memory|recollections?|knowledge) (?:is|are"
    r"|seems?) (?:\w+ )?(?:hazy|fuzzy|vague|limited|unclear|sketchy|incomplete)"
    r"|(?:\w+ )*my confidence\b)"
    r"|\b(?:look(?:ing)? (?:it|this|that) up|training data|knowledge (?:base|cutoff|cut-off)|my (?:training"
    r"|cutoff|knowledge)|access to|real-time|language model"
    r"|place to (?:look|check|start)|able to (?:settle|tell|help|answer|confirm))\b"
    r"|^(?=.*\b(?:could|might|may|would|should|can|try|publish\w*|has|have|provides?|lists?|for"
    r"|to)\b).*\b(?:web ?site|web page|encyclopa?edia|wikipedia|google|search engine"
    r"|atlas|librar(?:y|ian)|archives?|database|biograph(?:y|er)|handbook|reference (?:book|work|source)"
    r"|specialist|expert|historian|professional"
    r"|(?:reliable|official|authoritative|current|up-to-date) \w+|documentation|office|site)\b(?! \w+ing)"
)
"""Advice, apologies, reasons and background: a clause that neither answers nor declines."""

FRONTED = Pattern(
    r"(?:and |but )?(?:who|what|which|when|where|how|why|whether|as for|as to|whoever|whatever|regarding"
    r"|concerning)\b"
)
"""An object in front of its refusal ("What it weighs, I don't know"); anchored."""

LAST_WORD = Pattern(
    r"\W*(?:but |oh |and |,|then )*(?:actually|wait|no\b|sorry|hmm+|on second thoughts?|scratch that|never ?mind"
    r"|in fact|come to think of it|so\b|therefore|thus|hence"
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
