"""The rules of declining, doubting, taking back and correcting, on many wordings."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abstain.rewards import AbstentionDetector, Verdict, alias_match, auto_match, contains_match
from abstain.rewards.languages import Language

REFUSALS = """
I don't know|I don’t know.|i dont know|I DON'T KNOW!!!|I do not know the answer to this question.|I really don't know.
Ｉ ｄｏｎ＇ｔ ｋｎｏｗ|**I don't know**|"I don't know."|(I don't know)|Answer: I don't know|The answer is: I don't know
I'm not sure.|I am not certain about that.|I'm unsure.|I'm uncertain.|Not sure.|I'm really not sure.
I'm not confident enough to answer.|I'm not familiar with that person.|I can't be sure.|I can't say for sure.
Cannot determine.|It cannot be determined from the information given.|The answer cannot be determined.|Cannot answer.
There is no reliable information about this person.|No reliable information.|Insufficient information.
I have no reliable information on that.|I do not have access to that information.|I lack the information to answer.
As an AI language model, I don't have personal information about this individual.|There's no way to know.
I'm sorry, but I can't answer that question.|Sorry, I can't help with that.|Unfortunately, I was unable to find it.
I apologize, but I do not have enough information to answer this question.|I'm afraid I don't know.
I don't know who that is. You could check Wikipedia.|I don't know, but you could look it up.
I'm not sure, but I can help you find it.|I don’t have information on that, but I'd be happy to help.
Based on the information available, I cannot determine the exact date.|Honestly, I have no idea.|No idea.
The answer is unknown.|It is unknown.|Unknown.|IDK|dunno|no clue, sorry|I couldn't say.|I can't recall the name.
I don't recall.|I would rather not guess.|I'd rather abstain.|I abstain.|I don't think I can answer that.
It's impossible to say.|I've never heard of it.|That is beyond my knowledge.|I don't have a clue.|I can't tell.
The question is unanswerable.|This information is not publicly available.|To be honest, I don't know.
Paris is nice. I do not have any information about the capital.
I don't know - it could be anything.|I'm not certain, so I won't answer.|Unable to determine.|I won't guess.
"""
TAKEN_BACK = (
    "Paris. Actually, I don't know.",
    "Paris? I don't know.",
    "It might be Paris. Wait, no, I don't know.",
    "Paris\nI don't know.",
    "Paris, actually I don't know",
    "I think the answer is Paris. On second thought, I don't know.",
)
HEDGED = (
    "Paris, but I'm not certain",
    "Paris. I'm not sure though.",
    "I'm not 100% sure, but I think it's Paris.",
    "Paris (I think)",
    "Most likely Paris",
    "It could be Paris.",
    "Could be Paris, not sure",
    "If I had to guess, Paris",
    "I don't know. However, my best guess is Paris.",
    "Not sure but Paris",
    "Paris, though I don't know for sure",
    "Paris, but I don't know",
    "I don't know the exact date, but it's Paris.",
    "I am fairly confident it is Paris",
)
NO_REFUSALS = (
    'He said "I don\'t know".',
    '"I Don\'t Know" by Ozzy',
    "Unknown Pleasures",
    "The Unknown Soldier",
    "No Idea Records",
    "Nobody",
    "I",
    "I'm Not There",
    "Know Your Enemy",
    "Pass Christian",
)


@pytest.mark.parametrize("text", [t for line in REFUSALS.strip().split("\n") for t in line.split("|")])
def test_natural_refusals_abstain_under_every_grader(text: str) -> None:
    for grade in (alias_match(), contains_match()):
        judged = grade(text, ["Paris"])
        assert judged.verdict is Verdict.ABSTAINED
        assert judged.reason in ("agreed phrase", "declined")


@pytest.mark.parametrize("text", TAKEN_BACK)
def test_a_refusal_that_ends_the_text_takes_the_answer_back(text: str) -> None:
    judged = alias_match()(text, ["Paris"])
    assert (judged.verdict, judged.reason) == (Verdict.ABSTAINED, "retracted")


@pytest.mark.parametrize("text", HEDGED)
def test_a_doubt_leaves_the_answer_an_answer(text: str) -> None:
    judged = alias_match()(text, ["Paris"])
    assert (judged.verdict, judged.reason) == (Verdict.CORRECT, "hedged")


@pytest.mark.parametrize("text", NO_REFUSALS)
def test_a_name_or_a_quotation_is_no_refusal(text: str) -> None:
    assert alias_match()(text, ["Paris"]).verdict is Verdict.WRONG


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("London. Actually, no, Paris.", "Paris."),
        ("London, sorry, I meant Paris", "Paris"),
        ("Paris. No wait, London.", "London."),
    ],
)
def test_a_correction_replaces_what_came_before(text: str, answer: str) -> None:
    assert AbstentionDetector().read(text).answer == answer


@pytest.mark.parametrize("text", [*TAKEN_BACK, *HEDGED, *NO_REFUSALS, "It's London. I don't know the rest."])
def test_whether_a_text_abstains_does_not_depend_on_the_accepted_answers(text: str) -> None:
    """A wrong answer cannot be hedged into an abstention that a right one would not have become."""
    for grade in (alias_match(), contains_match()):
        verdicts = {grade(text, [gold]).verdict is Verdict.ABSTAINED for gold in ("Paris", "London", "Oslo")}
        assert len(verdicts) == 1


def test_a_tag_or_a_rule_of_ones_own_abstains() -> None:
    tagged = alias_match(abstention=AbstentionDetector(tag="abstain"))
    assert tagged("Hm. <abstain/>", ["Paris"]).reason == "abstention tag"
    assert tagged("Paris", ["Paris"]).verdict is Verdict.CORRECT
    own = alias_match(abstention=AbstentionDetector(decide=str.isupper))
    assert own("NO", ["Paris"]).reason == "declined by own rule"
    assert own("I don't know", ["Paris"]).verdict is Verdict.WRONG
    assert pickle.loads(pickle.dumps(own)) == own


def test_detectors_without_meaning_are_refused() -> None:
    with pytest.raises(ValueError, match="phrase must hold at least one visible character, got ' '"):
        AbstentionDetector(" ")
    with pytest.raises(ValueError, match="tag must be a name such as 'abstain', without brackets, got '<a>'"):
        AbstentionDetector(tag="<a>")


OF_CHAT_MODELS = """
I honestly have no idea.|I cannot confidently answer.|I'm not equipped to answer that.|That is not available to me.
My records do not contain that.|I must refrain from answering.|The author is unknown to me.|Hard to say
I am less than 75% confident, so I will not answer.|My confidence is below the required 90%, so I abstain.
I don't know. It might be helpful to check an atlas.|I don't know; the answer is not in my training data.
Thus, I don't know|Two places are possible.\\nFinal answer: I don't know|We weigh A and B. In the end: I can't say.
I'm in the dark, so I won't claim that it is Paris.|I can't tell whether it was Paris.
I'd rather leave this one blank.
This one has me stumped.|Honestly? Not a clue.|I don't think I have that in memory.|I have insufficient information.
My knowledge of this is too limited to answer.|After some reflection, I have to admit I simply don't know.
I'm not going to hazard a guess.|I'm not at liberty to say.|I would not be able to tell you.|I'd rather not.
The name escapes me.|That isn't something I can recall.|I'm at a loss here.|I haven't the foggiest idea.
"""
BY_KIND = """
Data not found.|I'd be rolling dice, so I won't.|I don't know well enough to commit.|Threshold not met → no answer.
Band line-ups are a blind spot for me. Have you tried Discogs?|I'll sit this one out.|I'll go with "I don't know".
It won an award in 1986. The author's name escapes me.
Although I know it is a prequel to Jane Eyre, I can't name its author.
I have not been able to find it.|The model does not have an answer for this.|I'm not aware of any such award.
I've forgotten.
I know far too little about it to say.|My knowledge of Estonian pop is too thin to name anyone.
It exceeds my knowledge.
That's not information I have.|That is not known to this assistant.|The passage does not say.|I don't have it.
I'd be making up a name.|Any name I gave would be a guess.|I came up empty.|It would be irresponsible to guess.
Please treat this as no answer.|No answer is offered.|I'm torn between two towns and won't pick.|I can't decide.
Which battle do you mean?|Could you tell me which of the two you mean?
The question is ambiguous and I'd need more context.
I don't know the mayor of Dunedin, Florida.|Details on Harlow Brewery, Essex, aren't something I can recall.
I don't know. Baseball Reference or SABR would have it.|I'm not sure. The archives of The Times, or SABR, could help.
Kahlo and Rivera come to mind, but neither fits.|It's a moon of Saturn, but which one I can't say.
It could be Bergen, but since I'm not 90% sure, I don't know.|My answer is "I don't know".|No clue whatsoever.
I found nothing on it and will leave the field blank.|I'm reluctant to name anyone.|No date from me.|Don't ask me when.
That is too specialised for me.|The date has dropped out of my memory.|It is not among the facts I hold.|?|...
I know the poet's towns: Lyon, Nice. The name of the third is not among them.|I'm going to say "I don't know".
Do you mean the river or the town?|I weighed Lyon and Nice, but can't choose between them.
I don't know. The town has burnt twice, in 1310 and 1702. I can't help you.|To my knowledge, nobody knows.
"""
STILL_ANSWERS = """
uncertain. paris?|Lyon? I can't say that I'm sure.|It is 64. I won't attempt the other count.
about 273 K, cant give decimals
I don't have current figures. Historically, copper has been the main export.|Bats. My knowledge is limited, though.
I don't have current figures, but as of my last update it was 370,000.
There are many Springfields, but this is Illinois.
However, I can tell you that it is Paris. I don't have access to the news.|None of them were women.|not sure, paris?
According to the museum's website, Paris. I have not verified this.|I cannot rule out Lyon, but I would say Paris.
I can't decide between Lyon and Paris, but I'll go with Paris.|It is not known to fly.
It falls outside the treaty's scope.
The passage does not mention her; his wife was Paris.|I'd be guessing if I said Lyon, but Paris it is.
It does not have a capital.
I know it is a French town. Paris, if I remember rightly.|I have little doubt that it is Paris.
She gave no answer to him.
I'm not certain, but Paris|The exact date is unknown; the city was Paris.|Paris. I don't know its population.
I can't verify it, but Paris.|It was Paris. I cannot provide a source.
I'm less than 75% sure, but since you asked: Paris
I do not know of any other name. The capital of France is Paris.|I'm rather unsure here. Paris?
Paris, although I can't check it.|My search tool isn't working, so this is from memory: Paris
Paris. Beyond that I can't say.|Paris. I have no further information.|I'd need to check, but Paris.
He could not read or write.|It can't be determined by a computer.|Because they cannot produce vitamin D.|She declined.
It is used when the value is not known in advance.|I Can't Get No Satisfaction|It lies beyond the Arctic Circle.
I can't name a taller one than Mont Blanc.|Nothing that I know contradicts 1642.|Yes Minister, but I can't confirm it.
"He was Nobody." Whether that is true can't be verified.|To my knowledge it has two moons, though I have no data.
I have no results here, but I remember Paris winning it.
"The Unknown" is a film about Paris.|There is no evidence that it was anything but Paris.
"""


def texts(lines: str) -> list[str]:
    return [text.replace("\\n", "\n") for line in lines.strip().split("\n") for text in line.split("|")]


@pytest.mark.parametrize("text", [*texts(OF_CHAT_MODELS), *texts(BY_KIND)])
def test_refusals_in_the_words_of_chat_models_abstain(text: str) -> None:
    for grade in (alias_match(), contains_match()):
        assert grade(text, ["Paris"]).verdict is Verdict.ABSTAINED
        assert grade.grade_batch([text], [["Paris"]])[0] == grade(text, ["Paris"])


@pytest.mark.parametrize("text", texts(STILL_ANSWERS))
def test_what_names_an_answer_beside_a_doubt_is_no_refusal(text: str) -> None:
    for grade in (alias_match(), contains_match()):
        assert grade(text, ["Paris"]).verdict is not Verdict.ABSTAINED


@pytest.mark.parametrize(
    ("refusal", "answer"),
    [
        ("Das weiß ich leider nicht.", "Ich bin nicht sicher, aber ich glaube Berlin."),
        ("Je ne sais pas.", "Je ne suis pas sûr, mais je dirais Paris."),
        ("No lo sé.", "No estoy seguro, pero creo que Madrid."),
        ("Non lo so.", "Non sono sicuro, ma direi Roma."),
        ("Não sei.", "Não tenho certeza, mas acho que Lisboa."),
        ("Dat weet ik niet.", "Ik weet het niet zeker, maar ik denk Den Haag."),
        ("Nie wiem.", "Nie jestem pewien, ale chyba Warszawa."),
        ("Я не знаю.", "Я не уверен, но думаю, Москва."),
        ("我不知道。", "我不确定，但可能是北京。"),
        ("わかりません。", "自信はありませんが、東京だと思います。"),
        ("모르겠습니다.", "확실하지 않지만 서울입니다."),
        ("لا أعرف.", "لست متأكداً، لكن أظن أنها القاهرة."),
        ("मुझे नहीं पता।", "मुझे यकीन नहीं है, लेकिन शायद दिल्ली।"),
        ("ไม่ทราบครับ", "ไม่แน่ใจ แต่น่าจะเป็นกรุงเทพ"),
        ("Tôi không biết.", "Tôi không chắc, nhưng có lẽ là Hà Nội."),
        ("Saya tidak tahu.", "Saya tidak yakin, tapi mungkin Jakarta."),
        ("Bilmiyorum.", "Emin değilim ama sanırım Ankara."),
    ],
)
def test_seventeen_other_languages_decline_and_hedge(refusal: str, answer: str) -> None:
    for grade in (alias_match(), contains_match()):
        assert grade(refusal, ["Oslo"]).verdict is Verdict.ABSTAINED
        assert grade(answer, ["Oslo"]).verdict is Verdict.WRONG
        assert grade.grade_batch([refusal], [["Oslo"]])[0].verdict is Verdict.ABSTAINED


def test_phrases_and_languages_can_be_added() -> None:
    finnish = Language("Finnish", r"\ben (?:tiedä|osaa)\b", r"\bmutta\b", r"\bvalitettavasti\b", "en")
    detector = AbstentionDetector(phrases=("Keine Angabe",), languages=(finnish,))
    assert detector.read("Keine Angabe.").abstained == "agreed phrase"
    assert detector.read("Es gibt viele. Antwort: keine Angabe").abstained == "retracted"
    assert detector.read("Valitettavasti en tiedä.").abstained == "declined"
    assert detector.read("En tiedä, mutta Helsinki").abstained is None
    assert detector.read("Je ne sais pas.").abstained is None
    for text in ("En osaa sanoa", "keine angabe"):
        assert alias_match(abstention=detector)(text, ["Paris"]).verdict is Verdict.ABSTAINED
    assert pickle.loads(pickle.dumps(detector)) == detector
    with pytest.raises(ValueError, match="phrases must be a tuple of texts with visible characters, got"):
        AbstentionDetector(phrases=("",))


@given(st.text(max_size=80))
def test_reading_any_text_is_repeatable_and_never_both_an_answer_and_an_abstention(text: str) -> None:
    reading = AbstentionDetector().read(text)
    assert reading == AbstentionDetector().read(text)
    assert reading.abstained is None or reading.answer is None


def test_behind_a_refusal_a_label_or_a_name_alone_is_an_answer_and_a_remark_is_none() -> None:
    grade = alias_match()
    for text in (
        "I don't know. The answer is Paris.",
        "I'm not sure. Final answer: Paris",
        "I don't know.\nAnswer: Paris",
        "I don't know. Paris.",
    ):
        assert (grade(text, ["Paris"]).verdict, grade(text, ["Paris"]).reason) == (Verdict.CORRECT, "hedged"), text
    for text in (
        "I don't know. Good question.",
        "I don't know. I have no information on that.",
        "I don't know. Unclear.",
    ):
        assert grade(text, ["Paris"]).verdict is Verdict.ABSTAINED, text
    for text in ("I don't know. The answer is not known to me.", "I don't know. The answer is not available."):
        assert grade(text, ["Paris"]).verdict is Verdict.ABSTAINED, text


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("It's hard to tell.", Verdict.ABSTAINED),
        ("It is difficult to say", Verdict.ABSTAINED),
        ("My bet is Paris", Verdict.CORRECT),
        ("Hard Times", Verdict.WRONG),
    ],
)
def test_every_word_that_a_refusal_or_a_hedge_can_do_with_is_looked_for(text: str, verdict: Verdict) -> None:
    grade = alias_match()
    assert grade(text, ["Paris"]).verdict is verdict
    assert grade.grade_batch([text], [["Paris"]])[0].verdict is verdict


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("I'm not more than 50% sure.", Verdict.ABSTAINED),
        ("I am not over 90 percent certain about the answer.", Verdict.ABSTAINED),
        ("We're not above 0.75 confident here.", Verdict.ABSTAINED),
        ("I'm not that sure.", Verdict.ABSTAINED),
        ("I'm not more than 50% sure, but Paris.", Verdict.CORRECT),
        ("Paris, though I'm not more than 50% sure.", Verdict.CORRECT),
    ],
)
def test_a_doubt_in_the_words_of_the_prompts_target_declines_where_nothing_is_answered(
    text: str, verdict: Verdict
) -> None:
    assert auto_match()(text, ["Paris"]).verdict is verdict


@pytest.mark.parametrize("answer", ["the red fox", "photosynthesis", "A city of light", "in the spring"])
def test_a_few_words_that_a_doubt_turns_from_are_an_answer(answer: str) -> None:
    judged = auto_match()(f"{answer}, but I'm not sure.", [answer])
    assert (judged.verdict, judged.reason) == (Verdict.CORRECT, "hedged")
    for lead in ("Sorry", "Good question", "Hmm"):
        assert auto_match()(f"{lead}, but I'm not sure.", [answer]).verdict is Verdict.ABSTAINED
