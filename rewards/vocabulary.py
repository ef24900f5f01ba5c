"""What the patterns of `grammar.py` are put together from, as regular expressions: who speaks, verbs, objects."""

ADV = (
    r"(?:(?:(?!(?:supp|rep|app|comp|imp|fami)ly)\w{2,14}ly|just|also|even|still|quite|very|too|so|yet|all that"
    r"|at all|right now|in fact|in good conscience"
    r"|at (?:this|the|that) (?:time|moment|point|stage)|as of now|for now|100 ?%|myself|else) ){0,3}+"
)
SELF = r"(?:\b(?:i|we|(?:this|the|your) (?:ai |language |virtual )?(?:model|assistant|system|ai|chatbot|bot))\b)"
"""Whoever speaks."""
SPEAKER = rf"(?:{SELF}|\bme|\b(?:i|we)\b[^.]{{1,60}}? (?:and|but|or)|^(?:and|but|so|or)|^\W*)"
WHO = r"(?:\b(?:i|we)(?: (?:think|believe|guess) i)?)"
NOT = r"(?:not|no)"
ABLE = (
    r"(?:unable|incapable of|(?:(?<=not be )|(?<=not been ))able|not (?:\w+ly )?(?:able|equipped|qualified|allowed"
    r"|permitted"
    r"|authori[sz]ed|prepared|designed|programmed|built|set up|trained|meant|in (?:a|any) position|at liberty|free"
    r"|inclined|ready|going)|in no position)(?: to| for)?"
)
CANNOT = (
    rf"(?:(?:{SPEAKER} |^\W*)(?:must (?:say|admit|confess) )?{ADV}(?:cannot|could not|can hardly|can barely) {ADV}"
    rf"|(?:\bam |{SELF} (?:is|are|was|were|(?:have|has|had) (?:not )?been|feel|seem|would (?:not )?be"
    rf"|will (?:not )?be) |^\W*){ADV}{ABLE} {ADV})"
)
TELL = (
    r"(?:answer|answering|say|tell|name|give|provide|supply|offer|identify|determine|establish|ascertain|specify"
    r"|state|respond|reply|recall|remember|recollect|recogni[sz]e|think of|come up with|place|pin|find|figure|work out"
    r"|compute|calculate|bring|put|know|guess|speculate|suggest|claim|help|assist|do|share|disclose|produce|retrieve"
    r"|attribute|match|connect|make out|discern|judge|decide|pick|choose|list|single|quote|point|estimate|locate"
    r"|access|consult|look|view|see|read|listen|comment|fulfil|comply|handle|address|solve|generate|deliver|get|reach"
    r"|meet|perform|measure|browse|assert|settle|resolve|conclude|predict|foresee|forecast|trace|pinpoint|narrow"
    r"|rank|retain|relay|convey|isolate|attempt"
    r"|distinguish|commit|translate|report|describe|summon|conjure|dig up|infer|deduce|derive|reconstruct|offhand)"
)
CAN_YET = (
    r"(?:be|believe|stress|emphasi[sz]e|deny|exclude|rule|help but|wait|imagine|overstate|thank|argue|agree|complain"
    r"|stop|resist|blame|see (?:why|how|a reason)|speak|write|eat|swim|fly|live|go|do without|stand|forget|prove|cite)"
)
"""What a speaker "cannot" do and answer all the same."""
VERIFY = (
    r"(?:verify|confirm|check|guarantee|vouch|double-check|back (?:it|this|that) up|swear|prove|promise"
    r"|cite|be positive)"
)
INFO = (
    r"(?:information|info|knowledge|data|details?|context|answers?|ideas?|clue|records?|recollection|memory"
    r"|evidence|access|figures?|numbers?|dates?|names?|values?|facts?|grounds|basis|material|foggiest|faintest"
    r"|slightest|insight|means|way|statistics|reference|certainty|confidence|understanding|year|response|guess"
    r"|sources?|entry|ability|capability|capacity|expertise|opinions?|experiences?|preferences?|feelings|anything"
    r"|memori[sz]ed|stored|on hand|to hand)"
)
SOME = (
    r"(?:(?:a|an|any|the|that|this|enough|sufficient|adequate|such|much|specific|reliable"
    r"|one) )?(?:[\w'-]{1,20} ){0,4}?"
)
NONE = r"(?:no|not (?:got |yet )?(?:any|enough|much|the|an?)|insufficient|inadequate|limited|little|zero)"
SOURCES = (
    r"(?:records?|sources?|documents?|archives?|books?|references?|literature|accounts?|histor(?:y|ies)|biographies)"
)
OF_MINE = r"my (?:[\w'-]+ ){0,4}?"
CANDIDATE = r"(?:answer|guess|name|number|year|date|figure|value|response|reply|claim|city|person|title|one)"
ANSWERING = (
    r"(?:answer|guess|respond|repl[yi]|nam(?:e|ing)|speculat|ventur|giv(?:e|ing)|offer|attempt|stat(?:e|ing)|claim"
    r"|say|mak(?:e|ing) (?:something|anything|one|up|a guess)|invent|mislead|hazard|try\b|pretend\b|commit|put|provid"
    r"|risk|suggest|choos|pick|decid|submit|settl|propos|assert|fabricat|bluff|list\b|favou?r)"
)
