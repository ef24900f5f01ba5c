"""What MkDocs adds to the pages of docs/: the front page, the files of the root, and the schema of recipes.

Pages are made in memory from the one place that says it: README.md and its neighbours, and the dataclasses of a recipe.
A link that leaves the site must lead to a file of the repository; the site shows its text without the link.
"""

from __future__ import annotations

import json
import posixpath
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

ROOT = Path(__file__).parents[1]
PACKAGES = ("rewards", "data", "eval", "training", "recipes")
FROM_ROOT = {
    "index.md": "README.md",
    "contributing.md": "CONTRIBUTING.md",
    "security.md": "SECURITY.md",
    "changelog.md": "CHANGELOG.md",
}
"""Page → the file of the root that it shows."""
GENERATED = (*FROM_ROOT, "reference/recipe.md")
"""Pages that are in no file of docs/."""
_LINK = re.compile(r"(?<!!)\[(?P<text>[^\]]+)\]\((?P<target>[^)#:\s]+)(?P<anchor>#[^)\s]*)?\)")
_CODE = re.compile(r"(^```.*?^```$|^ {4}.*?$|`[^`\n]+`)", re.MULTILINE | re.DOTALL)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Lay the packages out as they install, so that their docstrings are found: abstain/rewards, abstain/data, ..."""
    source = ROOT / "build" / "docs" / "source" / "abstain"
    shutil.rmtree(source, ignore_errors=True)
    for name in PACKAGES:  # copies: Griffe does not follow links to folders
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "abstain" / "__init__.py", source)
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages."""
    from mkdocs.structure.files import File

    for page, name in FROM_ROOT.items():
        text = (ROOT / name).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=from_root(text)))
    files.append(File.generated(config, "reference/recipe.md", content=recipe_page()))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Return the page without links to files of the repository that are no pages."""
    return within_site(markdown, page.file.src_uri)


def from_root(text: str) -> str:
    """Return a page of the root as a page of docs/: its links and pictures lead there."""
    pages = {name: page for page, name in FROM_ROOT.items()}
    text = re.sub(r"\]\(docs/", "](", text)
    return re.sub(r"\]\((\w+\.md)", lambda m: f"]({pages.get(m[1], m[1])}", text)


def within_site(markdown: str, uri: str) -> str:
    """Return the Markdown of the page `uri` with the text alone of each link that leaves the site.

    Raises:
        FileNotFoundError: such a link leads to no file of the repository.
    """

    def text_alone(match: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join("docs", posixpath.dirname(uri), match["target"]))
        if target.startswith("docs/"):
            return match[0]
        for page, name in FROM_ROOT.items():
            if target == name:
                there = posixpath.relpath(page, posixpath.dirname(uri) or ".")
                return f"[{match['text']}]({there}{match['anchor'] or ''})"
        if not (ROOT / target).exists():
            raise FileNotFoundError(f"docs/{uri} links to {match['target']}, and there is no {target}")
        return match["text"]

    parts = _CODE.split(markdown)
    return "".join(part if i % 2 else _LINK.sub(text_alone, part) for i, part in enumerate(parts))


def recipe_page() -> str:
    """Return the page with every key of a recipe."""
    from abstain.recipes.config.editor_schema import described_schema

    return SchemaPage(described_schema()).text()


class SchemaPage:
    """A JSON schema as Markdown: a section for each mapping, with a table of its keys; each mapping stands once."""

    def __init__(self, schema: dict[str, Any]) -> None:
        """Take a schema whose objects are described by pydantic."""
        self.definitions: dict[str, dict[str, Any]] = schema["$defs"]
        self.root = schema
        self.anchors: dict[str, str] = {}
        """Title of a described object → its anchor."""
        self.queue: list[tuple[str, dict[str, Any]]] = [("", schema)]
        self.names = {self._title(value): key for key, value in schema["properties"].items()}
        """Title → the key of the root that leads to it, the last of several: `rl`, not `post_training`."""

    def text(self) -> str:
        """Return the page: the root's keys first, then each section below the key that first leads to it."""
        head = (
            "# Recipe schema\n\nEvery key of a recipe, with its type and default. `abstain recipes show NAME` prints "
            "the values of a recipe, and `abstain recipes schema` writes this schema for editors. Mappings of TRL, "
            "PEFT and transformers take the fields of the class that is named; unknown keys are errors.\n"
        )
        parts = [head]
        while self.queue:
            (path, node), *rest = self.queue
            self.queue = []
            parts.append(self._section(path, node))
            self.queue += rest  # what a section leads to stands right below it
        return "\n".join(parts)

    def _section(self, path: str, node: dict[str, Any]) -> str:
        lines = [f"\n## `{path}` {{#{_anchor(path)}}}\n" if path else "\n## Top level\n"]
        lines += [f"{_one_line(node['description'])}\n"] if path and node.get("description") else []
        lines += ["| key | type | default | meaning |", "|---|---|---|---|"]
        required = node.get("required", ())
        for key, value in node.get("properties", {}).items():
            below = f"{path}.{key}" if path else key
            default = "required" if key in required else _default(value)
            lines.append(
                f"| `{key}` | {self._type(value, below)} | {default} | {_one_line(value.get('description', ''))} |"
            )
        return "\n".join(lines) + "\n"

    def _type(self, node: dict[str, Any], path: str) -> str:
        """Return the type in words; the mappings in it are put in the queue, and linked."""
        if "$ref" in node:
            node = self.definitions[node["$ref"].rpartition("/")[2]]
        options = node.get("anyOf") or node.get("oneOf")
        if options is not None:
            return " or ".join(dict.fromkeys(self._type(option, path) for option in options))
        if "const" in node or "enum" in node:
            return " or ".join(f"`{value}`" for value in node.get("enum", [node.get("const")]))
        if "properties" in node:
            return self._link(node, path)
        if node.get("type") == "array" and "items" in node:
            return f"list of {self._type(node['items'], path)}"
        return {"object": "mapping", "array": "list"}.get(kind := node.get("type", "any"), kind)

    def _title(self, node: dict[str, Any]) -> str | None:
        """Return the title of the mapping that a key of the root takes; None where it takes no single one."""
        for option in (node, *node.get("anyOf", ())):
            if "$ref" in option:
                return option["$ref"].rpartition("/")[2]
        return None

    def _link(self, node: dict[str, Any], path: str) -> str:
        kind = node["properties"].get("kind", {}).get("const")
        title = node["title"]
        name = f"{path}.{kind}" if kind else self.names.get(title, path)
        if title not in self.anchors:
            self.anchors[title] = _anchor(name)
            self.queue.append((name, node))
        return f"[{kind or 'mapping'}](#{self.anchors[title]})"


def _anchor(path: str) -> str:
    return path.replace(".", "-").replace("_", "-")


def _default(node: dict[str, Any]) -> str:
    """Return the default as YAML writes it; "" for a mapping, whose keys have defaults of their own."""
    value = node.get("default")
    if "default" not in node or isinstance(value, dict):
        return ""
    return f"`{_cell(json.dumps(value, ensure_ascii=False))}`"


def _one_line(text: str) -> str:
    return _cell(" ".join(text.split()))


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", "\\n")
