"""A report whose every text tries to run script."""

from __future__ import annotations

from dataclasses import replace

from simulated import Policy, report_of, simulate

from abstain.eval.report.content import ReportInput

SCRIPT = "<script>document.title='ran'</script>"
HOSTILE = (
    SCRIPT,
    "</script><script>document.title='ran'</script>",
    "<img src=x onerror=\"document.title='ran'\">",
    "<!--<script>",
    '" onmouseover="document.title=\'ran\'" x="',
    "{{ 7 * 7 }} ${document.title='ran'}",
    "a\u2028b & <b>c</b>",
)


def hostile_report() -> ReportInput:
    """Return a report whose system, split, ids, questions, answers, completions and reasons try to run script."""
    said = ["".join(HOSTILE), *HOSTILE]
    rows = [
        replace(
            row,
            question=f"q {said[i % len(said)]}",
            answers=(f"a {said[i % len(said)]}",),
            completion=f"c {said[i % len(said)]}",
            reason=f"r {said[i % len(said)]}",
        )
        for i, row in enumerate(simulate(Policy(), items=6, split=SCRIPT, samples=1))
    ]
    systems = {HOSTILE[2]: rows, HOSTILE[1]: rows}
    return report_of(systems, name=f"n {SCRIPT}", description=f"d {SCRIPT}", environment=f"e {SCRIPT}")
