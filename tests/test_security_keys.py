"""A key that could be guessed is refused wherever it comes from, and a token forged with one opens nothing."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import httpx
import pytest
from conftest import SECRET, make_settings
from jose import jwt
from pydantic import ValidationError

from logistics_indicators.accounts.tokens import AUDIENCE, ISSUER, TokenKey, key_id
from logistics_indicators.keys import WeakKey, require_strong_key
from logistics_indicators.running.secrets_folder import UnusableSecret, check_stored_secret, generated_secret
from logistics_indicators.settings import Settings

WEAK = {
    "empty": "",
    "short": "x",
    "one character too short": SECRET[:31],
    "blank": " " * 40,
    "blanks within": "a passphrase of some English words, long enough",
    "a line end at its end": SECRET + "\n",
    "a NUL": SECRET + "\0",
    "not ASCII": "chave-secreta-de-produção-0123456789",
    "no-break blanks": "\u00a0" * 40,
    "one character again and again": "x" * 64,
    "two characters by turns": "ab" * 32,
    "few characters": "aabbccddaadbcabdcabdcbadcbadcbadcbadc",
    "a short word again and again": "correct-horse" * 4,
    "counting up": "".join(map(chr, range(33, 100))),
    "a PEM key": "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA\n-----END PUBLIC KEY-----",
}
weak = pytest.mark.parametrize("key", WEAK.values(), ids=WEAK.keys())


def forged(key: str) -> str:
    """An access token of the first user, signed with this key, under the name that the key has here."""
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "1", "typ": "access", "jti": "1", "iat": now, "nbf": now}
    return jwt.encode(claims | {"exp": now + 600}, key, algorithm="HS256", headers={"kid": key_id(key)})


@weak
def test_a_weak_key_is_no_key_to_the_signer(key: str) -> None:
    for keys in ((key,), (SECRET, (key,))):
        with pytest.raises(WeakKey, match=r"secrets\.token_urlsafe"):
            TokenKey(*keys)


@weak
@pytest.mark.parametrize("setting", ["jwt_secret_key", "metrics_token"])
def test_a_weak_key_in_a_setting_stops_the_start(setting: str, key: str) -> None:
    values = {"jwt_secret_key": SECRET} | {setting: key}
    with pytest.raises(ValidationError) as stopped:
        Settings(database_url="postgresql://x", **values)  # type: ignore[arg-type]
    assert "secrets.token_urlsafe" in str(stopped.value)
    assert len(key) < 2 or key not in str(stopped.value)


@pytest.mark.parametrize("keys", ["x", f"{SECRET} x", "a passphrase of some English words", "x" * 64])
def test_a_weak_key_among_the_previous_ones_stops_the_start(keys: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JWT_PREVIOUS_KEYS", keys)
    with pytest.raises(ValidationError, match=r"secrets\.token_urlsafe"):
        Settings(jwt_secret_key=SECRET)


@pytest.mark.parametrize("keys", ["", " ", "\n\t"])
def test_blanks_are_no_previous_keys(keys: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JWT_PREVIOUS_KEYS", keys)
    assert Settings(jwt_secret_key=SECRET).jwt_previous_keys == ()


def test_what_the_generators_of_the_documents_give_is_taken() -> None:
    for make in ("secrets.token_urlsafe(48)", "secrets.token_hex(32)", "secrets.token_hex(16)"):
        command = [sys.executable, "-c", f"import secrets; print({make})"]
        require_strong_key(subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip())


async def test_an_admin_token_forged_with_a_weak_key_opens_nothing(
    anonymous: httpx.AsyncClient, connection: asyncpg.Connection
) -> None:
    insert = "INSERT INTO users (id, username, email, password_hash, role) VALUES (1, 'a', 'a@x.com', '!', 'admin')"
    await connection.execute(insert)
    route = "/v1/users"
    assert (await anonymous.get(route, headers={"Authorization": f"Bearer {forged(SECRET)}"})).status_code == 200
    for name, key in WEAK.items():
        if not key.startswith("-----"):  # python-jose itself signs with no PEM
            answer = await anonymous.get(route, headers={"Authorization": f"Bearer {forged(key)}"})
            assert answer.status_code == 401, name


# -- the generated secret's file ------------------------------------------------------------------------------


@weak
def test_a_weak_key_in_the_secrets_file_stops_the_start_and_says_what_to_do(tmp_path: Path, key: str) -> None:
    path = tmp_path / "jwt_secret_key"
    path.write_text(key)
    path.chmod(0o600)
    if key.strip() == SECRET:  # an editor's line end is none of the key
        assert generated_secret(path) == SECRET
        return
    with pytest.raises(UnusableSecret, match="delete the file"):
        generated_secret(path)
    assert path.read_text() == key  # it is for a person to look at, and to delete


def open_to_others(path: Path) -> None:
    path.write_text(SECRET)
    path.chmod(0o640)


def link(path: Path) -> None:
    path.with_name("elsewhere").write_text(SECRET)
    path.with_name("elsewhere").chmod(0o600)
    path.symlink_to("elsewhere")


def link_to_nothing(path: Path) -> None:
    path.symlink_to("nowhere")


def folder(path: Path) -> None:
    path.mkdir(0o700)


def pipe(path: Path) -> None:
    os.mkfifo(path, 0o600)


def of_another_user(path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    path.write_text(SECRET)
    path.chmod(0o600)
    os.chown(path, 12345, 12345)


@pytest.mark.parametrize("put", [open_to_others, link, link_to_nothing, folder, pipe, of_another_user])
def test_a_secrets_file_that_is_not_ours_alone_stops_the_start(tmp_path: Path, put: Callable[[Path], None]) -> None:
    put(tmp_path / "jwt_secret_key")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(UnusableSecret, match=r"[Dd]elete"):
        check_stored_secret(Settings(data_dir=tmp_path))
    assert sorted(tmp_path.iterdir()) == before


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """Where PostgreSQL's own user can reach it too, as it must where the tests run as root."""
    with tempfile.TemporaryDirectory(prefix="li-keys-") as name:
        Path(name).chmod(0o755)
        (Path(name) / "data").mkdir()
        yield Path(name) / "data"


def test_serve_says_in_a_line_what_is_wrong_with_the_secrets_file(data_dir: Path) -> None:
    (data_dir / "start.lock").touch()
    (data_dir / "jwt_secret_key").touch(0o600)
    environment = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    command = [sys.executable, "-m", "logistics_indicators", "serve", "--data-dir", str(data_dir)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert done.stderr.startswith(
        f"The service cannot start. {data_dir}/jwt_secret_key holds no usable key: a key that is"
    )
    assert "Traceback" not in done.stderr


def test_no_key_is_looked_for_in_a_file_where_one_is_set(tmp_path: Path) -> None:
    open_to_others(tmp_path / "jwt_secret_key")
    check_stored_secret(make_settings("postgresql://x", data_dir=tmp_path))
