"""Writes the OpenAPI document into a file, with no service running: scripts/write_openapi.py openapi.json"""

import sys
from pathlib import Path

import orjson

from logistics_indicators.app import create_app
from logistics_indicators.settings import Settings

Path(sys.argv[1]).write_bytes(orjson.dumps(create_app(Settings()).openapi(), option=orjson.OPT_INDENT_2) + b"\n")
