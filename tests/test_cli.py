"""The command line, as a person runs it: in processes of its own, against a real database or a running service."""

import json
from pathlib import Path

import asyncpg
import httpx
import pytest
from command_line import PASSWORD, Run, run_command
from conftest import SAMPLES
from listening import free_port

from logistics_indicators.client.connecting import ServiceError, SignedIn
from logistics_indicators.client.files import kind_of_file
from logistics_indicators.client.loading_options import LoadOptions
from logistics_indicators.loads.kinds import Kind

TRUTH = json.loads((SAMPLES / "truth.json").read_text())


def row_of(table: str, title: str) -> list[str]:
    """The cells of a printed table's row."""
    (line,) = (line for line in table.splitlines() if line.strip().startswith(title))
    return line.strip().removeprefix(title).split()


async def test_the_samples_load_locally_with_no_service_and_customers_first(
    locally: Run, connection: asyncpg.Connection
) -> None:
    outcome = await locally("load", SAMPLES / "services.csv", SAMPLES / "customers.csv")
    assert outcome.code == 0, outcome.err
    assert row_of(outcome.out, "status") == ["completed", "completed"]
    assert row_of(outcome.out, "rows inserted") == [f"{TRUTH['customers']:,}", f"{TRUTH['stored']:,}"]
    for reason, rows in TRUTH["rejected"].items():
        assert row_of(outcome.out, f"services.csv   {reason}")[0] == str(rows)
    assert await connection.fetchval("SELECT count(*) FROM services") == TRUTH["stored"]
    assert await connection.fetchval("SELECT DISTINCT username FROM loads") == "command line"


async def test_strict_exits_with_1_for_a_reject_and_saves_the_rows_to_mend(locally: Run, tmp_path: Path) -> None:
    file = tmp_path / "clientes.csv"
    file.write_text("1;Ana;ana@mail.com;119\n2;Bia;no-address;119\n")
    outcome = await locally("load", file, "--strict", "--rejects", tmp_path / "rejects")
    assert outcome.code == 1
    (saved,) = (tmp_path / "rejects").iterdir()
    assert saved.name in outcome.err
    assert "2;email;invalid_email;2;Bia;no-address;119" in saved.read_text()


async def test_a_clean_file_passes_strict(locally: Run, tmp_path: Path) -> None:
    file = tmp_path / "clientes.csv"
    file.write_text("1;Ana;ana@mail.com;119\n")
    outcome = await locally("load", file, "--strict")
    assert (outcome.code, "Rejected rows" in outcome.out) == (0, False)


async def test_a_load_that_fails_exits_with_2_and_says_why(
    locally: Run, tmp_path: Path, connection: asyncpg.Connection
) -> None:
    file = tmp_path / "clientes.csv"
    file.write_text("1;Ana;ana@mail.com;119\n2;Bia;no-address;119\n")
    outcome = await locally("load", file, "--max-rejects", "0")
    assert outcome.code == 2
    assert row_of(outcome.out, "status") == ["failed"]
    assert await connection.fetchval("SELECT count(*) FROM customers") == 0
    error = await connection.fetchval("SELECT error FROM loads")
    assert error in outcome.out


async def test_validate_only_writes_nothing(locally: Run, connection: asyncpg.Connection) -> None:
    outcome = await locally("load", SAMPLES / "customers.csv", "--validate-only")
    assert outcome.code == 0
    assert "checked only" in outcome.out
    assert await connection.fetchval("SELECT count(*) FROM customers") == 0


async def test_on_conflict_update_changes_stored_rows(
    locally: Run, tmp_path: Path, connection: asyncpg.Connection
) -> None:
    file = tmp_path / "clientes.csv"
    file.write_text("1;Ana;ana@mail.com;119\n")
    assert (await locally("load", file)).code == 0
    file.write_text("1;Ana Maria;ana@mail.com;119\n")
    outcome = await locally("load", file, "--on-conflict", "update")
    assert row_of(outcome.out, "rows updated") == ["1"]
    assert await connection.fetchval("SELECT nome FROM customers") == "Ana Maria"


async def test_a_user_is_added_and_may_sign_in(locally: Run, anonymous: httpx.AsyncClient) -> None:
    words = ("users", "add", "ana", "--email", "ana@example.com", "--role", "viewer")
    outcome = await locally(*words, LOGISTICS_NEW_PASSWORD=PASSWORD)
    assert (outcome.code, outcome.out.split(" (")[0]) == (0, "ana is viewer"), outcome.err
    answer = await anonymous.post("/v1/auth/login", json={"username": "ana", "password": PASSWORD})
    assert answer.json()["user"]["role"] == "viewer"
    again = await locally(*words, LOGISTICS_NEW_PASSWORD=PASSWORD)
    assert (again.code, again.err.strip()) == (2, "Error: This email is taken.")


async def test_files_go_over_http_with_a_sign_in(
    service_url: str, account: str, connection: asyncpg.Connection
) -> None:
    files = (SAMPLES / "customers.csv", SAMPLES / "services.csv")
    outcome = await run_command(
        "load", *files, "--url", service_url, "--username", account, LOGISTICS_PASSWORD=PASSWORD
    )
    assert outcome.code == 0, outcome.err
    assert row_of(outcome.out, "rows inserted") == [f"{TRUTH['customers']:,}", f"{TRUTH['stored']:,}"]
    assert await connection.fetchval("SELECT DISTINCT username FROM loads") == account


async def test_a_wrong_password_exits_with_2_and_one_sentence(service_url: str, account: str) -> None:
    outcome = await run_command(
        "load", SAMPLES / "customers.csv", "--url", service_url, "--username", account, LOGISTICS_PASSWORD="wrong"
    )
    assert (outcome.code, outcome.err.strip()) == (2, "Error: The username or the password is wrong.")


async def test_a_service_that_is_not_there_exits_with_2_and_names_the_address() -> None:
    url = "http://127.0.0.1:9"
    outcome = await run_command(
        "load", SAMPLES / "customers.csv", "--url", url, "--username", "ana", LOGISTICS_PASSWORD="x"
    )
    assert outcome.code == 2
    assert outcome.err.startswith(f"Error: {url} cannot be reached")


async def test_no_password_can_be_given_as_an_argument() -> None:
    assert "--password" not in (await run_command("load", "--help")).out


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"DATABASE_URL": "postgresql://x"}, "JWT_SECRET_KEY is missing. Set it to at least 32 random characters"),
        ({"DATABASE_URL": "postgresql://x", "JWT_SECRET_KEY": "short"}, "JWT_SECRET_KEY: too short"),
        ({"LOAD_WORKERS": "many"}, "LOAD_WORKERS: Input should be a valid integer"),
        ({"DATA_DIR": str(SAMPLES)}, "holds something else already. Name an empty or a new folder"),
    ],
)
async def test_serve_says_in_a_sentence_why_it_cannot_start(environment: dict[str, str], sentence: str) -> None:
    outcome = await run_command("serve", "--port", free_port(), **environment)
    assert outcome.code == 2
    assert outcome.err.startswith("The service cannot start. ")
    assert sentence in outcome.err
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("a.csv", "1;Ana;ana@mail.com;119\n", Kind.customers),
        ("a.csv", "1;2;Ana;SP - X;01/01/2021;-\n", Kind.services),
        ("a.csv", "1,Ana,ana@mail.com,119\n", Kind.customers),
        ("a.csv", "1\t2\tAna\tSP\t01/01/2021\t-\n", Kind.services),
        ("a.csv", "\ufeffid_cliente;nome;email;telefone\n", Kind.customers),
        ("a.csv", 'email;id;nome\n"x;y"', Kind.customers),
        ("a.csv", "polo;angel;obs;id;id_cliente;data_limite;data_de_atendimento\n", Kind.services),
        ("Clientes julho.csv", "1;2\n", Kind.customers),
        ("atendimentos.csv", "", Kind.services),
    ],
)
async def test_the_kind_of_a_file_is_seen(tmp_path: Path, name: str, text: str, kind: Kind) -> None:
    (tmp_path / name).write_text(text)
    assert await kind_of_file(tmp_path / name, LoadOptions()) is kind


async def test_a_file_that_looks_like_neither_kind_asks_for_kind(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1;2;3\n")
    with pytest.raises(ServiceError, match="--kind customers or --kind services"):
        await kind_of_file(tmp_path / "a.csv", LoadOptions())


async def test_an_access_token_is_renewed_before_it_ends() -> None:
    seen: list[tuple[str, str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append((request.url.path, request.headers["Authorization"]))
        return httpx.Response(200, json={"access_token": "new", "refresh_token": "r2", "expires_in": 900})

    auth = SignedIn("http://test/", {"access_token": "old", "refresh_token": "r1", "expires_in": 900})
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://test", auth=auth) as client:
        await client.get("/v1/loads/1")
        auth._renew_at = 0
        await client.get("/v1/loads/1")
    assert seen == [
        ("/v1/loads/1", "Bearer old"),
        ("/v1/auth/refresh", "Bearer r1"),
        ("/v1/loads/1", "Bearer new"),
    ]
