"""What the figures show, and that their colours follow the page."""

from __future__ import annotations

import re
import warnings
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pytest
from PIL import Image
from rows import row
from simulated import TARGETS, Policy, simulate

from abstain.eval.metrics import compute_metrics, tabulate
from abstain.eval.report import figures, plotting
from abstain.eval.report.figures import View, abstention_rates


@pytest.fixture(autouse=True)
def _drawn_prints(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write the files for print for real."""
    monkeypatch.setattr(plotting, "save_print", getattr(plotting.save_print, "__wrapped__", plotting.save_print))


def view(name: str = "m", policy: Policy | None = None, *, items: int = 60, colour: str = plotting.ACCENT) -> View:
    rows = simulate(policy or Policy(), items=items)
    table = tabulate(rows)
    return View(
        name=name,
        colour=colour,
        marker="o",
        number=0,
        table=table,
        reference=table.exact,
        source="exact",
        by_threshold=compute_metrics(rows, resamples=0)["by_threshold"],
    )


def test_rates_of_a_perfect_policy_fall_from_one_to_nought_at_the_target() -> None:
    rates, counts = abstention_rates(view(policy=Policy(noise=0.0), items=400))
    assert counts.sum() == 400 * len(TARGETS)
    for j, t in enumerate(TARGETS):
        for k in range(10):
            if (k + 1) / 10 <= t:
                assert rates[j, k] == 1
            elif k / 10 >= t:
                assert rates[j, k] == 0


def test_a_bin_without_questions_has_no_rate() -> None:
    one = view(items=4)
    rates, counts = abstention_rates(replace(one, reference=np.array([0.05, 0.05, np.nan, 1.0])))
    assert counts[0].tolist() == [2, *[0] * 8, 1]
    assert np.isnan(rates[:, 1:9]).all()


def test_regret_is_the_oracles_pay_less_the_systems() -> None:
    """Right at confidences 0.9 and 0.6, wrong at 0.3 and 0.1; the system answers all at 0.25 and the first at 0.5."""
    forced = [row(str(i), v, 0.0, p) for i, (v, p) in enumerate(zip("ccww", (0.9, 0.6, 0.3, 0.1), strict=True))]
    rows = [*forced, *(row(str(i), v, 0.25) for i, v in enumerate("ccww"))]
    rows += [row(str(i), v, 0.5) for i, v in enumerate("caaa")]
    table = tabulate(rows)
    one = View(
        name="m",
        colour=plotting.ACCENT,
        marker="o",
        number=0,
        table=table,
        reference=table.confidence,
        source="own",
        by_threshold=compute_metrics(rows, resamples=0)["by_threshold"],
    )
    assert not [line for line in figures.regret([one, one]).axes[0].lines if line.get_label().startswith("always")]
    lines = figures.regret([one]).axes[0].lines
    (system,) = [line for line in lines if line.get_gid() == "sys0"]
    (constant,) = [line for line in lines if line.get_label().startswith("always or never")]
    # The oracle answers three at 0.25, (0.75 + 0.75 − 0.25) / 4 = 0.3125, and two at 0.5, (0.5 + 0.5) / 4 = 0.25. The
    # system gets (1.5 − 0.5) / 4 = 0.25 and 0.5 / 4 = 0.125; always answering gets 0.25 and 0, never answering 0.
    assert system.get_xydata().tolist() == [[0.25, pytest.approx(0.0625)], [0.5, pytest.approx(0.125)]]
    assert constant.get_xydata().tolist() == [[0.25, pytest.approx(0.0625)], [0.5, pytest.approx(0.25)]]


def test_the_identity_is_drawn_beside_the_effective_thresholds() -> None:
    lines = figures.effective_threshold([view()]).axes[0].lines
    assert lines[0].get_xydata().tolist() == [[0, 0], [1, 1]]


@pytest.mark.parametrize(
    "draw",
    [
        lambda v: figures.effective_threshold([v, v]),
        lambda v: figures.abstention_surface(v),
        lambda v: figures.abstention_curves(v),
        lambda v: figures.risk_coverage_curves([v, v]),
        lambda v: figures.reliability_curves([v, v]),
        lambda v: figures.regret([v, v]),
    ],
)
def test_ink_lines_and_systems_take_the_colours_of_the_page(draw: object) -> None:
    svg = plotting.page_svg(draw(view()), "A title", "slug")  # type: ignore[operator]
    root = ElementTree.fromstring(svg)
    assert root.get("role") == "img"
    for role in ("--ink", "--soft", "--line"):
        assert f"var({role}, " in svg
    used = set(re.findall(r"(?<!, )#[0-9a-f]{6}", svg))
    assert used.isdisjoint(plotting.ROLES)
    assert "font-family" not in svg
    assert "<style" not in svg
    assert "metadata" not in svg


def test_every_colour_of_the_figures_is_defined_for_light_for_dark_and_for_print() -> None:
    css = (Path(figures.__file__).parent / "templates" / "report.css").read_text(encoding="utf-8")
    for colour, variable in plotting.ROLES.items():
        assert len(re.findall(rf"{variable}: #", css)) == 3, variable
        if variable not in ("--ink", "--soft", "--line"):
            assert css.index(f"{variable}: {colour}") < css.index("prefers-color-scheme")


def test_files_for_print_are_light_and_of_300_dots_an_inch(tmp_path: Path) -> None:
    plotting.save_print(figures.effective_threshold([view()]), tmp_path, "one")
    image = Image.open(tmp_path / "one.png")
    assert image.size == (1350, 1080)  # 4.5 by 3.6 inches
    assert image.convert("RGB").getpixel((5, 5)) == (255, 255, 255)
    svg = (tmp_path / "one.svg").read_text(encoding="utf-8")
    assert "var(" not in svg
    assert "<text" not in svg  # outlines, so that no font is needed
    ElementTree.fromstring(svg)


@pytest.mark.parametrize("name", ["$x$ and $y", "_hidden", "名前", "a" * 300, "x\ny", "", "#1f6feb", 'q" id="z'])
def test_a_system_of_any_name_is_drawn_and_named(name: str, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = figures.effective_threshold([view(name)])
        svg = plotting.page_svg(figure, name, "s")
        plotting.save_print(figure, tmp_path, "s")
    texts = [text.strip() for text in ElementTree.fromstring(svg).itertext() if text.strip()]
    expected = " ".join(name.split())[: plotting.LABEL_LENGTH - 1] or "(no name)"
    assert any(text.startswith(expected) for text in texts)


def test_drawing_leaves_the_callers_matplotlib_as_it_was() -> None:
    before = dict(mpl.rcParams)
    plotting.page_svg(figures.regret([view()]), "t", "s")
    assert dict(mpl.rcParams) == before


def test_colours_tell_seven_systems_apart_and_the_last_has_the_accent() -> None:
    chosen = plotting.colours(8)
    assert len(set(chosen)) == 8
    assert chosen[-1] == plotting.ACCENT
    assert plotting.colours(1) == [plotting.ACCENT]
