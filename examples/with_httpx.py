"""Loads two files, asks for the SLA, mends a rejected row and exports the visits: with httpx alone.

LOGISTICS_URL, LOGISTICS_USERNAME and LOGISTICS_PASSWORD say where and as whom:

    python examples/with_httpx.py customers.csv services.csv export.csv
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import httpx


def sign_in(client: httpx.Client) -> None:
    account = {"username": os.environ["LOGISTICS_USERNAME"], "password": os.environ["LOGISTICS_PASSWORD"]}
    answer = client.post("/v1/auth/login", json=account).raise_for_status().json()
    client.headers["Authorization"] = f"Bearer {answer['access_token']}"


def finished(client: httpx.Client, load: dict[str, Any]) -> dict[str, Any]:
    """The load once it has ended; a load that goes on says when to ask again."""
    while True:
        answer = client.get(f"/v1/loads/{load['id']}").raise_for_status()
        load = answer.json()
        if load["status"] == "completed":
            return load
        if load["status"] not in ("received", "loading"):
            raise SystemExit(f"The load {load['status']}: {load.get('error')}")
        time.sleep(float(answer.headers["Retry-After"]))


def load_file(client: httpx.Client, kind: str, path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        answer = client.post(f"/v1/{kind}/batch", files={"file": (path.name, file, "text/csv")}).raise_for_status()
    return finished(client, answer.json()["load"])


def mend_one(client: httpx.Client, load: dict[str, Any]) -> int:
    """Gives the first visit of an unknown customer to one that there is; how many rows that brought."""
    asked: dict[str, str | int] = {"reason": "unknown_customer", "limit": 1}
    (reject,) = client.get(f"/v1/loads/{load['id']}/rejects", params=asked).raise_for_status().json()["rejects"]
    (customer,) = client.get("/v1/customers", params={"limit": 1}).raise_for_status().json()["clientes"]
    edits = {str(reject["line"]): {"id_cliente": customer["id"]}}
    answer = client.post(f"/v1/loads/{load['id']}/mend", json={"edits": edits}).raise_for_status()
    return int(finished(client, answer.json()["load"])["rows_inserted"])


def export(client: httpx.Client, path: Path) -> None:
    with client.stream("GET", "/v1/services", params={"format": "csv"}) as answer, path.open("wb") as file:
        answer.raise_for_status()
        for piece in answer.iter_bytes():
            file.write(piece)


def main(customers: str, services: str, exported: str) -> None:
    with httpx.Client(base_url=os.environ["LOGISTICS_URL"], timeout=60) as client:
        sign_in(client)
        load_file(client, "customers", Path(customers))
        load = load_file(client, "services", Path(services))
        rows = client.get("/v1/indicators/sla/polo").raise_for_status().json()["sla_polo"]
        mended = mend_one(client, load)
        export(client, Path(exported))
    print(json.dumps({"sla": {row["polo"]: row["sla"] for row in rows}, "mended": mended}, ensure_ascii=False))


if __name__ == "__main__":
    main(*sys.argv[1:])
