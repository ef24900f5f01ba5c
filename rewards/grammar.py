"""The words of declining and doubting in English, as patterns over one clause.

A clause comes folded, in lower case and with contractions written out ("I can't" as "i cannot"). Repeats are bounded,
and clauses are cut: matching takes time linear in the text. `remarks.py` has what other clauses do, `clauses.py` the
rules that use both.
"""

from __future__ import annotations

from .matching.text import Pattern
from .vocabulary import (
    ADV,
    ANSWERING,
    CAN_YET,
    CANDIDATE,
    CANNOT,
    INFO,
    NONE,
    NOT,
    SELF,
    SOME,
    SOURCES,
    SPEAKER,
    TELL,
    VERIFY,
    WHO,
)

MAY_DECLINE = Pattern(
    r"\bno\b|\bnot|n't|\bcan|cant\b|dont\b|didnt\b|couldnt|wont\b|\bun|\bim\b|idk|dunno|n/a|lack|\bpass|skip"
    r"|abst|declin|refrain|with?h|withdraw|refus|hesitat"
    r"|silent|blank|noth|nobody|never|none|beats|escape|elude|slip|guess(?:ing|work)|specul|made up|making|fabricat"
    r"|less than|only|barely|hardly|below|under|short of|little"
    r"|beyond|outside|out of|hard|difficult|impossib|in(?:suff|capab)|ignoran|stumped|clueless|dark\b|loss\b|lost\b"
    r"|trouble"
    r"|\bgap\b|got me|rather|better|leav|empty|null|mystery|foreign|news to"
    r"|would need|look it up|limit|\bends?\b|cuts?\b|cut-?off|stops?\b|fails?\b|requires?|needs?|missing|no response"
    r"|irrespons|low(?:er)?\b|nearer|nowhere|neither|pay\b|as good as|i wish|if i said|certainty|confiden"
    r"|any (?:answer|guess|name)|anything i|forgot|forget|ring a|give up|concede|how should|who can say|have to"
    r"|trust|doubt|question|context|enough|blind|sit\b|found|met\b|(?:ask me|next)"
    r"|reluctan|loath|disinclin|wary|\btoo\b"
    r"|exceed|surpass|stump|search me|who knows|allow|permit|torn\b|undecided|fence|admit|confess|plead|treat|count"
    r"|(?:do|are|were) you\b|(?:c|w)ould you\b|please|thin\b|rusty|hazy|fuzzy|vague"
)
"""A sign that a text in lower case may decline or doubt; without one no pattern below is tried."""

DECISION = Pattern(
    "|".join(
        (
            rf"{WHO} (?:(?:will|would|must|shall|should|have to|need to|am going to|am gonna|am|choose to"
            rf"|prefer to|opt to|would better|had better|decided to|have (?:chosen|decided) to) )?(?:have to |rather "
            rf"|better |prefer to |need to |like to |going to |gonna "
            rf"|choosing to |choose to |just |therefore |respectfully )*{ADV}(?:abstain|declin|refrain"
            rf"|withh?old|withdraw|pass\b|skip|leav(?:e|ing) "
            r"(?:this|that|it|you|the|my)\b(?: [\w-]+){0,3}? (?:blank|open|empty|unanswered|unresolved|without|out)"
            r"|(?:remain|stay) silent)",
            rf"\b(?:i am|we are) {ADV}(?:choosing|opting|electing|deciding) (?:to abstain|not to)\b",
            rf"\b(?:i|we)\b[^.]{{1,60}} and (?:will|would|must|shall|should|have to|am going to) "
            rf"{ADV}(?:abstain|declin|refrain|withh?old|pass\b|skip"
            r"|leave (?:this|that|it|the|my)\b(?: [\w-]+){0,3}? (?:blank|open|empty|unanswered))",
            rf"\b(?:i|we) (?:am|are|feel|would be) {ADV}(?:hesitant|reluctant|unwilling|loath|disinclined|wary)\b",
            rf"\blet me not\b|\bdo not ask me(?: (?:which|who|what|when|where))?\W*$"
            rf"|\bno (?:[\w-]+ )?{CANDIDATE} from me\b",
            rf"{WHO} (?:would |will )?{ADV}(?:have to |rather |better |prefer |choose |opt |decide |want "
            rf"|wish )(?:to )?{ADV}(?:not (?:to )?{ANSWERING}|(?:to )?(?:refrain|abstain|decline))",
            rf"(?:{WHO} {ADV}(?:will not|would not (?:want|like|wish|dare) to|do not (?:want|wish|intend|dare) to"
            rf"|am not (?:going to|gonna|willing to|prepared to)|refuse to|hesitate to)|^(?:so |and |or )?(?:will not"
            rf"|do not (?:want|wish) to|not (?:going to|gonna))) {ADV}(?:be )?{ANSWERING}",
            r"\b(?:i am|we are) not (?:\w+ly )?(?:claiming|submitting|offering|proposing|asserting|giving|answering"
            r"|naming|committing|guessing|going with|putting)\b(?! (?:that )?(?:i am|to be|to have|it is certain))",
            rf"not {ADV}(?:feel )?{ADV}comfortable (?:with )?{ANSWERING}",
            r"^\W*(?:(?:so|and|then|hence|therefore) )*(?:no answer|skipping|skip|abstaining|abstain|pass|passing"
            r"|unanswered|left blank|no response|no comment|declined|n/a|null|none available|search me|who knows"
            r"|who can say|how should i know|i (?:give up|concede)|ask me another|next question"
            r"|beats me)(?: (?:from me|here|on this"
            r"|this one|for this|to this|given|to give|possible|provided|available|today|for me"
            r"|this time)(?: one)?)?\W*$",
            r"\bno (?:[\w-]+ )?(?:answer|response|reply|guess|name) (?:is|was|will be|can be"
            r"|has been) (?:\w+ly )?(?:offered"
            r"|given|provided|made|possible|available|ventured|submitted)",
            r"\b(?:giv(?:e|ing)|offer(?:ing)?|submit(?:ting)?|mak(?:e|ing)|ventur(?:e|ing)|provid(?:e|ing)) no"
            r" (?:answer|response|reply|guess|name)\b",
            r"\b(?:treat|take|count|consider|regard|mark|record) (?:this|that|it|me|my (?:reply|response"
            r"|answer)) (?:down )?as"
            r" (?:an? )?(?:\W)?(?:no answer|no response|abst|pass|unanswered|skip|blank|i do not know|not knowing"
            r"|declin"
            r"|unknown|refus)",
            rf"{WHO} (?:would |will )(?:rather|prefer|better) not\b\W*$|{WHO} (?:would |had |will )?(?:better"
            rf"|rather|have"
            rf" to|must) leave (?:it|this)(?: here| there| at that)?\W*$",
            r"(?:instructions|rules)\W{1,3}no answer",
            rf"\bnot\b[^.;]{{0,60}}\benough\b[^.;]{{0,60}}? to {ANSWERING}",
            r"^(?:(?:so|and|then|hence|therefore) )?i (?:will|would) not\W*$|\bsit (?:this|that)(?: one)? out\b"
            r"|\bbetter to say nothing\b",
            r"^\W*(?:[\w-]+ )?(?:data|answer|information|entry|record|result)s? not (?:found|available|known)\W*$"
            r"|^\W*no (?:[\w-]+ )?(?:data|answer|information|entry|record|result|match)(?:e?s)? (?:found|available"
            r"|known)\W*$",
            r"^\W*(?:just )?leave (?:it|this|that) (?:blank|empty|open|unanswered)",
            r"\b(?:it|that|this) would be (?:\w+ly )?(?:irresponsible|wrong|dishonest|misleading|reckless|unwise"
            r"|foolish)"
            rf" (?:of me |for me )?to (?:just )?{ANSWERING}",
            rf"{SPEAKER} {ADV}(?:will|would) not {ADV}{ANSWERING}",
        )
    )
)
"""A decision not to answer."""

CHOICE = Pattern(
    "|".join(
        (
            rf"{CANNOT}(?:say|tell|decide|determine|remember|recall)(?: you)?"
            r" which(?: (?:one|of)\b|\W*$)",
            rf"\bdo not {ADV}know which(?: (?:one|of (?:them|these|those|the))\b|\W*$)",
            rf"{CANNOT}(?:decide|choose|settle|pick|commit)(?: (?:between"
            r"|among|on|upon|to|from|one|any|either|which)\b|\W*$| and\b)",
        )
    )
)
"""A decision not to choose: it takes back what was considered, but not candidates that were offered."""

DENIAL = Pattern(
    r"\b(?:neither|none of (?:them|these|those|which)) (?:\w+ly )?(?:is|was|seems?|fits?|matches|strikes|feels)\b"
)
"""The denial of all candidates that were named."""

REFUSAL = Pattern(
    "|".join(
        (
            rf"{SPEAKER} {ADV}(?:do|does|did|would|will) {NOT} {ADV}(?:know|recall|remember|recollect|recogni[sz]e"
            rf"|learn|study"
            rf"|retain|(?:think|believe) i (?:know|can|have|recall|remember))",
            rf"{CANNOT}{TELL}\b(?! (?:that )?i (?:have|had|was|did|ever|blame|like|care)\b)"
            rf"|{SELF} (?:cannot|could not)\W*$",
            rf"{SELF} (?:have |had )?{ADV}(?:forgotten|forget|forgot)\b|\b(?:do|does|did) not ring (?:a|any) bells?"
            r"|\bmeans nothing to me|\bam not (?:finding|seeing|getting|recalling|remembering|recogni[sz]ing)\b"
            r"|^\W*no (?:such )?[\w-]+(?: [\w-]+){0,5}? (?:is|are) (?:known|available|familiar) to (?:me|us)\b",
            rf"{SPEAKER} {ADV}(?:did not manage|failed|have failed|was not able|have yet) to {ADV}{TELL}\b"
            r"|\b(?:i|we) not (?:know|remember|recall)\b",
            rf"{SELF} {ADV}(?:cannot|could not) {ADV}(?!{CAN_YET}\b)\w+",
            rf"{SPEAKER} {ADV}(?:do|does|did) not {ADV}(?:have|pos+ess|hold|own|retain) {ADV}(?:{SOME}{INFO}\b"
            rf"|(?:it|that|this|them|one|those)\b|enough (?:here )?to\b)",
            rf"{SPEAKER} {ADV}(?:ha(?:ve|s)|pos+ess|hold|got|have got) {ADV}{NONE} (?:[\w'-]{{1,20}} ){{0,4}}?{INFO}\b"
            rf"|{SPEAKER} {ADV}am (?:missing|lacking|short of)\b",
            rf"{SPEAKER} {ADV}lacks?\b",
            rf"{SPEAKER} {ADV}(?:have|can offer|can say|could find|found|have got) (?:nothing|no [\w-]+ (?:that )?i)\b",
            rf"{SPEAKER} {ADV}knows? (?:(?:far |much |way )?(?:too|very|so) little|(?:next to nothing"
            rf"|(?:almost )?nothing (?:about|of))"
            rf"|not (?:nearly )?enough)\b|{SPEAKER} {ADV}(?:do|does) not know (?:nearly )?enough",
            rf"\b(?:am|are|is|was|been) {ADV}(?:not {ADV}(?:privy to|knowledgeable(?: enough)?\b|versed in"
            rf"|in possession of"
            rf"|aware of\b(?! (?:any (?:other|reason|further)|the other))|familiar (?:enough )?with|acquainted with"
            rf"|informed about)"
            r"|unaware|unfamiliar|ignorant|clueless|blanking|(?:at a |at an? (?:complete |total |utter )?)loss"
            r"|(?:\w+ly )?in the dark|having (?:trouble|difficulty) (?:recalling|remembering|finding|placing))",
            r"\b(?:am|are) not (?:the (?:right|best) [\w-]+|a (?:good|reliable) [\w-]+|(?:of )?(?:much|any) help)\b",
            r"\b(?:admit|confess|plead|profess) (?:to )?(?:my |complete |total )?(?:ignorance|not knowing|defeat)\b",
            rf"\bdo(?:es)? not (?:allow|permit|enable|let) (?:me|us|one|anyone) (?:to )?{TELL}\b",
            r"\bnothing (?:comes|springs|came|rings|occurs) (?:to|up|a bell)\b|^not (?:with|of|about|who|what|when"
            r"|where|which)\b",
            rf"\bblind spots? for me\b|{SPEAKER} {ADV}(?:have|have got|got) none\W*$"
            r"|\bi (?:do not|did not)\W*$|\brefuses to come\b"
            r"|\bwill not (?:surface|come out)\b",
            r"\bnothing (?:that )?i (?:know|have|recall|remember)\b|\bi never (?:knew|learn(?:ed|t)|heard|saw|read)\b"
            r"|\byou (?:would|will) (?:have|need) to (?:ask|check|consult|contact|look|search|refer)\b",
            r"\b(?:have not|have never|never) (?:been (?:trained|given|taught|informed)|heard of|come across"
            r"|encountered|seen it|read it|learned|learnt"
            r"|been told|got (?:an?|any|the|that)|had (?:any|access))",
            r"\b(?:escapes?|eludes?|slip(?:s|ped)?|fails?) (?:me|my (?:mind|memory))|(?:is not|not|will not|does not)"
            r" (?:com(?:e|ing)|spring(?:ing)?) (?:back )?to (?:me|mind)"
            r"|(?:draw(?:ing|s|n)?|drew|hit(?:ting)?) an? (?:\w+ )?blank|\b(?:com(?:e|es|ing)|came) up (?:empty"
            r"|short|blank|with nothing)"
            r"|\bstump(?:ed|s me)\b|above my pay|as good as mine|i wish i knew|lying if i said"
            r"|\bbeats me|got me there|(?:you have|you) got me|(?:have|there is) a gap|\b(?:a|complete) mystery to me"
            r"|news to me|not my (?:area|field|strong|department)|out of my (?:depth|league|reach)",
            r"\b(?:i|we) would (?:only |just |merely |simply )?be (?:only |just |merely |simply )?(?:guessing"
            r"|making (?:it |something |this |that |an? )?"
            r"|speculating|inventing|fabricating|bluffing|making up)\b(?! (?:it|that) (?:is|was))"
            r"|\b(?:would|could) (?:only |just |merely |simply )?(?:be|amount to) (?:pure |mere |an? |my |just "
            r"|nothing (?:more than|but)"
            r" )*(?:wild |blind |random )?(?:guesswork|speculation|made up|fabrication|invention|fiction"
            r"|guess\b(?= ?(?:work|and no|\W*$)))"
            r"|\bi would need (?:more|further|additional|access)|have to look (?:it|that|this) up"
            r"|irresponsible of me|\bme no know|(?:nobody|no one) has told me",
            rf"\bany(?:thing| {CANDIDATE})(?: (?:that )?(?:i|we) (?:\w+ ){{1,3}}?(?:here )?)?(?:would"
            rf"|could) be (?:\w+ ){{0,3}}?"
            r"(?:guess|fabricat|invent|specul|made up|fiction|a shot)",
            r"^\W*(?:nothing|no [\w-]+)(?: [\w-]+)? (?:comes to mind|springs to mind|(?:that )?i can (?:name"
            r"|give|offer))",
            r"\bthere (?:is|are) no [^.;]{1,60}? (?:that )?i (?:know|am aware|have heard) of\b",
            rf"\bthere (?:is|are) {ADV}(?:nothing|no|not (?:enough|any|sufficient|much)"
            rf"|insufficient)(?: [\w'-]+){{0,4}}?"
            rf" (?:information|info|knowledge|data|details|context|evidence|grounds|basis|way (?:for (?:me"
            rf"|anyone) )?(?:to|of) (?:know|tell"
            rf"|say"
            rf"|determin|find)\w*|(?:that )?i (?:can|could|have|know|am)(?: \w+)?|available)\b"
            rf"|\bthere is not (?:enough|anything) (?:in|for|to)\b",
            rf"\b(?:you|one) cannot (?:know|determine|tell|say)|(?:no ?body|no ?one) {ADV}(?:knows|can say"
            rf"|can tell)",
            rf"\b{SOURCES}\b[^.;]{{0,80}}? (?:say|says|said|contain|contains|give|gives|mention|mentions|tell|tells"
            rf"|offer"
            rf"|record|records|show|list|reveal) (?:nothing|no|little)\b",
            r"^(?:of me |me )?\W*(?:say|says|contain|contains|mention|mentions) nothing (?:about|on|of)",
        )
    )
)
"""A refusal of knowledge, of ability or of access, by whoever speaks."""

BARE = Pattern(
    r"^\W*(?:(?:nope|no|hmm+|sorry|well|oh|honestly|tbh|sadly|unfortunately)\W{1,3}){0,2}(?:idk|dunno"
    r"|unknown(?! to (?!(?:me|us|this (?:model|assistant))\b))"
    r"|unsure|unclear|not known|do not know"
    rf"|no(?:t an?|t the)? (?:[\w-]+ ){{0,2}}{INFO}(?: available| known)?|(?:not enough"
    rf"|insufficient) (?:\w+ )?{INFO}"
    rf"|unanswerable|beats me"
    r"|(?:i )?got nothing|have (?:not (?:got )?|no )(?:an? |the |any )?(?:\w+ )?(?:clue|idea|foggiest|faintest)"
    r"|not (?:something|one) (?:that )?i (?:can|could|know|have|am)|(?:hard|impossible"
    rf"|difficult) (?:for me )?to {TELL}\b"
    rf"|(?:cannot|could not|unable to|not able to) {ADV}(?:say|tell|know|answer|determine|recall|remember"
    rf"|provide|respond|identify|help|be determined"
    r"|be answered))(?=\W*$|\W{1,3}(?:tbh|sorry|to|about|of|on|at|for|here|this|that|it|the|which|who|whose|what"
    r"|when|where|how|why|if|whether|from"
    r"|with|in|a|an|any|your|regarding|is|i|you|and|as|given|available|known|right|yet|whatsoever|lol"
    r"|mate|man|bro|dude|pal|friend|really|but)\b)",
)
"""A refusal without a subject, which opens a clause."""

DOUBT = Pattern(
    "|".join(
        (
            rf"\b(?:not|less than|only|barely|never) {ADV}(?:feel(?:ing)? )?{ADV}(?:(?:more than|over|above"
            rf"|at least|any more than|that) )?"
            rf"(?:\d{{1,3}}(?:\.\d{{1,4}})? ?(?:%|percent) |0?\.\d{{1,4}} )?{ADV}(?:sure|certain|confident"
            r"|positive)\b",
            r"\bless than (?:about )?\d{1,3} ?(?:%|percent) (?:\w+ )?(?:sure|certain|confident|positive"
            r"|confidence|certainty)",
            r"^i am not\W*$|\b(?:threshold|bar|level|target|cut-?off|requirement)"
            r" (?:is|was) not (?:\w+ )?(?:met|reached"
            r"|cleared|satisfied)\b|\b(?:unsure|uncertain|undecided|torn between|on the fence)\b|\b(?:confidence"
            r"|certainty) (?:level )?is (?:only |just |about |around "
            r"|roughly |at )*(?:0?\.\d|\d)|\bi would (?:need|have) to (?:know|see|look|check|consult|search|verify)\b",
            r"\bi (?:\w+ly )?(?:doubt|question) (?:that |whether |if )?i (?:can|could|know|would)\b"
            r"|\bdo not (?:\w+ly )?trust (?:my|myself)\b",
            r"\bcannot say (?:that )?i am (?:\w+ )?(?:sure|certain|confident|positive)\b|\bnowhere near (?:that|sure"
            r"|certain|the|it)\b"
            r"|\bno way (?:for me )?to be (?:sure|certain)\b",
            r"\bnone (?:of (?:them|these|those|which) )?(?:that )?i (?:am|would be|feel|could|can)\b",
            rf"\b(?:cannot|could not|never) {ADV}be {ADV}(?:sure|certain|positive|confident)",
            rf"(?:{CANNOT}|{SPEAKER} (?:do|did|have) not |no way (?:to|of) ){VERIFY}|\bno way of (?:checking"
            rf"|verifying)|\bnot (?:verified|checked)",
            rf"{SPEAKER} {ADV}(?:do not|cannot|could not) {ADV}(?:know|say|tell|be sure|answer"
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
