#!/usr/bin/env python3
"""Writes the settings table into README.md, from the settings themselves. A test fails where it is out of date."""

import re
from pathlib import Path

from logistics_indicators.settings import settings_table

README = Path(__file__).parents[1] / "README.md"
BLOCK = re.compile(r"(<!-- settings -->\n).*(<!-- /settings -->)", re.DOTALL)


def main() -> None:
    text = README.read_text()
    README.write_text(BLOCK.sub(lambda match: match[1] + settings_table() + match[2], text))


if __name__ == "__main__":
    main()
