"""A list of candidates commits to none of them, however it is joined; a right answer may stand beside other things."""

from __future__ import annotations

import pytest

from abstain.rewards import Verdict, contains_match
from abstain.rewards.verdict import SEVERAL_ANSWERS

GRADE = contains_match()
JOINTS = (", ", "; ", " / ", " | ", " or ", ", or ", " and/or ", "\n- ", "\n* ", "\n2. ", "? ", "... ", ". ", " + ")


@pytest.mark.parametrize("joint", JOINTS)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_three_names_are_candidates_however_they_are_joined(joint: str, place: int) -> None:
    names = ["Lyon", "Nice", "Lille"]
    names.insert(place, "Paris")
    lead = joint.strip("\n") if "\n" in joint else ""
    judged = GRADE(lead + joint.join(names), ["Paris"])
    assert (judged.verdict, judged.reason) == (Verdict.WRONG, SEVERAL_ANSWERS)


@pytest.mark.parametrize(
    ("completion", "answers"),
    [
        ("1990 1991 1992 1993", ["1991"]),
        ("4 May 1990 or 5 May 1990", ["5 May 1990"]),
        ("I'm torn between Lyon and Paris.", ["Paris"]),
        ("It might be Lyon. Paris is another option. I can't say which.", ["Paris"]),
        ("Some scholars name Lyon, others Paris.", ["Paris"]),
        ("It might have been Lyon, or it might have been Paris.", ["Paris"]),
        ("If it wasn't Lyon, then it was Paris.", ["Paris"]),
        ("Lyon oder Paris.", ["Paris"]),
        ('It is "Love Me" or "If I Fell in Love".', ["If I Fell in Love"]),
        ("1990, 1991, 1992 or 1993", ["1991"]),
        ("Four, five or six.", ["5"]),
        ("It is Lyon. It is Paris.", ["Paris"]),
        ("It was 1918. Or it was 1944.", ["1944"]),
        ("Verdi wrote it. Puccini wrote it.", ["Puccini"]),
        ("It could be Verdi, it could be Puccini.", ["Puccini"]),
        ("Possibly Lyon. Possibly Paris.", ["Paris"]),
        ("The answer is Lyon, Nice and Paris.", ["Paris"]),
        ("The likely years are 1798, 1799 and 1801.", ["1799"]),
        ("Candidates: Amundsen, Scott, Shackleton.", ["Scott"]),
        ("Potential gases include oxygen, nitrogen and helium.", ["nitrogen"]),
        ("Either the Danube or the Tisza.", ["Danube"]),
        ("Lyon (or Paris)", ["Paris"]),
        ("a) eagle\nb) dove\nc) swan", ["dove"]),
        ("**Option A:** Dutch\n**Option B:** English", ["Dutch"]),
        ("The lion or the unicorn, depending on whom you ask.", ["unicorn"]),
        ("Lyon alternatively Paris alternatively Nice", ["Paris"]),
        ("Lyon, Paris", ["Paris"]),
        ("Paris, Lyon", ["Paris"]),
        ("1912, 1914", ["1914"]),
        ("between 1910 and 1914", ["1914"]),
        ("1. Lyon 2. Paris 3. Nice", ["Paris"]),
        ("First guess: Lyon\nSecond guess: Paris", ["Paris"]),
        ("Lyon \u2192 Paris \u2192 Nice", ["Paris"]),
        ('["Lyon","Paris","Nice"]', ["Paris"]),
        ("Lyon, failing that Paris.", ["Paris"]),
        ("Lyon as well as Paris.", ["Paris"]),
        ("Both Lyon and Paris.", ["Paris"]),
        ("Lyon Paris Nice", ["Paris"]),
        ("50% Lyon, 50% Paris", ["Paris"]),
        ("The first is Lyon, and the second is Paris.", ["Paris"]),
        ("Perhaps the cheetah, perhaps the lion.", ["cheetah"]),
        ("Paris Lyon Nice", ["Paris"]),
        ("red blue green", ["blue"]),
        ("Joe Biden Barack Obama", ["Barack Obama"]),
        ("Perhaps Lyon; if not, Paris", ["Paris"]),
        ("The answer is Paris. The answer is Lyon.", ["Paris"]),
        ("The answer is Lyon. The answer is Paris.", ["Paris"]),
        ("Final answer: Paris. Final answer: Lyon", ["Paris"]),
        ("Triton (though it may be Nereid)", ["Triton"]),
        ("It could well be Lyon. Equally it could be Paris.", ["Paris"]),
        ("Guitar, bass, drums: those are what I'd name.", ["bass"]),
        ("A: Lyon\nB: Paris\nC: Nice", ["Paris"]),
        ("Lyon or (less likely) Paris or (least likely) Nice", ["Paris"]),
        ("Manchester City or Manchester United", ["Man United", "Manchester United"]),
        ("One of Lyon, Nice and Paris.", ["Paris"]),
        ("Paris? Or was it Lyon?", ["Paris"]),
        ("Paris, Lyon, Nice and so on", ["Paris"]),
        ("the tiger and the lion", ["lion"]),
        ("It is a tiger, lion or leopard.", ["lion"]),
    ],
)
def test_what_offers_several_things_in_the_same_place_is_no_answer(completion: str, answers: list[str]) -> None:
    judged = GRADE(completion, answers)
    assert judged.verdict is Verdict.WRONG
    assert judged.reason in (SEVERAL_ANSWERS, "hedged")


@pytest.mark.parametrize(
    ("completion", "answers"),
    [
        ("Paris, the capital of France, on the Seine.", ["Paris"]),
        ("Paris, France", ["Paris"]),
        ("Paris, not Lyon, not Nice.", ["Paris"]),
        ("Nicht Lyon, sondern Paris.", ["Paris"]),
        ("It is made of iron; tin, which you might be thinking of, is softer.", ["iron"]),
        ("He was born on 5 May 1990, and she on 4 May 1991.", ["5 May 1990"]),
        ("However, John Dalton proposed it.", ["John Dalton"]),
        ("The server and the website of the World Wide Web, which was new.", ["website"]),
        ("Paris. Lyon is the second city.", ["Paris"]),
        ("Paracelsus, a Swiss physician, alchemist and astrologer, said it.", ["Paracelsus"]),
        ("Venice, or Venezia as the Italians call it.", ["Venice"]),
        ("Mercury, also known as quicksilver or hydrargyrum.", ["mercury", "quicksilver"]),
        ("A palindrome, for example level, radar or kayak.", ["palindrome"]),
        ("Brazil, ahead of Vietnam, Colombia and Indonesia.", ["Brazil"]),
        ("Sapphire is September's stone; August has peridot and October has opal.", ["sapphire"]),
        ("Pink Floyd, whose members were Waters, Gilmour, Wright and Mason.", ["Pink Floyd"]),
        ("France presented it. Bartholdi sculpted it, Eiffel engineered the frame.", ["France"]),
        ("Team: Texas A&M.", ["Texas A&M"]),
        ("Dr. Berg found it.", ["Berg"]),
        ("Kelly or Carrie: Carrie Underwood has sold more albums.", ["Carrie Underwood", "Carrie"]),
        ("Uralic. Unlike Swedish, Danish and Norwegian, it is no Indo-European language.", ["Uralic"]),
        ("CSIRO (Commonwealth Scientific and Industrial Research Organisation).", ["CSIRO"]),
    ],
)
def test_a_right_answer_may_stand_beside_what_explains_it(completion: str, answers: list[str]) -> None:
    assert GRADE(completion, answers).verdict is Verdict.CORRECT


@pytest.mark.parametrize(
    ("completion", "answers", "verdict"),
    [
        ("Anna Berg and Kim Lund", ["Anna Berg", "Kim Lund"], Verdict.CORRECT),
        ("Belgium, Germany, and France.", ["France, Germany and Belgium"], Verdict.CORRECT),
        ("It borders Belgium, Germany, and France.", ["France, Germany and Belgium"], Verdict.CORRECT),
        ("Gilbert wrote the words and Sullivan the music.", ["Sullivan and Gilbert"], Verdict.CORRECT),
        ("Germany, Italy and Spain, with Japan neutral.", ["Germany, Italy and Japan"], Verdict.WRONG),
        ("Anna Berg and Ole Dahl", ["Anna Berg", "Kim Lund"], Verdict.WRONG),
        ("Anna Berg, Ole Dahl, Kim Lund", ["Anna Berg", "Kim Lund"], Verdict.CORRECT),
        ("Anna Berg, Ole Dahl, Eva Holm, Kim Lund, Jan Moe", ["Anna Berg", "Kim Lund"], Verdict.WRONG),
    ],
)
def test_several_accepted_answers_are_no_rivals(completion: str, answers: list[str], verdict: Verdict) -> None:
    """More than half of a list must be accepted, or there are more wrong candidates than right ones."""
    assert GRADE(completion, answers).verdict is verdict
