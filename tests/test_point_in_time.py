"""pgBackRest, as docs/operations.md has it: a backup while the service runs, and the database as it was at a moment."""

import asyncio
import json
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import httpx
import pytest
from conftest import SAMPLES, client_of, make_settings, running_app
from load_client import load_file, token_of
from other_servers import BINARIES, QUICK, PostgreSQL15

CONFIGURATION = """
[global]
repo1-path={folder}/repository
repo1-retention-full=2
start-fast=y
lock-path={folder}/lock
log-level-file=off
spool-path={folder}/spool
[logistics]
pg1-path={server.cluster_dir}
pg1-socket-path={server.socket_dir}
pg1-user=postgres
pg1-database=postgres
"""
LATER = "id;nome;email;telefone\n900001;Íris;iris@example.com;\n"


class Backed:
    """A PostgreSQL whose log pgBackRest keeps, beside its backups."""

    def __init__(self, folder: Path) -> None:
        self.owner = pwd.getpwuid(os.geteuid())
        self.configuration = folder / "pgbackrest.conf"
        self.program = ["pgbackrest", f"--config={self.configuration}", "--stanza=logistics"]
        archiving = {"archive_mode": "on", "archive_command": f"'{' '.join(self.program)} archive-push %p'"}
        self.server = PostgreSQL15(folder / "data", QUICK | archiving)
        for name in ("repository", "lock", "spool"):
            (folder / name).mkdir()
        self.configuration.write_text(CONFIGURATION.format(folder=folder, server=self.server))
        if owner := self.server._owner:
            self.owner = owner
            for path in folder.iterdir():
                os.chown(path, owner.pw_uid, owner.pw_gid)

    def run(self, *words: str) -> str:
        """As the user that the server's files are of."""
        user = {"user": self.owner.pw_uid, "group": self.owner.pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
        ended = subprocess.run([*self.program, *words], capture_output=True, text=True, cwd="/", **user)  # type: ignore[call-overload]
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return str(ended.stdout)

    def last_backup_ended(self) -> int:
        """In seconds, as all that pgBackRest knows of it: a moment within the same second is not behind it."""
        stop: int = json.loads(self.run("info", "--output=json"))[0]["backup"][-1]["timestamp"]["stop"]
        return stop


@pytest.fixture
def backed() -> Iterator[Backed]:
    if shutil.which("pgbackrest") is None or not any(path.exists() for path in BINARIES):
        pytest.skip("no pgBackRest here, or no PostgreSQL 15 (Debian's packages pgbackrest and postgresql-15)")
    with tempfile.TemporaryDirectory(prefix="li-pitr-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        made = Backed(Path(name))
        made.server.start()
        yield made
        made.server.stop()


@asynccontextmanager
async def admin_of(backed: Backed) -> AsyncIterator[httpx.AsyncClient]:
    async with running_app(make_settings(backed.server.url())) as app:
        connection = await asyncpg.connect(backed.server.url())
        token = await token_of(app, connection, "admin")
        await connection.close()
        async with client_of(app, token) as client:
            yield client


async def asked(backed: Backed, question: str) -> str:
    connection = await asyncpg.connect(backed.server.url())
    try:
        return str(await connection.fetchval(question))
    finally:
        await connection.close()


async def until(backed: Backed, condition: str) -> None:
    async with asyncio.timeout(60):
        while await asked(backed, f"SELECT ({condition})::text") != "true":
            await asyncio.sleep(0.05)


async def test_the_database_is_brought_back_to_the_moment_before_a_mistake(backed: Backed) -> None:
    backed.run("stanza-create")
    async with admin_of(backed) as admin:
        await load_file(admin, "customers", SAMPLES / "customers.csv")
        backed.run("backup", "--type=full")
        visits = await load_file(admin, "services", SAMPLES / "services.csv")
        await load_file(admin, "customers", LATER)
        before = (await admin.get("/v1/indicators/sla/angel")).json()["sla_angel"]
        ended = backed.last_backup_ended()
        await until(backed, f"extract(epoch FROM clock_timestamp()) >= {ended + 1}")
        moment = await asked(backed, "SELECT clock_timestamp()::text")
        assert (await admin.delete(f"/v1/loads/{visits['id']}")).status_code == 200  # the mistake
        assert (await admin.get("/v1/services/total")).json() == {"total": 0}
    backed.run("check")
    backed.server.stop()
    backed.run("restore", "--delta", "--type=time", f"--target={moment}", "--target-action=promote")
    backed.server.start()
    await until(backed, "NOT pg_is_in_recovery()")
    async with admin_of(backed) as admin:
        assert (await admin.get("/v1/services/total")).json() == {"total": visits["rows_inserted"]}
        assert (await admin.get("/v1/customers/900001")).status_code == 200
        assert (await admin.get("/v1/indicators/sla/angel")).json()["sla_angel"] == before
        assert (await admin.get("/v1/indicators/verify")).json()["differences"] == 0
