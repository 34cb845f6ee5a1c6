"""The service's advice for a query, in the options of the command line."""

import re
from dataclasses import fields

from .loading_options import LoadOptions

_NAME = "|".join(field.name for field in fields(LoadOptions))
_WORD = "none|reject|update|wait"
"""Of these an option is known without a question mark before it; else it may be a text of a file's."""

FLAG = re.compile(r"\bvalidate_only=true\b")
OPTION = re.compile(
    rf"\?(?P<asked>{_NAME})=(?P<more>[\w<])?|\b(?P<said>{_NAME})=(?P<word>{_WORD})\b|`(?P<name>{_NAME})`"
)


def as_typed(advice: str) -> str:
    """`?delimiter=` is `--delimiter`, `on_conflict=update` is `--on-conflict update`."""
    return OPTION.sub(_option, FLAG.sub("--validate-only", advice))


def _option(found: re.Match[str]) -> str:
    name = found["asked"] or found["said"] or found["name"]
    value = found["more"] or found["word"]
    return f"--{name.replace('_', '-')}" + (f" {value}" if value else "")
