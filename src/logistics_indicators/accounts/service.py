"""Registering, signing in, and changing one's password."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import asyncpg

from ..database import ACQUIRE_SECONDS, Connection, Lock, Pool, lock
from ..errors import Conflict, Forbidden, NotFound, Unauthorized, Unprocessable
from ..settings import Settings
from .audit import Actor, audit
from .current_user import Role, User
from .names import composed, name_key, name_skeleton
from .passwords import hash_password, needs_new_hash, refuse_common, verify_password
from .sessions import TokenPair, end_sessions, open_session
from .throttle import (
    Allowance,
    account_subject,
    address_subject,
    forget_attempts,
    give_back_attempt,
    sweep_throttle,
    take_attempt,
    unknown_name_subject,
)
from .tokens import TokenKey, token_hash

KNOWN_ADDRESS_DAYS = 30


@dataclass(frozen=True)
class AccountRules:
    """The settings that this module needs."""

    registration_open: bool
    per_account: Allowance
    per_address: Allowance
    registrations: Allowance
    session_lifetime: timedelta
    reset_lifetime: timedelta

    @classmethod
    def of(cls, settings: Settings) -> "AccountRules":
        window = timedelta(minutes=settings.login_window_minutes)
        return cls(
            registration_open=settings.registration == "open",
            per_account=Allowance(settings.login_attempts_per_account, window),
            per_address=Allowance(settings.login_attempts_per_address, window),
            registrations=Allowance(settings.registrations_per_address, window),
            session_lifetime=timedelta(days=settings.refresh_token_days),
            reset_lifetime=timedelta(minutes=settings.password_reset_minutes),
        )


# -- registering ---------------------------------------------------------------------------------------------

ADMIN_EXISTS = "SELECT EXISTS (SELECT FROM users WHERE role = 'admin')"
INSERT_USER = """
INSERT INTO users (username, email, password_hash, role, name_key, name_skeleton) VALUES ($1, $2, $3, $4, $5, $6)
RETURNING id, username, email, role, active, created_at
"""


async def register(
    pool: Pool, rules: AccountRules, *, username: str, email: str, password: str, address: str | None
) -> User:
    """The first account becomes admin, later ones analyst. Raises Forbidden, Conflict, Unprocessable."""
    refuse_common(password)
    async with pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
        await take_attempt(connection, address_subject("register", address), rules.registrations)
        if not rules.registration_open and await connection.fetchval(ADMIN_EXISTS):
            raise Forbidden("Registration is closed. Ask an admin for an account.")
    password_hash = await hash_password(password)
    async with pool.acquire(timeout=ACQUIRE_SECONDS) as connection, connection.transaction():
        await lock(connection, Lock.admins)
        admin_exists = await connection.fetchval(ADMIN_EXISTS)
        if admin_exists and not rules.registration_open:
            raise Forbidden("Registration is closed. Ask an admin for an account.")
        role = Role.analyst if admin_exists else Role.admin
        row = await insert_user(connection, username, email, password_hash, role)
        await audit(connection, Actor(address, row["id"], username), "register", role=role.value)
    return User(row["id"], row["username"], row["email"], role)


async def insert_user(connection: Connection, username: str, email: str, password_hash: str, role: Role) -> Any:
    """The new row; raises Conflict where the name or the mail is taken."""
    try:
        forms = name_key(username), name_skeleton(username)
        return await connection.fetchrow(INSERT_USER, username, email, password_hash, role.value, *forms)
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name == "users_email_key":
            raise Conflict("This email is taken.") from None
        raise Conflict("This username is taken, or looks like one that is.") from None


# -- signing in ----------------------------------------------------------------------------------------------

FIND_LOGIN = f"""
SELECT id, username, email, role, password_hash, active, EXISTS (
    SELECT FROM sessions
    WHERE user_id = users.id AND address = $2 AND created_at > LOCALTIMESTAMP - interval '{KNOWN_ADDRESS_DAYS} days'
) AS known_address
FROM users WHERE name_key = $1 OR username = $3 ORDER BY username = $3 DESC LIMIT 1
"""
"""By the name's key; of accounts from before there were keys, two may share one, and are found as they are spelt."""
STILL_SO = "SELECT id, username, email, role FROM users WHERE id = $1 AND active AND password_hash = $2 FOR SHARE"
"""The password was checked outside a transaction; it may have been changed, or the user disabled, meanwhile."""
NEW_HASH = "UPDATE users SET password_hash = $2 WHERE id = $1 AND password_hash = $3"


async def login(
    pool: Pool, key: TokenKey, rules: AccountRules, *, username: str, password: str, address: str | None
) -> TokenPair:
    """Raises TooManyRequests before the password is looked at, Unauthorized for anything that does not fit.

    A stranger's wrong guesses use up the account's allowance for strangers alone: addresses that the account
    signed in from lately have one of their own, so that nobody can lock a colleague out.
    """
    by_address = address_subject("login", address)
    async with pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
        await take_attempt(connection, by_address, rules.per_address)
        found = await connection.fetchrow(FIND_LOGIN, name_key(username), address, composed(username))
        by_account = _login_subject(found, username, address)
        await take_attempt(connection, by_account, rules.per_account)
    matches = await verify_password(password, found["password_hash"] if found and found["active"] else None)
    async with pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
        if not matches:
            await _record_failed_login(connection, found, address)
            raise Unauthorized("The username or the password is wrong.")
        await give_back_attempt(connection, by_address, rules.per_address)
        await forget_attempts(connection, by_account)
        await sweep_throttle(connection)
        signed_in = await _sign_in(connection, key, rules, found, address)
    if needs_new_hash(found["password_hash"]):
        await pool.execute(NEW_HASH, found["id"], await hash_password(password), found["password_hash"])
    return signed_in


def _login_subject(found: Any, username: str, address: str | None) -> bytes:
    if found is None:
        return unknown_name_subject(username)
    return account_subject(found["id"], "login", address if found["known_address"] else None)


async def _record_failed_login(connection: Connection, found: Any, address: str | None) -> None:
    """Names only users that exist: people type passwords into the wrong field."""
    actor = Actor(address, found["id"], found["username"]) if found else Actor(address)
    await audit(connection, actor, "login_failed")


async def _sign_in(
    connection: Connection, key: TokenKey, rules: AccountRules, found: Any, address: str | None
) -> TokenPair:
    async with connection.transaction():
        row = await connection.fetchrow(STILL_SO, found["id"], found["password_hash"])
        if row is None:
            raise Unauthorized("The username or the password is wrong.")
        user = User(row["id"], row["username"], row["email"], Role(row["role"]))
        await audit(connection, Actor.of(user, address), "login")
        return await open_session(connection, key, user, lifetime=rules.session_lifetime, address=address)


# -- changing one's password ---------------------------------------------------------------------------------

FIND_PASSWORD = "SELECT password_hash FROM users WHERE id = $1"  # noqa: S105
SET_PASSWORD = "UPDATE users SET password_hash = $2 WHERE id = $1"  # noqa: S105


async def change_password(
    pool: Pool, rules: AccountRules, user: User, *, current: str, new: str, revoke_tokens: bool, address: str | None
) -> None:
    """Ends the user's other sessions. Raises Forbidden for a wrong current password.

    Their API tokens go on unless it is asked: they are secrets of their own, which the password did not open.
    """
    refuse_common(new, "new_password")
    by_account = account_subject(user.id, "password change")
    async with pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
        await take_attempt(connection, by_account, rules.per_account)
        stored = await connection.fetchval(FIND_PASSWORD, user.id)
    if not await verify_password(current, stored):
        raise Forbidden("The current password is wrong.")
    password_hash = await hash_password(new)
    async with pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
        async with connection.transaction():
            await _set_password(connection, user.id, password_hash, keep=user.session_id)
            detail = {"tokens_revoked": await _drop_api_tokens(connection, user.id)} if revoke_tokens else {}
            await audit(connection, Actor.of(user, address), "password_changed", **detail)
        await forget_attempts(connection, by_account)


async def _set_password(connection: Connection, user_id: int, password_hash: str, *, keep: int | None = None) -> None:
    """With a new password, what the old one opened is closed."""
    await connection.execute(SET_PASSWORD, user_id, password_hash)
    await end_sessions(connection, user_id, keep=keep)
    await connection.execute(DROP_RESETS, user_id)


async def _drop_api_tokens(connection: Connection, user_id: int) -> int:
    """How many there were."""
    return len(await connection.fetch(DROP_API_TOKENS, user_id))


# -- one-time tokens from an admin ---------------------------------------------------------------------------

DROP_RESETS = "DELETE FROM password_resets WHERE user_id = $1"
STORE_RESET = """
INSERT INTO password_resets (token_hash, user_id, expires_at) VALUES ($1, $2, LOCALTIMESTAMP + $3::interval)
ON CONFLICT (user_id) DO UPDATE SET token_hash = EXCLUDED.token_hash, expires_at = EXCLUDED.expires_at
RETURNING expires_at
"""
DROP_API_TOKENS = "DELETE FROM api_tokens WHERE user_id = $1 RETURNING id"
FIND_USERNAME = "SELECT username FROM users WHERE id = $1 FOR SHARE"
FIND_RESET = "SELECT EXISTS (SELECT FROM password_resets WHERE token_hash = $1 AND expires_at > LOCALTIMESTAMP)"
TAKE_RESET = """
DELETE FROM password_resets USING users
WHERE token_hash = $1 AND users.id = user_id AND expires_at > LOCALTIMESTAMP
RETURNING users.id, users.username
"""


async def issue_reset(connection: Connection, actor: Actor, user_id: int, lifetime: timedelta) -> tuple[str, datetime]:
    """A token that sets the user's password once, and when it expires. An earlier one dies."""
    token = secrets.token_urlsafe(32)
    async with connection.transaction():
        username = await connection.fetchval(FIND_USERNAME, user_id)
        if username is None:
            raise NotFound(f"There is no user {user_id}.")
        expires_at = await connection.fetchval(STORE_RESET, token_hash(token), user_id, lifetime)
        await audit(connection, actor, "password_reset_issued", of_user=user_id, of_username=username)
    return token, expires_at


async def reset_password(pool: Pool, rules: AccountRules, *, token: str, new: str, address: str | None) -> None:
    """Ends all sessions of the user and their API tokens: somebody else may have had the account.

    Raises Unprocessable for a token that is wrong, used or too old.
    """
    refuse_common(new, "new_password")
    useless = Unprocessable.field("body", "reset_token", msg="this token is wrong, used or too old")
    async with pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
        await take_attempt(connection, address_subject("reset", address), rules.per_address)
        if not await connection.fetchval(FIND_RESET, token_hash(token)):
            raise useless
    password_hash = await hash_password(new)
    async with pool.acquire(timeout=ACQUIRE_SECONDS) as connection, connection.transaction():
        taken = await connection.fetchrow(TAKE_RESET, token_hash(token))
        if taken is None:
            raise useless
        await _set_password(connection, taken["id"], password_hash)
        await _drop_api_tokens(connection, taken["id"])
        await audit(connection, Actor(address, taken["id"], taken["username"]), "password_reset")
