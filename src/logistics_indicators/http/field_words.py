"""What is wrong with a field, in words: pydantic's sentences without Python's own."""

import re
from collections.abc import Mapping
from typing import Any

OF_A_SECRET = re.compile(r"Value should have (at (?:least|most) \d+) item(s?) after validation, not \d+")
"""Of a password, which pydantic counts as a list."""

NO_OBJECT = "Input should be an object of JSON"
NO_OBJECTS = {"dict_type", "model_type", "model_attributes_type", "dataclass_type"}


def said_of(error: Mapping[str, Any]) -> str:
    if error["type"] in NO_OBJECTS:
        return NO_OBJECT
    said = str(error["msg"]).removeprefix("Value error, ")
    return OF_A_SECRET.sub(r"String should have \1 character\2", said)
