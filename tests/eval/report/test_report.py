"""What a report says, shows and carries, read by Python's parser (in a browser: test_report_in_a_browser.py)."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hostile import HOSTILE, SCRIPT, hostile_report
from page import Page
from simulated import RUN, Policy, report_of, simulate, simulated_report

from abstain.eval.metrics import METRICS
from abstain.eval.report.pictures import pictures
from abstain.eval.report.report import page as report_page
from abstain.eval.report.report import write_report


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(simulated_report(), tmp_path_factory.mktemp("report"))


@pytest.fixture(scope="module")
def page(written: Path) -> Page:
    return Page(written.read_text(encoding="utf-8"))


def test_the_page_fetches_nothing(page: Page) -> None:
    assert {tag for tag, _ in page.tags} & {"link", "iframe", "img", "object", "embed", "base"} == set()
    links = [value for _, attributes in page.tags for key, value in attributes.items() if key in ("src", "href")]
    assert [link for link in links if not (link or "").startswith("#")] == []
    assert not any("src" in attributes for attributes, _ in page.scripts)
    assert "@import" not in page.text


def test_the_sentence_comes_first_then_figures_tables_and_rows(written: Path) -> None:
    text = written.read_text(encoding="utf-8")
    marks = ('class="headline"', "<svg", "<h2>Metrics: held out families</h2>", 'id="browser"')
    places = [text.index(mark) for mark in marks]
    assert places == sorted(places)


def test_every_figure_is_in_the_page_and_in_two_files(written: Path, page: Page) -> None:
    names = {attributes["id"] for tag, attributes in page.tags if tag == "figure"}
    assert names == {f"figure-{name}" for name in (
        "effective_threshold", "abstention_surface", "abstention_surface_1", "abstention_surface_2",
        "abstention_surface_3", "risk_coverage", "reliability", "regret", "abstention",
    )}  # fmt: skip
    files = {path.name for path in (written.parent / "figures").iterdir()}
    assert files == {f"{name.removeprefix('figure-')}.{kind}" for name in names if name for kind in ("svg", "png")}


def test_figures_have_names_for_those_who_hear_them(page: Page) -> None:
    labels = [attributes.get("aria-label") for tag, attributes in page.tags if tag == "svg"]
    assert len(labels) == 9
    assert all(labels)
    assert all(a.get("role") == "img" for tag, a in page.tags if tag == "svg")


def test_every_table_has_headers_for_rows_and_columns(page: Page) -> None:
    headers = [attributes.get("scope") for tag, attributes in page.tags if tag == "th"]
    assert set(headers) == {"col", "row", "rowgroup"}


def test_ids_are_unique_though_many_figures_share_the_page(page: Page) -> None:
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_what_a_figure_refers_to_is_in_the_page(written: Path, page: Page) -> None:
    ids = {attributes.get("id") for _, attributes in page.tags}
    text = written.read_text(encoding="utf-8")
    assert set(re.findall(r"url\(#([^)]+)\)", text)) <= ids
    assert {a["href"][1:] for tag, a in page.tags if tag == "use" and a.get("href")} <= ids  # type: ignore[index]


def test_a_definition_stands_beside_every_metric_under_its_familys_question(written: Path) -> None:
    text = written.read_text(encoding="utf-8")
    ece = METRICS["ece"]
    label = f'<th scope="row">{ece.heading} <small>{ece.definition}</small>'
    assert text.index(">Is the confidence what it says? <small>docs/metrics.md, ") < text.index(label)


def test_numbers_that_are_anothers_again_are_left_out(written: Path) -> None:
    text = written.read_text(encoding="utf-8")
    assert "Adherence, exact confidence" in text  # it is the reference, under which this would be the same row again
    assert "Adherence, reference confidence" not in text


def test_systems_that_did_the_same_are_said_to_coincide_in_tables_and_figures() -> None:
    same = Policy(noise=0.06)
    made = simulated_report({"warmup": same, "base": RUN["base"], "trained": same}, items=10)
    text = report_page(made, pictures(made))
    assert "In every row warmup and trained coincide." in text
    assert "The lines of warmup and trained coincide." in text


def test_systems_of_any_name_come_in_the_order_given(tmp_path: Path) -> None:
    names = ["zeta", "_under $core$", "Ω-model", "alpha" * 20]
    made = simulated_report(dict(zip(names, RUN.values(), strict=True)), items=20)
    text = write_report(made, tmp_path).read_text(encoding="utf-8")
    head = re.search(r"<thead><tr><th scope=\"col\">Metric</th>(.*?)</tr>", text)
    assert head is not None
    assert re.findall(r">([^<]+)</th>", head.group(1)) == names
    assert f"{names[-1]} follows the target (slope " in text


def test_everything_that_was_written_or_named_is_escaped(tmp_path: Path) -> None:
    page = Page(write_report(hostile_report(), tmp_path).read_text(encoding="utf-8"))
    assert len(page.scripts) == 2
    assert not any("document.title" in text for attributes, text in page.scripts if not attributes)
    assert not any(tag in ("img", "b") or any(key.startswith("on") for key in a) for tag, a in page.tags)
    assert f"n {SCRIPT}" in page.text
    data = page.embedded()
    assert data["systems"] == [HOSTILE[2], HOSTILE[1]]
    said = {row[5] for row in data["rows"]}
    assert {f"c {text}" for text in HOSTILE} <= said
    assert {question[2] for question in data["items"]} <= {f"q {text}" for text in ("".join(HOSTILE), *HOSTILE)}


def test_only_the_pages_own_script_is_allowed_to_run(page: Page) -> None:
    from base64 import b64encode
    from hashlib import sha256

    (policy,) = [a["content"] for tag, a in page.tags if tag == "meta" and "http-equiv" in a]
    (script,) = [text for attributes, text in page.scripts if not attributes]
    assert f"script-src 'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'" in str(policy)
    assert "default-src 'none'" in str(policy)


def test_a_lone_surrogate_in_a_row_does_not_stop_the_report(tmp_path: Path) -> None:
    rows = [replace(row, completion="\ud800 half a character") for row in simulate(Policy(), items=4)]
    page = Page(write_report(report_of({"\udfff": rows}), tmp_path).read_text(encoding="utf-8"))
    assert page.embedded()["rows"][0][5] == "\ud800 half a character"


def test_a_system_that_gave_no_confidence_has_a_report(tmp_path: Path) -> None:
    rows = [replace(row, confidence=None) for row in simulate(Policy(), items=6, exact=False)]
    text = write_report(report_of({"silent": rows}), tmp_path).read_text(encoding="utf-8")
    assert "whether it abstains when it should is undefined: no question has a confidence" in text
    assert "Left out of silent: 6 questions without a confidence" in text


def test_rows_without_a_target_have_a_report(tmp_path: Path) -> None:
    forced = [row for row in simulate(Policy(), items=10) if row.threshold == 0.0 and row.sample == 0]
    rows = [replace(row, threshold=None) for row in forced]
    page = Page(write_report(report_of({"stated": rows}), tmp_path).read_text(encoding="utf-8"))
    assert {row[2] for row in page.embedded()["rows"]} == {None}
    assert "Abstention over confidence and target: stated" in page.text
