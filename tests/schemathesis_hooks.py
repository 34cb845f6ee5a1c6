"""What schemathesis is told of this service: a request of each operation that succeeds, and 422s beyond schemas.

EXAMPLES names a JSON file: by operationId, the `path_parameters`, `query`, `headers`, `cookies`, `body` and
`media_type` of a request that must succeed. SUCCEEDED names the file that tells which did. OWN_ID is the user who
asks: nobody takes their own rights away in the middle of a run.
"""

import json
import os
import re
from pathlib import Path
from typing import Any

import schemathesis

from logistics_indicators.http.field_types import TIMESTAMP_SCHEMA

SUCCEEDED = Path(os.environ["SUCCEEDED"])
succeeded: set[str] = set()
EXAMPLES = json.loads(Path(os.environ["EXAMPLES"]).read_text())
OWN_ID = int(os.environ["OWN_ID"])
NOBODY = OWN_ID - 1

SPENDS_A_LOAD = ("confirm_load", "undo_load")
KEPT_LOADS = {
    str(EXAMPLES[name]["path_parameters"]["load_id"]) for name in ("preview_load", "cancel_waiting") if name in EXAMPLES
}
"""Ids go round: what one operation is told, others are asked with. These loads are there to the end."""
NO_LOAD = 2_000_000_000

KNOWN_REFUSALS = {
    "cursor": ("not a cursor of this list", "a cursor and an offset do not go together", "an export has all rows"),
    "limit": ("an export has all rows",),
    "offset": ("a cursor and an offset do not go together", "an export has all rows"),
    "end_date": ("end_date lies before start_date",),
    "since": ("changes are kept from ", "there is no such data_version", "lies after until"),
    "addresses": ("no IP address or network",),
    "scopes": ("the scope load needs the role analyst",),
    "until": ("changes are kept from ", "there is no such data_version"),
    "sheet": ("which has no sheets",),
    "safe": ("safe goes with format=csv",),
    "bucket": ("or take a larger bucket",),
    "sort_field": ("the rows have no ",),
    "columns": ("unknown column ", "is mapped twice", "columns names those of a header"),
    "file": ("",),
    "preset": ("there is no preset of this name",),
    "for_header": ("",),
    "name": ("is said for no preset at all",),
    "Upload-Length": ("Upload-Length is missing",),
    "Upload-Metadata": ("",),  # pairs in base64 are more than a pattern says
    "Idempotency-Key": ("The key was used for ",),
    "reset_token": ("this token is wrong",),
    "password": ("this password is too common",),
    "new_password": ("this password is too common",),
    "username": ("takes Latin letters", "has marks that belong to no letter", "has more than "),
    "time_zone": ("no time zone of this name",),
    "id": ("the id is not the one in the path",),
    "id_cliente": ("there is no customer with this id",),
    "load_id": ("must be a number in digits alone",),  # what was written by hand has none, and "None" is asked for
}
"""By field, how a 422 may speak of a value that the schema allows, because the rule is none that a schema can say."""

TIMESTAMP = re.compile(str(TIMESTAMP_SCHEMA["pattern"]))
ANYWHERE = ("is a text that stands for no value",)


schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")


@schemathesis.hook
def before_add_examples(context: Any, examples: list[Any]) -> None:
    wanted = EXAMPLES.get(operation_id(context.operation))
    if wanted is not None:
        examples.insert(0, context.operation.Case(**wanted))


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    if case.operation.path.startswith("/v1/users/{user_id}") and str(case.path_parameters.get("user_id")) == str(
        OWN_ID
    ):
        case.path_parameters = {"user_id": NOBODY}
    if operation_id(case.operation) in SPENDS_A_LOAD and str(case.path_parameters.get("load_id")) in KEPT_LOADS:
        case.path_parameters = {"load_id": NO_LOAD}


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    if 200 <= response.status_code < 300 and operation_id(case.operation) not in succeeded:
        succeeded.add(operation_id(case.operation))
        SUCCEEDED.write_text("\n".join(sorted(succeeded)))


def operation_id(operation: Any) -> str:
    return str(operation.definition.raw["operationId"])


@schemathesis.hook
def filter_failure(context: Any, failure: Any, case: Any, response: Any) -> bool:
    """False drops it: a schema-valid request that was refused by a rule we know, or the cookie of an example."""
    if failure.title == "API accepts invalid authentication":
        cookies = EXAMPLES.get(operation_id(case.operation), {}).get("cookies")
        return cookies is None or dict(case.cookies) != cookies
    if failure.kind_title == "Undocumented Content-Type" and case.query.get("format", "json") != "json":
        return response.headers["content-type"][0].partition(";")[0] not in other_content(case.operation)
    if failure.kind_title == "Response violates schema" and case.query.get("fields"):
        return not has_the_fields_alone(response.json(), case.query["fields"])
    if failure.kind_title != "Schema-valid request rejected" or response.status_code != 422:
        return True
    errors = response.json().get("errors", [{"loc": [""], "msg": ""}])
    return not all(is_known(error) or is_no_timestamp(error, case.body) for error in errors)


def other_content(operation: Any) -> dict[str, Any]:
    """Files that the operation may answer; the document has them apart from `content`, for generators of clients."""
    found: dict[str, Any] = operation.definition.raw["responses"]["200"].get("x-other-content", {})
    return found


def has_the_fields_alone(page: dict[str, Any], fields: str) -> bool:
    """Whether a page has rows of these fields: its schema is that of whole rows, which generators make types of."""
    names = list(dict.fromkeys(fields.split(",")))
    (rows,) = (value for value in page.values() if isinstance(value, list))
    return all(list(row) == names for row in rows)


def is_no_timestamp(error: dict[str, Any], body: Any) -> bool:
    """schemathesis makes up texts after the words of earlier refusals, and does not hold them against the pattern."""
    value = body.get(error["loc"][-1]) if isinstance(body, dict) else None
    return isinstance(value, str) and "not a timestamp" in error["msg"] and not TIMESTAMP.fullmatch(value)


def is_known(error: dict[str, Any]) -> bool:
    names = [part for part in error["loc"] if isinstance(part, str)]  # without the index into a list
    fitting = (*ANYWHERE, *KNOWN_REFUSALS.get(names[-1], ()))
    return any(text in error["msg"] for text in fitting)
