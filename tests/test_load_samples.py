import json

import asyncpg
import httpx
from conftest import SAMPLES
from load_client import counts, load_file

TRUTH = json.loads((SAMPLES / "truth.json").read_text())


async def test_the_samples_give_exactly_the_truth(client: httpx.AsyncClient, connection: asyncpg.Connection) -> None:
    customers = await load_file(client, "customers", SAMPLES / "customers.csv")
    assert counts(customers) == (TRUTH["customers"], TRUTH["customers"], 0, 0, 0)

    services = await load_file(client, "services", SAMPLES / "services.csv")
    rejected = {entry["reason"]: entry["rows"] for entry in services["rejects"]}
    assert services["status"] == "completed"
    assert rejected == TRUTH["rejected"]
    assert counts(services) == (3000, TRUTH["stored"], 0, 0, sum(TRUTH["rejected"].values()))
    open_visits = await connection.fetchval("SELECT count(*) FROM services WHERE data_de_atendimento IS NULL")
    assert (await client.get("/v1/services/total")).json() == {"total": TRUTH["stored"]}
    assert open_visits == TRUTH["open"]

    for dimension in ("angel", "polo"):
        rows = (await client.get(f"/v1/indicators/sla/{dimension}")).json()[f"sla_{dimension}"]
        found = {r[dimension]: [r["total_de_atendimentos"], r["total_de_atendimentos_no_prazo"]] for r in rows}
        assert found == TRUTH[dimension]
