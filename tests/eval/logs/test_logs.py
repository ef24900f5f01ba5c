"""Real logs of lm-evaluation-harness and Inspect (tests/eval/logs), row by row."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import pytest

from abstain.data import InputError
from abstain.eval.logs.formats import detect_format, read_log
from abstain.eval.logs.logged_row import LogOptions
from abstain.eval.logs.rows import read_logged
from abstain.eval.logs.score import Grading
from abstain.eval.sweep.responses import Response
from abstain.rewards import AbstentionDetector, alias_match, choice_match

LOGS = Path(__file__).parents[1] / "logs"
CAPITALS = ["q-fr", "q-it", "q-jp", "q-au", "q-ca", "q-br"]


def read(name: str | Path, grader: object = None, **options: object) -> list[Response]:
    asked = LogOptions(**options)  # type: ignore[arg-type]
    grading = Grading(
        grader=grader or alias_match(),  # type: ignore[arg-type]
        detector=AbstentionDetector(),
        regrade=asked.regrade,
    )
    return read_logged(read_log(LOGS / name, None, asked), grading).responses


def verdicts(rows: list[Response]) -> str:
    return " ".join(row.verdict.value[0] for row in rows)


@pytest.mark.parametrize(
    ("name", "found"),
    [("lm_eval_generated.jsonl", "lm-eval"), ("inspect_scorers.json", "inspect"), ("inspect_epochs.eval", "inspect")],
)
def test_the_format_is_found_out(name: str, found: str) -> None:
    assert detect_format(LOGS / name) == found


def test_generated_answers_are_graded_here_and_abstentions_told_from_errors() -> None:
    # Paris, Rome, I don't know, Sydney, I'm not sure but Ottawa, I don't know: the harness says 1 1 0 0 0 0.
    rows = read("lm_eval_generated.jsonl")
    assert [row.id for row in rows] == CAPITALS
    assert verdicts(rows) == "c c a w c a"
    assert rows[1].answers == ("Rome", "Roma")
    assert rows[0].question == "Capital of France?"


def test_a_metric_of_the_harness_gives_the_verdicts_where_it_is_named() -> None:
    rows = read("lm_eval_generated.jsonl", scorer="exact_match")
    assert verdicts(rows) == "c c a w w a"  # the hedged Ottawa is no exact match
    assert rows[2].reason == "agreed phrase"


def test_repeats_are_samples_and_filters_do_not_repeat_rows() -> None:
    rows = read("lm_eval_repeats.jsonl")
    assert [(row.id, row.sample) for row in rows] == [(id_, k) for id_ in CAPITALS for k in range(3)]
    assert verdicts(rows[:6]) == "c c w c c c"  # Paris, Paris, Lyon; Rome, Roma, Rome
    filtered = read("lm_eval_repeats.jsonl", filter="majority")
    assert [row.completion for row in filtered][:2] == ["Paris", "Rome"]
    assert len(filtered) == 6


def test_a_choice_has_its_share_of_the_probability_as_confidence() -> None:
    rows = read("lm_eval_choice.jsonl")
    assert verdicts(rows) == "c c w c"
    # France: log-likelihoods -0.2, -2.5, -4.0.
    assert rows[0].confidence == pytest.approx(1 / (1 + math.exp(-2.3) + math.exp(-3.8)))
    assert [row.completion for row in rows] == ["Paris", "Rome", "Sydney", "Ottawa"]
    assert verdicts(read("lm_eval_choice.jsonl", choice_match(), regrade=True)) == "c c w c"


def test_what_a_sample_log_lacks_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"metric 'exact_match' was taken behind several filters .first, majority.; name"
    ):
        read("lm_eval_repeats.jsonl", scorer="exact_match")
    with pytest.raises(InputError, match="--filter strict: the log has first, majority"):
        read("lm_eval_repeats.jsonl", filter="strict")
    with pytest.raises(InputError, match=r":1: no metric 'f1'; the sample has exact_match"):
        read("lm_eval_generated.jsonl", scorer="f1")
    row = json.loads((LOGS / "lm_eval_generated.jsonl").read_text().splitlines()[0])
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({**row, "f1": 0.4}))
    with pytest.raises(InputError, match=r"a.jsonl:1: metric 'f1' is 0.4; a verdict needs 0 or 1"):
        read(path, scorer="f1")
    path.write_text(json.dumps({key: row[key] for key in row if key != "target"}))
    with pytest.raises(InputError, match="no key 'target'; not a sample of lm-evaluation-harness"):
        read(path)


def test_a_likelihood_of_one_text_cannot_be_scored(tmp_path: Path) -> None:
    row = json.loads((LOGS / "lm_eval_choice.jsonl").read_text().splitlines()[0])
    row["arguments"] = {"gen_args_0": row["arguments"]["gen_args_0"]}
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({**row, "resps": row["resps"][:1]}))
    with pytest.raises(InputError, match="a log-likelihood of one text cannot be scored; allowed are choices"):
        read(path)


def test_inspects_letters_are_verdicts_and_what_has_none_is_ungraded() -> None:
    by = {row.id: row for row in read("inspect_scorers.json", scorer="four_way")}
    assert verdicts([by[id_] for id_ in CAPITALS]) == "c c a u u u"
    reasons = [by[id_].reason for id_ in ("q-jp", "q-au", "q-ca", "q-br")]
    assert reasons == ["agreed phrase", "unscored", "scored P", "error: RuntimeError('the endpoint broke')"]
    assert by["q-fr"].confidence == 0.75
    assert by["q-fr"].threshold == 0.5


def test_an_abstention_that_inspect_scored_as_an_error_is_an_abstention() -> None:
    by = {row.id: row for row in read("inspect_scorers.json", scorer="match")}
    # `match` says C C I I C and nothing for the one that broke off.
    assert verdicts([by[id_] for id_ in CAPITALS]) == "c c a w c u"


def inspect_log(path: Path, value: object, text: str) -> Path:
    log = json.loads((LOGS / "inspect_scorers.json").read_text())
    sample = next(one for one in log["samples"] if one["id"] == "q-au")
    sample["scores"] = {"four_way": {**sample["scores"]["four_way"], "value": value}}
    sample["output"]["choices"][0]["message"]["content"] = text
    path.write_text(json.dumps({**log, "samples": [sample]}))
    return path


def test_no_answer_is_an_abstention_only_where_the_text_abstains(tmp_path: Path) -> None:
    (abstained,) = read(inspect_log(tmp_path / "a.json", "N", "I don't know"))
    (another_form,) = read(inspect_log(tmp_path / "b.json", "N", "Sydney, as everybody knows"))
    assert (abstained.verdict.value, another_form.verdict.value) == ("abstained", "ungraded")
    assert another_form.reason == "no answer found"


def test_a_score_of_several_values_is_taken_by_scorer_and_key(tmp_path: Path) -> None:
    path = inspect_log(tmp_path / "a.json", {"right": 1, "short": 0}, "Canberra")
    assert verdicts(read(path, scorer="four_way.right")) == "c"
    with pytest.raises(InputError, match=r"several values; name one with --scorer: four_way.right, four_way.short"):
        read(path)
    with pytest.raises(InputError, match=r"no scorer 'judge.right'"):
        read(path, scorer="judge.right")


def test_a_filtered_refusal_is_an_abstention_and_an_answer_behind_hashes_the_gold(tmp_path: Path) -> None:
    row = json.loads((LOGS / "lm_eval_generated.jsonl").read_text().splitlines()[0])
    row = {**row, "filter": "flexible", "exact_match": 0.0, "doc": {}, "target": "6 + 12 = 18\n#### 18"}
    said = {"a": ("I don't know.", "[invalid]"), "b": ("So 17.", "17")}
    rows = [{**row, "doc_id": id_, "resps": [[raw]], "filtered_resps": [left]} for id_, (raw, left) in said.items()]
    path = tmp_path / "samples.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in rows))
    found = read(path, filter="flexible", scorer="exact_match")
    assert verdicts(found) == "a w"
    assert found[0].answers == ("18",)


def test_verdict_and_confidence_of_a_choice_are_of_one_answer_and_older_logs_are_read(tmp_path: Path) -> None:
    row = json.loads((LOGS / "lm_eval_choice.jsonl").read_text().splitlines()[0])
    asked = [["Capital of France?", " Rio de Janeiro"], ["Capital of France?", " Paris"]]
    old = {**row, "arguments": asked, "target": 0, "acc": 0.0, "acc_norm": 1.0, "acc_mutual_info": 1.0}
    # -2 over 14 letters is nearer to 0 than -1 over 5.
    old |= {"resps": [[[-2.0, False]], [[-1.0, True]]], "filtered_resps": [[-2.0, False], [-1.0, True]]}
    path = tmp_path / "samples.jsonl"
    path.write_text(json.dumps(old))
    (likeliest,), (normalised,) = read(path), read(path, scorer="acc_norm")
    assert (likeliest.completion, likeliest.verdict.value) == ("Paris", "wrong")
    assert likeliest.confidence == pytest.approx(1 / (1 + math.exp(-1)))
    assert (normalised.completion, normalised.verdict.value) == ("Rio de Janeiro", "correct")
    assert normalised.confidence == pytest.approx(1 / (1 + math.exp(1)))
    with pytest.raises(InputError, match="'acc_mutual_info' is of another choice than the likeliest"):
        read(path, scorer="acc_mutual_info")
    path.write_text(json.dumps({**old, "arguments": [["one"], 3]}))
    with pytest.raises(InputError, match="hold no choices with log-likelihoods"):
        read(path)


def test_inspect_logs_are_graded_again_from_what_was_said() -> None:
    by = {row.id: row for row in read("inspect_scorers.json", regrade=True)}
    assert verdicts([by[id_] for id_ in CAPITALS]) == "c c a w c u"
    assert verdicts(sorted(read("inspect_choice.json", choice_match(), regrade=True), key=lambda row: row.id)) == "c w"


def test_epochs_are_samples_and_the_compressed_log_is_read() -> None:
    rows = read("inspect_epochs.eval")
    assert sorted((row.id, row.sample) for row in rows) == sorted((id_, k) for id_ in CAPITALS for k in range(2))


def test_what_an_inspect_log_lacks_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"'q-.*', epoch 1: scored by match, four_way; name one with --scorer, or grade"
    ):
        read("inspect_scorers.json")
    with pytest.raises(InputError, match=r"no scorer 'f1'; the sample has match, four_way"):
        read("inspect_scorers.json", scorer="f1")
    path = tmp_path / "a.json"
    path.write_text('{"eval": {}}')
    with pytest.raises(InputError, match=r"a.json: no list 'samples'; not an Inspect log with its samples"):
        read(path)
    path.write_text("x")
    with pytest.raises(InputError, match=r"a.json: not JSON"):
        read(path)
    (tmp_path / "a.eval").write_text("x")
    with pytest.raises(InputError, match=r"a.eval: not an Inspect log"):
        read(tmp_path / "a.eval")
    log = json.loads((LOGS / "inspect_scorers.json").read_text())
    log["samples"][0]["scores"] = {"rouge": {"value": 0.4}}
    path.write_text(json.dumps(log))
    with pytest.raises(InputError, match=r"score 0.4 is no verdict; allowed are C, I, P, N, 1 and 0"):
        read(path)


def test_a_log_that_python_cannot_decompress_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    if sys.version_info >= (3, 14):
        pytest.skip("this Python reads it")
    monkeypatch.setitem(sys.modules, "zstandard", None)
    with pytest.raises(InputError, match=r"needs Python 3.14 or: pip install 'abstain\[logs\]'"):
        read("inspect_epochs.eval")


def test_options_of_other_formats_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"id": 1, "verdict": "correct"}\n')
    with pytest.raises(InputError, match="--scorer: rows have none"):
        read(path, scorer="match")
    with pytest.raises(InputError, match="--filter: Inspect logs have none"):
        read("inspect_choice.json", filter="x")
    with pytest.raises(InputError, match=r"nowhere\.jsonl: no such file"):
        read(tmp_path / "nowhere.jsonl")


def chosen(tmp_path: Path, scores: list[float], texts: list[str], **values: object) -> Response:
    """The row of a multiple choice with these log-likelihoods, by `acc_norm`."""
    sample = {
        "doc_id": 0,
        "doc": {"question": "Which?", "choices": {"text": texts, "label": ["A", "B"]}, "answerable": "yes"},
        "target": "0",
        "arguments": [["Which?", text] for text in texts],
        "resps": [[[score, False]] for score in scores],
        "filtered_resps": [[score, False] for score in scores],
        "metrics": ["acc_norm"],
        "acc_norm": 1.0,
        **values,
    }
    path = tmp_path / "samples_x.jsonl"
    path.write_text(json.dumps(sample) + "\n", encoding="utf-8")
    (row,) = read(path, scorer="acc_norm")
    return row


def test_a_choice_far_less_likely_than_another_has_a_confidence_of_nearly_zero(tmp_path: Path) -> None:
    # Per character -2000 / 1000 is above -5 / 1: the long choice is the harness's, with a share of e^-1995.
    row = chosen(tmp_path, [-2000.0, -5.0], ["x" * 1000, "y"])
    assert (row.completion, row.confidence) == ("x" * 1000, 0.0)
    assert row.question == "Which?"  # the choices of the document are no list, so they are not read, nor "yes"
    row = chosen(tmp_path, [-5.0, -2000.0], ["x", "y"])
    assert (row.completion, row.confidence) == ("x", 1.0)


def test_choices_without_any_probability_have_no_confidence(tmp_path: Path) -> None:
    row = chosen(tmp_path, [-math.inf, -math.inf], ["x", "y"])
    assert (row.confidence, row.verdict.value) == (None, "correct")


def test_keys_of_a_generated_samples_document_are_read_where_their_values_fit(tmp_path: Path) -> None:
    doc = {"id": {"n": 1}, "question": "Which?", "choices": {"text": ["x"], "label": ["A"]}, "threshold": "high"}
    sample = {"doc_id": 7, "doc": doc, "target": "A", "resps": [["A"]], "filtered_resps": ["A"], "filter": "none"}
    path = tmp_path / "samples_x.jsonl"
    path.write_text(json.dumps(sample) + "\n", encoding="utf-8")
    (row,) = read(path)
    assert (row.id, row.question, row.choices, row.threshold, row.verdict.value) == ("7", "Which?", (), None, "correct")
