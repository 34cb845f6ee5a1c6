"""An export is a file like any other: loaded again, every row of it is unchanged."""

import httpx
import pytest
from load_client import counts, load_file

PHONES = ["+55 (11) 98765-4321", "=1+1", "@x", "-1", "'5", None, "0011"]
NAMES = ["Ana", "=HYPERLINK(1)", 'Zé "Bom"; de, tal', "duas\nlinhas", "--x", "+1", "'x", "a\tb", "\\Nova", "D'Ávila"]
DATES = ["2021-06-29T10:15:27", "2021-06-29T00:00:00", None]


@pytest.fixture
async def stored(client: httpx.AsyncClient) -> int:
    """Customers and visits whose texts are awkward; how many of each."""
    for number, name in enumerate(NAMES, 1):
        customer = {"nome": name, "email": f"+c{number}@mail.com", "telefone": PHONES[number % len(PHONES)]}
        answer = await client.post("/v1/customers", json=customer)
        assert answer.status_code == 201, answer.text
    for number, name in enumerate(NAMES, 1):
        visit = {
            "id_cliente": number,
            "angel": name,
            "polo": f"SP - {name}",
            "data_limite": "2021-06-30",
            "data_de_atendimento": DATES[number % len(DATES)],
        }
        answer = await client.post("/v1/services", json=visit)
        assert answer.status_code == 201, answer.text
    return len(NAMES)


@pytest.mark.parametrize("kind", ["customers", "services"])
@pytest.mark.parametrize("on_conflict", ["reject", "update"])
@pytest.mark.usefixtures("stored")
async def test_an_export_loaded_again_changes_nothing(client: httpx.AsyncClient, kind: str, on_conflict: str) -> None:
    exported = await client.get(f"/v1/{kind}", params={"format": "csv"})
    total = (await client.get(f"/v1/{kind}/total")).json()["total"]
    load = await load_file(client, kind, exported.content, on_conflict=on_conflict)
    assert counts(load) == (total, 0, 0, total, 0), load
    assert total == len(NAMES)


async def test_safe_excel_is_for_csv_alone(client: httpx.AsyncClient, stored: int) -> None:
    safe = await client.get("/v1/customers", params={"format": "csv", "safe": "excel"})
    assert safe.content.startswith("\ufeffid;nome;email;telefone\r\n".encode())
    assert ";'=HYPERLINK(1);'+c2@mail.com;" in safe.text
    for path in ("/v1/customers", "/v1/services", "/v1/indicators/sla/angel", "/v1/indicators/trend"):
        for other in ({}, {"format": "json"}, {"format": "xlsx"}, {"format": "parquet"}):
            refused = await client.get(path, params={"safe": "excel", **other})
            assert refused.status_code == 422, (path, other)
            assert refused.json()["errors"][0]["loc"] == ["query", "safe"]
            assert "format=csv" in refused.json()["detail"]
    assert (await client.get("/v1/customers", params={"format": "csv", "safe": "no"})).status_code == 422


async def test_an_indicator_for_excel_has_decimal_commas(client: httpx.AsyncClient, stored: int) -> None:
    answer = await client.get("/v1/indicators/sla/angel", params={"format": "csv", "safe": "excel", "angel": "Ana"})
    assert answer.content.startswith(b"\xef\xbb\xbfangel;")
    assert "100,0%" in answer.text or "100,00%" in answer.text


@pytest.mark.parametrize("path", ["/v1/services", "/v1/customers", "/v1/rejects", "/v1/indicators/sla/angel"])
@pytest.mark.usefixtures("stored")
async def test_the_head_of_a_file_leaves_no_transaction_behind(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    for _ in range(3):
        assert (await client.head(path, params={"format": "csv"})).status_code == 200
    assert "active transaction" not in caplog.text
    assert (await client.get(path)).status_code == 200
