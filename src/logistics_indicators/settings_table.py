"""The settings as a Markdown table, from the class that reads them."""

from pydantic_core import PydanticUndefined

from .settings import Settings


def settings_table() -> str:
    """A line for each setting: the environment variable, its default, what it does."""
    lines = ["| variable | default | what it does |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        lines.append(f"| `{name.upper()}` | {_shown(field.default)} | {field.description} |")
    return "\n".join(lines) + "\n"


def _shown(default: object) -> str:
    if default is PydanticUndefined:
        return "per user"
    if default is None or default in ((), ""):
        return ""
    return f"`{default}`"
