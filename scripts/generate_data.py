#!/usr/bin/env python3
"""The command of logistics_indicators/demo/generating.py, which needs nothing but the standard library."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from logistics_indicators.demo.generating import main

if __name__ == "__main__":
    main()
