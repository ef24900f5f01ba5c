"""How pictures are made: one light style, printed as it is or shown in a page in the page's own colours.

Every colour that should follow the page has a role. `page_svg` replaces it by the CSS variable of that
role (`--ink`, `--line`, `--s0` …), so one drawing reads on light and on dark; `save_print` keeps it.
"""

from __future__ import annotations

import html
import io
import re
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

INK, SOFT, GRID, ACCENT = "#1c2128", "#59636e", "#d1d9e0", "#1f6feb"
PALETTE = ("#6e7781", "#bf6a02", "#1b8a7a", "#8250df", "#c9366f", "#7a7210", "#96594a")
"""In the order in which systems take them; the last system, which the headline is about, takes `ACCENT`."""
MARKERS = "osD^vPX*"
ROLES = {INK: "--ink", SOFT: "--soft", GRID: "--line", ACCENT: "--accent"} | {
    colour: f"--s{i}" for i, colour in enumerate(PALETTE)
}
LABEL_LENGTH = 26
"""Longer names are cut in legends; the page and the tables have them whole."""
PRINT_DPI = 300

_STYLE: dict[str, Any] = {
    "svg.hashsalt": "abstain",
    "font.size": 9.5,
    "font.family": "sans-serif",
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": SOFT,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "legend.handlelength": 1.8,
    "lines.linewidth": 1.6,
    "lines.markersize": 4.5,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
}
_SVG, _XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"


@contextmanager
def style(**changes: Any) -> Generator[None]:
    """Draw in the report's style inside the block; what the caller's matplotlib is set to stays as it was."""
    import matplotlib as mpl

    settings: dict[Any, Any] = {**_STYLE, **changes}
    with mpl.rc_context(settings):
        yield


def canvas(width: float = 4.5, height: float = 3.6) -> tuple[Any, Any]:
    """Return (figure, axes); sizes in inches: a phone shows it at its real size, a paper's column at three quarters."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots()


def label(name: str) -> str:
    """Return a name as a legend shows it: on one line, cut when long, and never empty."""
    text = re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+", " ", name).strip() or "(no name)"
    text = text if len(text) <= LABEL_LENGTH else text[: LABEL_LENGTH - 1] + "…"
    return f" {text}" if text.startswith("_") else text  # matplotlib leaves labels with an underscore out


def colours(n: int) -> list[str]:
    """Return a colour for each of `n` systems, the accent for the last."""
    return [PALETTE[i % len(PALETTE)] for i in range(n - 1)] + [ACCENT]


def legend(figure: Any, handles: list[Any], *, columns: int = 2, title: str | None = None) -> None:
    """Put a legend below the axes, where it covers no data. Names are text, not mathematics: `$` is a dollar.

    Args:
        figure: A matplotlib figure in constrained layout.
        handles: The artists that are named, each with its label; [] draws no legend.
        columns: How many names stand side by side.
        title: Stands above the names.
    """
    if not handles:
        return
    made = figure.legend(handles=handles, loc="outside lower center", ncols=columns, title=title)
    for text in made.get_texts():
        text.set_parse_math(False)


def page_svg(figure: Any, title: str, slug: str) -> str:
    """Return the figure as an `<svg>` element to be put into a page.

    Its text stays text, its colours follow the page, its ids start with `slug`, and what a system drew
    has the class of that system (`gid` "sys2" or "sys2-…" becomes class "sys2").

    Args:
        figure: A matplotlib figure.
        title: What a screen reader says of it.
        slug: Unique in the page.
    """
    root = ElementTree.fromstring(_written(figure, "svg", fonttype="none"))
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in (f"{{{_SVG}}}metadata", f"{{{_SVG}}}style"):
                parent.remove(child)
    for element in root.iter():
        _adopt(element, slug)
    box = root.get("viewBox", "0 0 0 0")
    inner = "".join(_serialised(child) for child in root)
    return f'<svg viewBox="{box}" role="img" aria-label="{html.escape(title)}" xmlns="{_SVG}">{inner}</svg>'


def _adopt(element: ElementTree.Element, slug: str) -> None:
    for key, value in list(element.attrib.items()):
        if key == "id":
            if system := re.match(r"sys\d+", value):
                element.set("class", system.group())
                del element.attrib["id"]
            else:
                element.set("id", f"{slug}-{value}")
        elif key == f"{{{_XLINK}}}href":
            del element.attrib[key]
            element.set("href", value.replace("#", f"#{slug}-", 1))
        else:
            value = value.replace("url(#", f"url(#{slug}-")
            # The page's own font, at the drawn size.
            value = re.sub(r"font-family: [^;]*; ?", "", re.sub(r"font: ([\d.]+px) [^;]*", r"font-size: \1", value))
            element.set(key, re.sub("#[0-9a-f]{6}", _role, value))


def _role(found: re.Match[str]) -> str:
    colour = found.group()
    return f"var({ROLES[colour]}, {colour})" if colour in ROLES else colour


def _serialised(element: ElementTree.Element) -> str:
    ElementTree.register_namespace("", _SVG)
    return ElementTree.tostring(element, encoding="unicode").replace(f' xmlns="{_SVG}"', "")


def save_print(figure: Any, folder: Path, name: str) -> None:
    """Write NAME.svg, its text as outlines so that it looks the same everywhere, and NAME.png at 300 dpi.

    Args:
        figure: A matplotlib figure.
        folder: Made where it is missing.
        name: Of the files, without a suffix.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.svg").write_bytes(_written(figure, "svg", fonttype="path"))
    (folder / f"{name}.png").write_bytes(_written(figure, "png", facecolor="white", dpi=PRINT_DPI))


def _written(figure: Any, kind: str, *, fonttype: str = "path", **options: Any) -> bytes:
    buffer = io.BytesIO()
    engine = figure.get_layout_engine()
    metadata = {"Date": None} if kind == "svg" else {"Software": None}
    with style(**{"svg.fonttype": fonttype}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")  # a system may be named in any script
        if engine is not None:  # laid out once for all its files: it is most of the time that they take
            engine.execute(figure)
            figure.set_layout_engine("none")
        figure.savefig(buffer, format=kind, metadata=metadata, **options)
    return buffer.getvalue()
