"""Examples of what is sent and answered, as they were recorded from the service itself.

examples.json is written and held by tests/test_openapi_examples.py: by operation what was sent and answered, and for
each status of an error one that was really answered, for the operations that have none of their own.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from .answers import OTHER_CONTENT, Json

RECORDED: Json = orjson.loads(Path(__file__).with_name("examples.json").read_bytes())
OF_DEFAULT = "405"
"""The error that stands for any other one."""


def illustrate(document: Json) -> None:
    """Gives bodies, answers and the parameters of paths their examples."""
    shared: set[str] = set()
    for item in document["paths"].values():
        for operation in item.values():
            recorded = RECORDED["operations"].get(operation["operationId"])
            if recorded is not None:
                _illustrate_request(operation, recorded)
                _illustrate_answers(operation["responses"], recorded["responses"])
            shared.update(_refer_to_errors(operation["responses"]))
    document["components"]["examples"] = {f"Problem{status}": RECORDED["errors"][status] for status in sorted(shared)}


def _illustrate_request(operation: Json, recorded: Json) -> None:
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "path" and parameter["name"] in recorded["parameters"]:
            parameter["example"] = recorded["parameters"][parameter["name"]]
    if recorded["request"]:
        (media,) = operation["requestBody"]["content"].values()
        media["examples"] = recorded["request"]


def _illustrate_answers(responses: Json, recorded: Json) -> None:
    for status, by_type in recorded.items():
        for media_type, examples in by_type.items():
            media = _media_of(responses.get(status, {}), media_type)
            if media is not None:
                media["examples"] = examples


def _media_of(response: Json, media_type: str) -> Any:
    return response.get("content", {}).get(media_type) or response.get(OTHER_CONTENT, {}).get(media_type)


def _refer_to_errors(responses: Json) -> Iterator[str]:
    """The statuses of the errors that were referred to."""
    for status, response in responses.items():
        status = OF_DEFAULT if status == "default" else status
        for media in response.get("content", {}).values():
            if "examples" not in media and status in RECORDED["errors"]:
                media["examples"] = {"usual": {"$ref": f"#/components/examples/Problem{status}"}}
                yield status
