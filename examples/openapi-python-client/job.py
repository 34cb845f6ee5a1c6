"""Loads two files, asks for the SLA, mends a rejected row and exports the visits, by the client that was generated:

    openapi-python-client generate --url $LOGISTICS_URL/openapi.json --config config.yaml --output-path client
    PYTHONPATH=client python job.py customers.csv services.csv export.csv

LOGISTICS_URL, LOGISTICS_USERNAME and LOGISTICS_PASSWORD say where and as whom.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import TypeVar

from logistics_indicators_client import AuthenticatedClient, Client
from logistics_indicators_client.api.accounts import login
from logistics_indicators_client.api.customers import list_customers
from logistics_indicators_client.api.indicators import sla_by_polo
from logistics_indicators_client.api.loads import get_load, list_rejects, load_customers, load_services, mend_load
from logistics_indicators_client.api.services import list_services
from logistics_indicators_client.models import (
    Credentials,
    Load,
    LoadCustomersBody,
    LoadServicesBody,
    MendRequest,
    MendRequestEdits,
    MendRequestEditsAdditionalProperty,
    ProblemDetail,
)
from logistics_indicators_client.models.list_rejects_reason import ListRejectsReason
from logistics_indicators_client.models.list_services_format import ListServicesFormat
from logistics_indicators_client.types import File

Answer = TypeVar("Answer")


def good(answer: Answer | ProblemDetail | None) -> Answer:
    if answer is None or isinstance(answer, ProblemDetail):
        raise SystemExit(f"The service answered: {answer}")
    return answer


def signed_in() -> AuthenticatedClient:
    url = os.environ["LOGISTICS_URL"]
    account = Credentials(os.environ["LOGISTICS_USERNAME"], os.environ["LOGISTICS_PASSWORD"])
    return AuthenticatedClient(url, good(login.sync(client=Client(url), body=account)).access_token)


def finished(client: AuthenticatedClient, load_id: int) -> Load:
    while True:
        load = good(get_load.sync(load_id, client=client))
        if load.status == "completed":
            return load
        if load.status not in ("received", "loading"):
            raise SystemExit(f"The load {load.status}: {load.error}")
        time.sleep(1)


def as_file(path: Path) -> File:
    return File(path.open("rb"), path.name, "text/csv")


def mend_one(client: AuthenticatedClient, load: Load) -> int:
    """Gives the first visit of an unknown customer to one that there is; how many rows that brought."""
    unknown = ListRejectsReason.UNKNOWN_CUSTOMER
    (reject,) = good(list_rejects.sync(load.id, client=client, reason=unknown, limit=1)).rejects
    (customer,) = good(list_customers.sync(client=client, limit=1)).clientes
    cells, edits = MendRequestEditsAdditionalProperty(), MendRequestEdits()
    cells["id_cliente"] = customer.id
    edits[str(reject.line)] = cells
    answer = good(mend_load.sync(load.id, client=client, body=MendRequest(edits=edits)))
    assert isinstance(answer.load, Load)
    return finished(client, answer.load.id).rows_inserted


def export(client: AuthenticatedClient, path: Path) -> None:
    """A file is no JSON, which is all that the functions read; their requests are good for it."""
    request = list_services._get_kwargs(format_=ListServicesFormat.CSV)
    with client.get_httpx_client().stream(**request) as answer, path.open("wb") as file:
        answer.raise_for_status()
        for piece in answer.iter_bytes():
            file.write(piece)


def main(customers: str, services: str, exported: str) -> None:
    with signed_in() as client:
        sent = load_customers.sync(client=client, body=LoadCustomersBody(as_file(Path(customers))))
        finished(client, good(sent).load.id)
        visits = load_services.sync(client=client, body=LoadServicesBody(as_file(Path(services))))
        load = finished(client, good(visits).load.id)
        rows = good(sla_by_polo.sync(client=client)).sla_polo
        mended = mend_one(client, load)
        export(client, Path(exported))
    print(json.dumps({"sla": {row.polo: row.sla for row in rows}, "mended": mended}, ensure_ascii=False))


if __name__ == "__main__":
    main(*sys.argv[1:])
