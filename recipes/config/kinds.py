"""Sections of a recipe that come in kinds: one mapping from `kind` to a class, whose fields are the section's keys.

A payoff, a matcher or a schedule is a frozen dataclass that validates itself. Its section of a recipe is made from it:
keys, types, defaults and descriptions (the string below a field in the source) are those of its fields. The mapping is
read whenever a recipe is validated or described, so that a class in the mapping is all that a new kind needs.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, fields
from functools import lru_cache
from itertools import pairwise
from typing import Any, ClassVar, Generic, Literal, TypeVar, cast, get_type_hints

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler, ValidationInfo, create_model
from pydantic import Field as SectionField
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticKnownError, core_schema


class Section(BaseModel):
    """A part of a recipe: unknown keys are errors, values are not changed afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


@lru_cache(maxsize=256)
def field_docs(cls: type[Any]) -> dict[str, str]:
    """Return field → its docstring, on one line; inherited fields have the docstring of the class that they come from.

    A field without one, and a class without a source file, is left out.
    """
    docs: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        docs |= _own_docs(base)
    return docs


def first_paragraph(cls: type[Any]) -> str:
    """Return the first paragraph of the docstring of `cls`, on one line."""
    return " ".join((inspect.getdoc(cls) or "").partition("\n\n")[0].split())


def _own_docs(cls: type[Any]) -> dict[str, str]:
    try:
        source = textwrap.dedent(inspect.getsource(cls))
    except (OSError, TypeError):  # made without a file, or built in
        return {}
    definition = ast.parse(source).body[0]
    body = definition.body if isinstance(definition, ast.ClassDef) else []
    docs: dict[str, str] = {}
    for statement, below in pairwise(body):
        if not (isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)):
            continue
        if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant) and isinstance(below.value.value, str):
            docs[statement.target.id] = " ".join(below.value.value.split())
    return docs


S = TypeVar("S", bound="KindSection")


class KindSection(Section):
    """One kind of a section; its class for a kind is made by `Kinds`."""

    of: ClassVar[type[Any]]
    """The class whose fields are the section's keys."""
    kind: str
    """Which of the kinds."""

    def make(self, **supplied: Any) -> Any:
        """Return the value that the section describes.

        A class with a method `build` describes how the value is made: its result counts.

        Args:
            supplied: Values of fields that are no keys of the section, such as a schedule's sampler.

        Raises:
            ValueError: the class refuses a value, or a user's own code cannot be imported.
        """
        names = {part.name for part in fields(self.of)}
        keys = {name: getattr(self, name) for name in type(self).model_fields if name in names}
        value = self.of(**keys, **{name: value for name, value in supplied.items() if name in names})
        return value.build(**supplied) if hasattr(value, "build") else value

    @property
    def imports_code(self) -> bool:
        """Whether making the value imports code of the user's own, which is left to preflight."""
        return bool(getattr(self.of, "imports_code", False))

    def verify(self) -> None:
        """Raise ValueError for values that the class refuses, where no user's code need be imported for that."""


@dataclass(frozen=True, eq=False)  # compared by identity, so that an annotation with it can be hashed
class Kinds(Generic[S]):
    """The kinds of one section. As an annotation it validates and describes them."""

    base: type[S]
    """What the sections of all kinds have in common."""
    classes: Mapping[str, type[Any]]
    """`kind` → class; a dataclass."""
    supplied: frozenset[str] = frozenset()
    """Fields of the classes that are no keys: whoever builds the value supplies them."""

    def section(self, kind: str) -> type[S]:
        """Return the section's class for `kind`."""
        return cast("type[S]", _section(self.base, kind, self.classes[kind], self.supplied))

    def default(self, kind: str) -> S:
        """Return the section of `kind` with the defaults of its class."""
        return self.section(kind)(kind=kind)

    def validate(self, value: Any, info: ValidationInfo) -> S:
        """Return the section that `value`, a mapping with a key `kind` or a section, describes."""
        if isinstance(value, self.base):
            return value
        if not isinstance(value, Mapping):
            raise PydanticKnownError("model_attributes_type")
        settings = cast("Mapping[str, Any]", value)
        if "kind" not in settings:
            raise PydanticKnownError("union_tag_not_found", {"discriminator": "'kind'"})
        if (kind := settings["kind"]) not in self.classes:
            allowed = ", ".join(map(repr, self.classes))
            tag = {"discriminator": "'kind'", "tag": str(kind), "expected_tags": allowed}
            raise PydanticKnownError("union_tag_invalid", tag)
        section = self.section(kind).model_validate(dict(settings), context=info.context)
        section.verify()
        return section

    def __get_pydantic_core_schema__(self, _source: Any, _handler: Any) -> CoreSchema:
        """Return the schema that validates by `validate`."""
        return core_schema.with_info_plain_validator_function(self.validate)

    def __get_pydantic_json_schema__(self, _schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Return the JSON schema of every kind."""
        return {"oneOf": [handler(self.section(kind).__pydantic_core_schema__) for kind in self.classes]}


@lru_cache(maxsize=256)
def _section(base: type[KindSection], kind: str, of: type[Any], supplied: frozenset[str]) -> type[KindSection]:
    """Return a subclass of `base` with the fields of the dataclass `of` as its keys."""
    hints, docs = get_type_hints(of, include_extras=True), field_docs(of)
    keys: dict[str, Any] = {"kind": (Literal[kind], SectionField(description=f"{kind}: {first_paragraph(of)}"))}
    for part in fields(of):
        if part.init and part.name not in supplied:
            keys[part.name] = (hints[part.name], _key(part, docs.get(part.name, "").replace("None", "null")))
    name = "".join(word.capitalize() for word in kind.split("_")) + base.__name__
    section = create_model(name, __base__=base, __module__=base.__module__, __doc__=first_paragraph(of), **keys)
    section.of = of
    return section


def _key(part: Field[Any], description: str) -> Any:
    if part.default_factory is not MISSING:
        return SectionField(default_factory=cast("Any", part.default_factory), description=description)
    return SectionField(default=... if part.default is MISSING else part.default, description=description)
