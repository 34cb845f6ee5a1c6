"""Brings the visits of a database onto the servers of its Citus cluster; what is small stays on the coordinator."""

from typing import NamedTuple

from ..database import Connection
from ..distributed import HAS_CITUS, is_distributed
from .local_database import CommandFailed

NODES = """
SELECT count(*) FILTER (WHERE groupid = 0) AS coordinators,
       count(*) FILTER (WHERE groupid <> 0 AND shouldhaveshards) AS servers
FROM pg_dist_node WHERE isactive AND noderole = 'primary'
"""
UNDER_WAY = "SELECT count(*) FROM loads WHERE status IN ('receiving', 'received', 'loading')"
SERVICE_RUNS = """
SELECT EXISTS (
    SELECT FROM pg_stat_activity
    WHERE datname = current_database() AND application_name LIKE 'logistics-indicators%' AND pid <> pg_backend_pid()
)
"""
NO_CITUS = (
    "This database has no extension citus. Every server needs it (shared_preload_libraries); then, in this database: "
    "CREATE EXTENSION citus, citus_set_coordinator_host, and citus_add_node for each other server."
)
NO_SERVERS = (
    "The cluster is not made yet. In this database, name this server by citus_set_coordinator_host, and each other "
    "one by citus_add_node."
)
RUNS = "The service runs on this database. Stop it, with all its processes, and start it again behind this command."
LOADS_WAIT = "{loads} loads have not ended. Let the service end them, stop it, and then run this again."


def _names(table: str) -> tuple[str, ...]:
    """Citus knows no identities of integers: the same numbers come from a sequence."""
    return (
        f"ALTER TABLE {table} ALTER COLUMN id DROP IDENTITY IF EXISTS",
        f"CREATE SEQUENCE IF NOT EXISTS {table}_id_seq AS integer OWNED BY {table}.id",
        f"SELECT setval('{table}_id_seq', (SELECT COALESCE(max(id), 0) + 1 FROM {table}), false)",
        f"ALTER TABLE {table} ALTER COLUMN id SET DEFAULT nextval('{table}_id_seq')",
        f"SELECT create_reference_table('{table}')",
    )


STATEMENTS = (
    "SET LOCAL citus.multi_shard_modify_mode = 'sequential'",
    "DROP TRIGGER IF EXISTS customers_stay ON customers",
    "ALTER TABLE services DROP CONSTRAINT IF EXISTS services_id_cliente_fkey",
    "ALTER TABLE services_before DROP CONSTRAINT IF EXISTS services_before_load_id_fkey",
    "ALTER TABLE customers_before DROP CONSTRAINT IF EXISTS customers_before_load_id_fkey",
    "SELECT create_reference_table('customers')",
    "SELECT create_reference_table('customers_before')",
    *(statement for table in ("angels", "polos") for statement in _names(table)),
    "SELECT create_distributed_table('services', 'id')",
    "SELECT create_distributed_table('services_before', 'id', colocate_with => 'services')",
    "ALTER TABLE services ADD CONSTRAINT services_id_cliente_fkey FOREIGN KEY (id_cliente) REFERENCES customers (id)",
    """
CREATE OR REPLACE FUNCTION forget_before() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM services_before WHERE load_id = OLD.id;
    DELETE FROM customers_before WHERE load_id = OLD.id;
    RETURN NULL;
END
$$
""",
    "CREATE OR REPLACE TRIGGER values_before_go AFTER DELETE ON loads FOR EACH ROW EXECUTE FUNCTION forget_before()",
)
"""One by one: Citus takes what is sent at once for one statement. A backup that is restored has some of it already."""

COPIED = ("services", "services_before", "customers", "customers_before", "angels", "polos")
TAKE_PLAIN_ROWS_AWAY = """
SELECT truncate_local_data_after_distributing_table(name::regclass) FROM unnest($1::text[]) AS name
WHERE pg_relation_size(name::regclass) > 0
"""
"""What the coordinator held of them before is there still, and no statement sees it."""


class Distributed(NamedTuple):
    anew: bool
    servers: int
    parts: int


PARTS = "SELECT count(*) FROM pg_dist_shard WHERE logicalrelid = 'services'::regclass"


async def distribute(connection: Connection) -> Distributed:
    """Nothing where it is done already. Raises CommandFailed, and leaves everything as it was."""
    if not await connection.fetchval(HAS_CITUS):
        raise CommandFailed(NO_CITUS)
    nodes = await connection.fetchrow(NODES)
    anew = not await is_distributed(connection)
    if anew:
        await refuse_unless_idle(connection)
        if not (nodes["coordinators"] and nodes["servers"]):
            raise CommandFailed(NO_SERVERS)
        async with connection.transaction():
            for statement in STATEMENTS:
                await connection.execute(statement)
    await connection.execute(TAKE_PLAIN_ROWS_AWAY, COPIED)
    return Distributed(anew, nodes["servers"], await connection.fetchval(PARTS))


async def refuse_unless_idle(connection: Connection) -> None:
    """Raises CommandFailed where somebody writes, or has yet to."""
    if await connection.fetchval(SERVICE_RUNS):
        raise CommandFailed(RUNS)
    if loads := await connection.fetchval(UNDER_WAY):
        raise CommandFailed(LOADS_WAIT.format(loads=loads))
