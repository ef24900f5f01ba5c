"""Pages as tests read them: by Python's parser, and by a headless Chromium where there is one."""

from __future__ import annotations

import html
import html.parser
import json
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome", "chrome") if (found := shutil.which(name))),
    None,
)
_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *(
        "--disable-background-networking",
        "--disable-component-update",
        "--allow-file-access-from-files",
        "--hide-scrollbars",
        "--dump-dom",
    ),
)

OUTER = "nothing ran"
_COLLECT = """<pre></pre><script>onload = () => {
  const opened = [...document.querySelectorAll("iframe")].map((frame) => frame.contentDocument.documentElement);
  const pages = opened.map((root) => ({html: root.outerHTML, width: root.scrollWidth}));
  document.querySelector("pre").textContent = JSON.stringify(pages);
};</script>"""


class Page(html.parser.HTMLParser):
    """Collects what a page holds: tags with their attributes, the text outside scripts, and the scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.shown: list[str] = []
        self.title = ""
        self.pre = ""
        self.cells: list[tuple[str, str]] = []
        """(label, text) of every cell of the browser of rows."""
        self._within, self._in_cell = "", False
        self.feed(text)
        self.close()

    @property
    def text(self) -> str:
        """The text a reader may see, one piece a line."""
        return "\n".join(self.shown)

    def embedded(self) -> dict[str, Any]:
        """Return the rows that the page carries."""
        (data,) = [text for attributes, text in self.scripts if attributes.get("type") == "application/json"]
        return json.loads(data)

    def column(self, label: str) -> list[str]:
        """Return the text of every cell of one column of the browser of rows."""
        return [text for name, text in self.cells if name == label]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._within = tag
        if tag == "td" and (label := dict(attrs).get("data-label")):
            self.cells.append((label, ""))
            self._in_cell = True
        if tag == "script":
            self.scripts.append((dict(attrs), ""))

    def handle_endtag(self, tag: str) -> None:
        self._within = ""
        self._in_cell = self._in_cell and tag != "td"

    def handle_data(self, data: str) -> None:
        if self._within == "script":
            attributes, text = self.scripts[-1]
            self.scripts[-1] = attributes, text + data
        elif self._within in ("title", "pre"):
            setattr(self, self._within, getattr(self, self._within) + data)
            self.shown.append(data)
        elif self._within != "style" and data.strip():
            self.shown.append(data)
            if self._in_cell:
                label, before = self.cells[-1]
                self.cells[-1] = label, before + data


def browse(path: Path, fragments: Sequence[str] = ("",), *, width: int = 1200) -> list[str]:
    """Return the page once per URL fragment, as it stands after its scripts ran in headless Chromium.

    All are opened by one Chromium in frames `width` pixels wide, since starting it is what takes long. The last
    entry is the title of the outer page, which a script that broke out of a frame could have changed.
    """
    assert CHROMIUM is not None
    frames = "".join(
        f'<iframe src="{path.name}{html.escape(fragment)}" style="width:{width}px;height:900px;border:0"></iframe>'
        for fragment in fragments
    )
    with tempfile.TemporaryDirectory() as profile:
        outer = path.with_name("outer.html")
        outer.write_text(f"<title>{OUTER}</title>{frames}{_COLLECT}", encoding="utf-8")
        done = subprocess.run(
            [CHROMIUM, *_FLAGS, f"--user-data-dir={profile}", f"file://{outer.resolve()}"],
            capture_output=True,
            text=True,
            timeout=300,
            check=True,
        )
    page = Page(done.stdout)
    collected = json.loads(page.pre)
    assert all(one["width"] <= width for one in collected), "the page is wider than its window"
    return [one["html"] for one in collected] + [page.title]
