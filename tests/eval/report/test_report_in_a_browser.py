"""The report in headless Chromium: nothing that a row holds may run, and the browser of rows must work."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hostile import HOSTILE, hostile_report
from page import CHROMIUM, OUTER, Page, browse
from simulated import TARGETS, simulated_report

from abstain.eval.report.report import write_report

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")

ALL = 18 * 4 * (1 + 2 + len(TARGETS))
"""Rows: questions × systems × (forced, samples, targets)."""
VIEWS = {
    "plain": "",
    "abstained": "#?verdict=abstained&kind=greedy",
    "trained": "#?system=trained",
    "at 0.94": "#?target=0.94",
    "sampled": "#?target=0&kind=sampled&system=base",
    "search": "#?system=trained&target=0.5&split=arbitrary&text=person%203%20family",
    "too bold": "#?system=base&decision=should+have+abstained&target=0.94",
    "nothing": "#?text=no-such-words",
}


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Page]:
    """Return the page under every view, on a screen as narrow as a phone's (`browse` asserts that it fits)."""
    path = write_report(simulated_report(items=12), tmp_path_factory.mktemp("report"))
    *pages, title = browse(path, list(VIEWS.values()), width=360)
    assert title == OUTER
    return dict(zip(VIEWS, map(Page, pages), strict=True))


def without_policy(path: Path) -> None:
    """Take the page's content security policy away, so that escaping has to hold on its own."""
    text, changed = re.subn(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", path.read_text(encoding="utf-8"))
    assert changed == 1
    path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("policy", ["as written", "without its content security policy"])
def test_rows_that_try_to_run_script_do_not_and_are_shown_as_they_are(tmp_path: Path, policy: str) -> None:
    path = write_report(hostile_report(), tmp_path)
    if policy != "as written":
        without_policy(path)
    text, title = browse(path)
    page = Page(text)
    assert (page.title, title) == ("n <script>document.title='ran'</script>", OUTER)
    assert not {"img", "b", "iframe"} & {tag for tag, _ in page.tags}
    assert not any(key.startswith("on") for _, attributes in page.tags for key in attributes)
    assert len(page.scripts) == 2
    for column, mark in (("Said", "c"), ("Question", "q"), ("Accepted", "a"), ("Verdict", "r")):
        for said in HOSTILE:
            assert any(f"{mark} {said}" in cell for cell in page.column(column)), (column, said)
    assert set(page.column("System")) == {HOSTILE[2], HOSTILE[1]}


def test_the_same_texts_do_run_where_nothing_is_escaped(tmp_path: Path) -> None:
    path = tmp_path / "bare.html"
    path.write_text(f"<title>not</title>{HOSTILE[0]}", encoding="utf-8")
    assert Page(browse(path)[0]).title == "ran"


def test_a_page_shows_fifty_rows_and_says_how_many_there_are(seen: dict[str, Page]) -> None:
    page = seen["plain"]
    assert len(page.column("Said")) == 50
    assert f"{ALL} of {ALL} rows" in page.shown
    assert f"Page 1 of {-(-ALL // 50)}" in page.shown


def test_a_filter_keeps_only_what_it_names(seen: dict[str, Page]) -> None:
    verdicts = {text.removesuffix("should have answered") for text in seen["abstained"].column("Verdict")}
    assert verdicts == {"abstained"}
    assert set(seen["trained"].column("System")) == {"trained"}
    assert set(seen["at 0.94"].column("Target")) == {"0.94"}
    assert set(seen["sampled"].column("Target")) == {"forcedsample 1", "forcedsample 2"}
    assert set(seen["sampled"].column("System")) == {"base"}


def test_filters_combine_with_a_search_in_the_text(seen: dict[str, Page]) -> None:
    page = seen["search"]
    assert page.column("Question") == ["In which town does person 3 of family 0 live?arbitrary-3"]
    assert f"1 of {ALL} rows" in page.shown


def test_decisions_that_were_wrong_can_be_looked_through(seen: dict[str, Page]) -> None:
    page = seen["too bold"]
    assert page.column("Verdict")
    assert all(re.fullmatch("(correct|wrong)should have abstained", text) for text in page.column("Verdict"))
    assert all(float(confidence) < 0.945 for confidence in page.column("Reference confidence"))


def test_nothing_found_is_said(seen: dict[str, Page]) -> None:
    assert seen["nothing"].column("Said") == []
    assert f"0 of {ALL} rows" in seen["nothing"].shown
