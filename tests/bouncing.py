"""A real pgbouncer in front of the tests' server: it lends a session for one transaction, and has few to lend."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from fault_service import free_port

from logistics_indicators.running.embedded import SUPERUSER, EmbeddedPostgres

SESSIONS = 6
"""For all who ask: fewer than two services keep connections, so that a session goes from hand to hand."""

INI = """
[databases]
* = host={host} user={user}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {sessions}
max_client_conn = 300
server_round_robin = 1
query_wait_timeout = 60
"""


class Bouncer:
    def __init__(self, port: int) -> None:
        self.port = port

    def url(self, database_url: str) -> str:
        """The same database, by way of the pooler."""
        return f"postgresql://{SUPERUSER}@127.0.0.1:{self.port}{urlsplit(database_url).path}"

    def listens(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False


@contextmanager
def bouncing(server: EmbeddedPostgres) -> Iterator[Bouncer]:
    """Skips the test where there is no pgbouncer. It runs as the server's own user, who alone may open its socket."""
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("no pgbouncer here (Debian's package of that name; scripts/test installs it)")
    user = pwd.getpwuid(server.cluster_dir.stat().st_uid)
    bouncer = Bouncer(free_port())
    with tempfile.TemporaryDirectory(prefix="li-bouncer-") as folder:
        ini = Path(folder) / "pgbouncer.ini"
        ini.write_text(INI.format(host=server.socket_dir, user=SUPERUSER, port=bouncer.port, sessions=SESSIONS))
        for path in (ini, ini.parent):
            os.chown(path, user.pw_uid, user.pw_gid)
        process = subprocess.Popen([program, "-q", str(ini)], user=user.pw_uid, group=user.pw_gid, extra_groups=[])
        try:
            while not bouncer.listens():
                assert process.poll() is None, "pgbouncer did not start"
                time.sleep(0.02)
            yield bouncer
        finally:
            process.kill()
            process.wait()
