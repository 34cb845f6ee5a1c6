"""Every setting of the service: one frozen object, read from the environment by whoever starts the app."""

import re
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Literal, Self, get_args, get_origin
from urllib.parse import quote

import platformdirs
from annotated_types import Ge, Gt, Le
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from .keys import ADVICE, SHORTEST_KEY, require_strong_key


def _words(value: object) -> object:
    """A list in an environment variable: separated by blanks or commas."""
    return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value


def _blank_separated(value: object) -> object:
    return tuple(value.split()) if isinstance(value, str) else value


def _strong(key: SecretStr) -> SecretStr:
    require_strong_key(key.get_secret_value())
    return key


def _contact(address: str) -> str:
    if not CONTACT.fullmatch(address):
        raise ValueError(
            "write a contact as mailto:name@example.com, https://example.com/report or tel:+55-11-0000-0000"
        )
    return address


Contact = Annotated[str, AfterValidator(_contact)]
Key = Annotated[SecretStr, AfterValidator(_strong)]
KeyList = Annotated[tuple[Key, ...], NoDecode, BeforeValidator(_blank_separated)]
ContactList = Annotated[tuple[Contact, ...], NoDecode, BeforeValidator(_blank_separated)]
WordList = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words)]

CONTACT = re.compile(r"mailto:[!-?A-~]+@[!-?A-~]+|https://[!-.0-~][!-~]*|tel:\+?[0-9][0-9().-]*")
"""RFC 9116, 2.5.3, and no web page without TLS; printable ASCII, so that none makes a line of its own."""

SYSTEM_DATA_DIR = Path("/var/lib/logistics-indicators")


def default_data_dir() -> Path:
    """A folder of the user's own; root's is outside of /root, since PostgreSQL never runs as root."""
    import os

    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return SYSTEM_DATA_DIR
    return Path(platformdirs.user_data_dir("logistics-indicators"))


def demo_data_dir() -> Path:
    """Beside it, so that what the demo makes is in nobody's way."""
    own = default_data_dir()
    return own.with_name(f"{own.name}-demo")


PLACES = frozenset(
    {
        *("database_url", "database_direct_url", "database_read_url"),
        *("postgres_host", "postgres_direct_host", "postgres_read_host", "postgres_user", "postgres_db"),
        "data_dir",
    }
)
"""Where an empty variable is as none. An empty folder would be the current one, and an empty host whatever PostgreSQL's
own variables name. An empty key is refused, as every key that can be guessed."""


class Settings(BaseSettings):
    """Names are the environment variables', in lower case. A secret has no default."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    # Database
    database_url: SecretStr | None = Field(
        None, description="PostgreSQL 15 or later, as postgresql://user:password@host:port/name"
    )
    postgres_host: str | None = Field(None, description="Instead of DATABASE_URL: the server's host")
    postgres_port: int = Field(5432, description="With POSTGRES_HOST: its port")
    postgres_user: str = Field("postgres", description="With POSTGRES_HOST: the role")
    postgres_password: SecretStr | None = Field(None, description="With POSTGRES_HOST: the role's password")
    postgres_db: str = Field("logistics", description="With POSTGRES_HOST: the database")
    database_direct_url: SecretStr | None = Field(
        None,
        description="Where DATABASE_URL is a pooler's that lends sessions by transaction (pgbouncer): the server "
        "itself, for loads and for what needs a session of its own",
    )
    postgres_direct_host: str | None = Field(
        None, description="With POSTGRES_HOST, instead of DATABASE_DIRECT_URL: the server's own host"
    )
    database_read_url: SecretStr | None = Field(
        None, description="A streaming replica of the same database: indicators, lists and their files are read there"
    )
    postgres_read_host: str | None = Field(
        None, description="With POSTGRES_HOST, instead of DATABASE_READ_URL: the replica's host"
    )
    database_read_lag_seconds: float = Field(
        0.25,
        gt=0,
        le=30,
        description="How long a question waits for the replica to have all that was committed before it; then the "
        "primary answers",
    )
    data_dir: Path = Field(
        default_factory=default_data_dir,
        description="Folder of the embedded PostgreSQL and of the generated secret (used with neither of the above)",
    )
    database_pool_size: int = Field(
        10,
        ge=2,
        le=200,
        description="Connections a process keeps for requests; those of one user hold half of them at most: more, long "
        "answers that are still being sent among them, wait 10 seconds, and then are answered 429",
    )
    database_wait_seconds: float = Field(
        60, ge=0, description="How long a start waits for the database to answer before it gives up"
    )
    statement_timeout_seconds: float = Field(30, gt=0, description="Longest SQL statement of a request")

    # Accounts
    jwt_secret_key: Key | None = Field(
        None, description="Signs the tokens; at least 32 random characters. Required with a database of your own"
    )
    jwt_previous_keys: KeyList = Field(
        (), description="Earlier JWT_SECRET_KEYs, separated by blanks, whose tokens are still believed"
    )
    access_token_minutes: int = Field(15, ge=1, le=24 * 60, description="Life of an access token")
    refresh_token_days: int = Field(
        30, ge=1, le=365, description="Life of a session, however often it is refreshed; then one signs in again"
    )
    refresh_grace_seconds: int = Field(
        10, ge=0, le=60, description="How long a spent refresh token still works, for two tabs that refresh at once"
    )
    password_reset_minutes: int = Field(60, ge=1, le=7 * 24 * 60, description="Life of an admin's one-time token")
    registration: Literal["open", "closed"] = Field(
        "open", description="closed: once there is an admin, only admins make accounts"
    )
    login_attempts_per_account: int = Field(
        10, ge=1, le=10_000, description="Wrong passwords an account may see in a window before it is told 429"
    )
    login_attempts_per_address: int = Field(
        100, ge=1, le=100_000, description="Wrong passwords an address may send in a window before it is told 429"
    )
    registrations_per_address: int = Field(
        100, ge=1, le=100_000, description="Accounts that an address may ask for in a window"
    )
    login_window_minutes: int = Field(
        15, ge=1, le=24 * 60, description="The window in which these attempts are counted, minutes"
    )

    # Requests
    body_max_bytes: int = Field(
        256 * 1024, ge=1024, le=64 * 1024**2, description="Largest body of a request that is no upload, bytes"
    )
    body_seconds: float = Field(
        30, gt=0, le=600, description="How long the body of a request that is no upload may take; then 408"
    )
    connections_max: int = Field(
        800, ge=1, le=100_000, description="Connections of a process; further ones are told 503, but for health checks"
    )
    connections_per_address: int = Field(
        200,
        ge=1,
        le=100_000,
        description="Connections of a process from one address, other than the proxies of FORWARDED_ALLOW_IPS",
    )
    security_contact: ContactList = Field(
        (),
        description="Whom to tell of a weakness, for /.well-known/security.txt: mailto:, https: or tel: addresses, "
        "separated by blanks; none: 404",
    )
    trusted_hosts: WordList = Field(
        (), description="Names the service goes by, as a.example.com *.example.com; none: any Host header is taken"
    )
    cors_origins: WordList = Field(
        (),
        description="Origins whose pages may call the service from a browser, as https://a.example.com; none: no CORS",
    )
    forwarded_allow_ips: str = Field(
        "", description="Proxies whose X-Forwarded-For and -Proto are believed: addresses or networks, by commas"
    )
    drain_seconds: float = Field(
        0,
        ge=0,
        le=300,
        description="How long a process that got SIGTERM still answers while /v1/ready says 503, seconds: longer than "
        "the proxy in front of it takes to notice",
    )

    # Loads
    load_workers: int = Field(2, ge=0, le=32, description="Load workers in each process; 0 only receives")
    load_chunk_bytes: int = Field(
        3 * 1024 * 1024, ge=64, le=64 * 1024 * 1024, description="Size of a spooled chunk of an upload, bytes"
    )
    load_poll_seconds: float = Field(
        2.0, gt=0, le=60, description="How often an idle worker looks for work that no notification announced"
    )
    load_claim_seconds: float = Field(
        60,
        ge=1,
        description="A worker that hangs for longer loses its chunk to another; also the longest statement of a load",
    )
    load_first_sane_day: date = Field(date(1990, 1, 1), description="A load warns of dates before it; they are taken")
    load_sane_years_ahead: int = Field(
        10, ge=0, le=200, description="A load also warns of dates more than so many years ahead"
    )
    load_unknown_customer: Literal["reject", "wait"] = Field(
        "reject",
        description="What becomes of a visit in a file whose customer is not there, where ?unknown_customer= does not "
        "say; wait: it is loaded when the customer comes",
    )
    load_waiting_bytes_per_user: int = Field(
        512 * 1024**2,
        ge=0,
        description="Visits of a user that may wait for their customers, bytes; above it they are rejected",
    )
    load_keep_days: int = Field(90, ge=1, description="Days that finished loads and their rejects are kept")
    load_uploads_per_user: int = Field(
        4, ge=1, le=100, description="Uploads that a user may have under way in each process; more are answered 429"
    )
    event_streams_per_user: int = Field(
        8,
        ge=1,
        le=1000,
        description="Streams of events that a user may have open at once in each process; more are answered 429",
    )
    exports_per_user: int = Field(
        2,
        ge=1,
        le=100,
        description="Files that a user may have coming at once from each process; more are answered 429",
    )
    lists_per_user: int = Field(
        4,
        ge=1,
        le=200,
        description="Lists and counts of rows that are read for a user at once in each process; more wait 5 seconds, "
        "and then are answered 429",
    )
    load_stall_seconds: float = Field(
        60, ge=1, description="An upload that sends nothing for this long is given up, and nothing is kept of it"
    )
    upload_keep_hours: int = Field(
        24, ge=1, le=30 * 24, description="How long a resumable upload waits for its next bytes, hours; then it goes"
    )
    load_rejects_kept: int = Field(
        100_000, ge=1, le=10_000_000, description="Rejected rows kept of a load, the first ones; all are counted"
    )
    load_rejects_bytes: int = Field(
        32 * 1024**2,
        ge=128 * 1024,
        description="Bytes of rejected rows kept of a load, the first ones; and of what mends leave of them",
    )
    load_rejects_bytes_per_user: int = Field(
        512 * 1024**2,
        ge=128 * 1024,
        description="Bytes of rejected rows kept of all loads of a user; above it, the oldest loads lose theirs",
    )
    load_spool_bytes_per_user: int = Field(
        4 * 1024**3,
        ge=1024,
        description="Files that a user may have waiting to be loaded, bytes; above it 429",
    )
    disk_free_bytes: int = Field(
        512 * 1024**2,
        ge=0,
        description="With the embedded PostgreSQL: free space below which uploads are answered 507; all else works",
    )
    load_max_bytes: int = Field(
        2 * 1024**3, gt=0, description="Largest upload, unpacked, bytes; a larger one is answered 413"
    )
    load_reader_bytes: int = Field(
        1024**3,
        ge=128 * 1024**2,
        description="Memory of the process that reads what is no CSV, bytes; a file that needs more is 422",
    )
    load_reader_seconds: int = Field(
        300, ge=1, le=3600, description="And its processor time; a file that takes longer is answered 422"
    )
    load_reader_wait_seconds: float = Field(
        60, gt=0, le=600, description="How long a file that is no CSV waits for its turn to be read; then 429 or 503"
    )

    # Indicators
    rollup_fold_seconds: float = Field(
        1.0, gt=0, le=60, description="How often a process looks for changes to merge into the indicators' sums"
    )

    changes_keep_days: int = Field(
        90, ge=1, le=36_500, description="Days for which who changed the visits is kept, for /v1/indicators/changes"
    )

    # Monitoring
    metrics_token: Key | None = Field(
        None,
        description="A scraper's own Bearer token for /metrics, at least 32 random characters; "
        "none: it must sign in like a user",
    )

    # Logs
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least severe line logged")

    @model_validator(mode="before")
    @classmethod
    def _nowhere_is_no_place(cls, values: dict[str, object]) -> dict[str, object]:
        return {name: value for name, value in values.items() if name not in PLACES or value != ""}

    @model_validator(mode="after")
    def _own_database_needs_own_secret(self) -> Self:
        if self.jwt_secret_key is None and not self.embedded:
            raise ValueError(
                f"JWT_SECRET_KEY is missing. Set it to at least {SHORTEST_KEY} random characters. {ADVICE}"
            )
        return self

    @property
    def refresh_grace(self) -> timedelta:
        return timedelta(seconds=self.refresh_grace_seconds)

    @property
    def embedded(self) -> bool:
        """True where no server was named, so that we bring our own."""
        return self.database_url is None and self.postgres_host is None

    @property
    def lent(self) -> bool:
        """True where server_url's connections are a pooler's, lent for a transaction."""
        return bool(self.database_direct_url or self.postgres_direct_host)

    def server_url(self) -> str:
        """URL of the named server. Raises RuntimeError where none was named."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        if self.postgres_host is None:
            raise RuntimeError("no database server is configured")
        return self._url_of(self.postgres_host)

    def direct_url(self) -> str:
        """URL of that server where a session lasts as long as its connection. Raises RuntimeError likewise."""
        if self.database_direct_url is not None:
            return self.database_direct_url.get_secret_value()
        return self._url_of(self.postgres_direct_host) if self.postgres_direct_host else self.server_url()

    def read_url(self) -> str | None:
        """URL of the replica, where there is one."""
        if self.database_read_url is not None:
            return self.database_read_url.get_secret_value()
        return self._url_of(self.postgres_read_host) if self.postgres_read_host else None

    def _url_of(self, host: str) -> str:
        password = self.postgres_password.get_secret_value() if self.postgres_password else ""
        login = quote(self.postgres_user, safe="") + (f":{quote(password, safe='')}" if password else "")
        return f"postgresql://{login}@{host}:{self.postgres_port}/{quote(self.postgres_db, safe='')}"


def settings_table() -> str:
    """The settings as a Markdown table: the environment variable, its default, its bounds, what it does."""
    lines = ["| variable | default | bounds | what it does |", "|---|---|---|---|"]
    for setting in described_settings():
        default = setting["default"] and f"`{setting['default']}`"
        lines.append(f"| `{setting['variable']}` | {default} | {setting['bounds']} | {setting['description']} |")
    return "\n".join(lines) + "\n"


def described_settings() -> list[dict[str, str]]:
    return [
        {
            "variable": name.upper(),
            "default": _default_of(field),
            "bounds": _bounds_of(field),
            "description": field.description or "",
        }
        for name, field in Settings.model_fields.items()
    ]


def _default_of(field: FieldInfo) -> str:
    if field.default is PydanticUndefined:
        return "per user"
    return "" if field.default is None or field.default in ((), "") else str(field.default)


def _bounds_of(field: FieldInfo) -> str:
    """As `2 to 200`, `above 0`, `open or closed`."""
    if get_origin(field.annotation) is Literal:
        return " or ".join(get_args(field.annotation))
    bounds = {type(mark): mark for mark in field.metadata}
    above, least = bounds.get(Gt), bounds.get(Ge)
    low = f"above {above.gt}" if above else str(least.ge) if least else ""
    most = bounds.get(Le)
    if most is None:
        return low if above or not low else f"{low} or more"
    return f"{low} to {most.le}" if low else f"up to {most.le}"
