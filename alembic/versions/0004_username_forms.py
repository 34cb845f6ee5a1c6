"""The forms of usernames by which two are the same (name_key) or look the same (name_skeleton).

They are computed by accounts/names.py, here as at a registration. An account whose form an older one has already gets
'#' and its id instead, which no name has; it signs in by its name exactly as it is spelt, and the audit log says so.
The accounts that a process of an earlier version makes have neither, and sign in likewise.
"""

from collections.abc import Callable

from alembic import op
from sqlalchemy import text

from logistics_indicators.accounts.names import name_key, name_skeleton

revision = "0004"
down_revision = "0003"

FORMS = {"name_key": name_key, "name_skeleton": name_skeleton}


def upgrade() -> None:
    op.execute('ALTER TABLE users ADD COLUMN name_key text COLLATE "C", ADD COLUMN name_skeleton text COLLATE "C"')
    found = op.get_bind().execute(text("SELECT id, username FROM users ORDER BY id"))
    users = [(row.id, row.username) for row in found]
    for column, form_of in FORMS.items():
        _fill(column, form_of, users)
        op.execute(f"CREATE UNIQUE INDEX users_{column}_key ON users ({column})")
    op.execute("DROP INDEX users_username_key")
    op.execute("CREATE UNIQUE INDEX users_username_key ON users (username)")


def _fill(column: str, form_of: Callable[[str], str], users: list[tuple[int, str]]) -> None:
    update = text(f"UPDATE users SET {column} = :form WHERE id = :id")
    audit = text(
        "INSERT INTO audit_log (action, user_id, username, detail) "
        "VALUES ('username_ambiguous', :id, :username, jsonb_build_object('form', cast(:column AS text)))"
    )
    taken: set[str] = set()
    for user_id, username in users:
        form = form_of(username)
        if form in taken:
            form = f"#{user_id}"
            op.get_bind().execute(audit, {"id": user_id, "username": username, "column": column})
        taken.add(form)
        op.get_bind().execute(update, {"id": user_id, "form": form})


def downgrade() -> None:
    op.execute("DROP INDEX users_username_key")
    op.execute("CREATE UNIQUE INDEX users_username_key ON users (lower(username))")
    op.execute("ALTER TABLE users DROP COLUMN name_key, DROP COLUMN name_skeleton")
