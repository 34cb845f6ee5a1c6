"""Brings the page's libraries into its assets again, in the versions of scripts/page/package.json. It needs npm.

python scripts/vendor_page.py
"""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
TOOLS = ROOT / "scripts/page"
MODULES = TOOLS / "node_modules"
VENDOR = ROOT / "src/logistics_indicators/page/assets/vendor"


@dataclass(frozen=True)
class Library:
    package: str
    source: str
    name: str
    licence: str = "LICENSE"
    tail: str = ""
    """What makes a module of a script that only names a global."""
    types: str = ""
    """What a type checker reads in its place."""


LIBRARIES = (
    Library("preact", "dist/preact.mjs", "preact.js", types='export * from "preact";'),
    Library("preact", "hooks/dist/hooks.mjs", "hooks.js", types='export * from "preact/hooks";'),
    Library("htm", "dist/htm.module.js", "htm.js", types='export { default } from "htm";'),
    Library(
        "uplot",
        "dist/uPlot.iife.min.js",
        "uplot.js",
        tail="\nexport default uPlot;\n",
        types='export { default } from "uplot";',
    ),
    Library("uplot", "dist/uPlot.min.css", "uplot.css"),
    Library(
        "tus-js-client",
        "dist/tus.min.js",
        "tus.js",
        tail="\nexport default globalThis.tus;\n",
        types='export * as default from "tus-js-client";',
    ),
)


def vendor(library: Library) -> None:
    text = (MODULES / library.package / library.source).read_text("utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("//# sourceMappingURL")]
    text = "\n".join(lines).replace('from"preact"', 'from"./preact.js"') + library.tail
    (VENDOR / library.name).write_text(text.rstrip("\n") + "\n", "utf-8")
    if library.types:
        (VENDOR / library.name).with_suffix(".d.ts").write_text(library.types + "\n", "utf-8")
    licence = (MODULES / library.package / library.licence).read_text("utf-8")
    (VENDOR / f"{library.package}.LICENSE.txt").write_text(licence, "utf-8")


def table() -> str:
    rows = ["| file | package | version | licence |", "|---|---|---|---|"]
    for library in LIBRARIES:
        about = json.loads((MODULES / library.package / "package.json").read_text("utf-8"))
        rows.append(f"| `{library.name}` | {library.package} | {about['version']} | {about['license']} |")
    return "\n".join(rows)


def main() -> None:
    subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=TOOLS, check=True)
    VENDOR.mkdir(parents=True, exist_ok=True)
    for library in LIBRARIES:
        vendor(library)
    about = "The libraries of the page, as their packages have them. `scripts/vendor_page.py` wrote this folder.\n\n"
    (VENDOR / "README.md").write_text(about + table() + "\n", "utf-8")


if __name__ == "__main__":
    main()
