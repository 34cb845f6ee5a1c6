"""What loads may leave on the disk: rejects, spools, and the free space that stays."""

import asyncio
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import httpx
import pytest
from conftest import SECRET, client_of, running_app
from load_client import client_with, counts, finished, load_file, send, token_of

from logistics_indicators.http.paging import PAGE_BYTES
from logistics_indicators.loads import rejects
from logistics_indicators.settings import Settings

BAD = "".join(f"x{n};Nobody {n};n{n}@mail.com;1\n" for n in range(1000))
SIZE_OF_BAD = sum(len(line) + len(line.split(";")[0]) for line in BAD.splitlines())


async def kept(client: httpx.AsyncClient, load_id: int) -> list[int]:
    """Lines of the rejects that are kept."""
    lines: list[int] = []
    link = f"/v1/loads/{load_id}/rejects?limit=1000"
    while link:
        page = (await client.get(link)).json()
        lines += [reject["line"] for reject in page["rejects"]]
        link = page.get("proxima_pagina")
    return lines


@pytest.mark.parametrize("chunk_bytes", [400, 3000, 2 * 1024 * 1024])
@pytest.mark.parametrize("options", [{}, {"validate_only": True}, {"max_rejects": 5000}])
async def test_the_first_rejects_are_kept_and_all_are_counted(
    connection: asyncpg.Connection, database_url: str, chunk_bytes: int, options: dict[str, object]
) -> None:
    changes = {"load_chunk_bytes": chunk_bytes, "load_workers": 3, "load_rejects_kept": 137}
    async with client_with(connection, database_url, **changes) as client:
        load = await load_file(client, "customers", BAD + "1;Ana;a@mail.com;\n", **options)
        assert counts(load) == (1001, 1, 0, 0, 1000)
        assert load["rejects"] == [{"reason": "invalid_id", "rows": 1000, "first_line": 1}]
        assert load["rejects_stored"] == 137
        assert "The first 137 of 1000 rejected rows are kept; all are counted." in load["warnings"]
        assert await kept(client, load["id"]) == list(range(1, 138))


@pytest.mark.parametrize("chunk_bytes", [100, 2 * 1024 * 1024])
async def test_rejects_are_kept_up_to_so_many_bytes_and_none_after_the_first_that_does_not_fit(
    connection: asyncpg.Connection, database_url: str, chunk_bytes: int
) -> None:
    long = f"y;{'z' * 60_000};a@mail.com;b\n"
    async with client_with(
        connection, database_url, load_chunk_bytes=chunk_bytes, load_rejects_bytes=128 * 1024
    ) as client:
        load = await load_file(client, "customers", long * 3 + BAD)
        assert (load["rows_rejected"], load["rejects_stored"]) == (1003, 2)
        assert await kept(client, load["id"]) == [1, 2]
    assert await connection.fetchval("SELECT sum(octet_length(row)) FROM load_rejects") < 128 * 1024


async def test_a_load_whose_rejects_are_all_kept_has_no_warning(client: httpx.AsyncClient) -> None:
    load = await load_file(client, "customers", BAD)
    assert load["rejects_stored"] == 1000
    assert not [warning for warning in load["warnings"] if "kept" in warning]


async def test_rejects_of_a_user_s_oldest_loads_make_room_for_later_ones(
    client: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    loads = [(await load_file(client, "customers", BAD))["id"] for _ in range(3)]
    await rejects.make_room(connection, 2 * SIZE_OF_BAD)
    found = [(await client.get(f"/v1/loads/{load_id}")).json() for load_id in loads]
    assert [load["rejects_stored"] for load in found] == [0, 1000, 1000]
    assert [load["rows_rejected"] for load in found] == [1000, 1000, 1000]
    assert rejects.MADE_ROOM in found[0]["warnings"]
    await rejects.make_room(connection, 1)
    assert [len(await kept(client, load_id)) for load_id in loads] == [0, 0, 1000]


async def test_a_user_whose_files_wait_to_be_loaded_is_told_429_and_another_is_not(
    connection: asyncpg.Connection, database_url: str
) -> None:
    changes = {"load_workers": 0, "load_spool_bytes_per_user": 10_000}
    async with client_with(connection, database_url, **changes) as client:
        assert (await send(client, "customers", BAD)).status_code == 202
        answer = await send(client, "customers", BAD)
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "30")
        assert "10000 bytes" in answer.json()["detail"]
        assert await connection.fetchval("SELECT count(*) FROM loads") == 1
    async with client_with(connection, database_url, **changes) as another:
        assert (await send(another, "customers", "1;Ana;a@mail.com;\n")).status_code == 202


async def test_a_page_of_rejects_ends_at_some_megabytes_and_goes_on_after_them(client: httpx.AsyncClient) -> None:
    load = await load_file(client, "customers", f"x;{'y' * 60_000};a@mail.com;\n" * 100)
    page = await client.get(f"/v1/loads/{load['id']}/rejects", params={"limit": 1000})
    assert len(page.content) < 2 * PAGE_BYTES
    assert await kept(client, load["id"]) == list(range(1, 101))
    file = await client.get(f"/v1/loads/{load['id']}/rejects", params={"format": "csv"})
    assert len(file.content.splitlines()) == 101


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system of 400 MB in memory."""
    with tempfile.TemporaryDirectory(prefix="li-small-disk-") as name:
        Path(name).chmod(0o755)
        mount = ["mount", "-t", "tmpfs", "-o", "size=400m,mode=755", "tmpfs", name]
        if subprocess.run(mount, capture_output=True, check=False).returncode:
            pytest.skip("only root may mount a small file system")
        try:
            yield Path(name)
        finally:
            subprocess.run(["umount", "--lazy", name], check=False)


async def test_below_the_floor_of_free_space_uploads_are_507_and_all_else_works(small_disk: Path) -> None:
    settings = Settings(
        data_dir=small_disk / "data", jwt_secret_key=SECRET, disk_free_bytes=100 * 2**20, load_poll_seconds=0.2
    )
    async with running_app(settings) as app:
        connection = await asyncpg.connect(app.state.database_url)
        async with client_of(app, await token_of(app, connection)) as client:
            await load_file(client, "customers", "1;Ana;a@mail.com;\n")
            filler = small_disk / "filler"
            await asyncio.to_thread(filler.write_bytes, bytes(_free(small_disk) - 60 * 2**20))
            answer = await send(client, "customers", "2;Bia;b@mail.com;\n")
            assert answer.status_code == 507
            assert "disk is nearly full" in answer.json()["detail"]
            assert (await client.get("/v1/customers")).json()["total_por_pagina"] == 1
            new = {"nome": "Rui", "email": "r@mail.com"}
            assert (await client.post("/v1/customers", json=new)).status_code == 201
            assert (await client.get("/v1/health")).status_code == 200
            assert await connection.fetchval("SELECT count(*) FROM loads WHERE status = 'receiving'") == 0
            filler.unlink()
            again = await send(client, "customers", "3;Bia;b@mail.com;\n")
            assert (await finished(client, again.json()["load"]["id"]))["rows_inserted"] == 1
        await connection.close()


def _free(folder: Path) -> int:

    return shutil.disk_usage(folder).free
