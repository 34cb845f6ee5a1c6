"""`pytest -p behind_pgbouncer tests/test_x.py`: the same tests, with every app's DATABASE_URL through a pgbouncer."""

from collections.abc import Iterator

import pytest

from logistics_indicators.running.embedded import EmbeddedPostgres
from logistics_indicators.settings import Settings

OF_NO_POOLER = {
    "test_behind_pgbouncer.py": "brings a pgbouncer of its own",
    "test_a_write_that_waits_for_a_lock_in_vain_is_told_so_and_works_later": (
        "what is read outside of a transaction waits as long as the server's own lock_timeout says"
    ),
}
"""Files and tests, and why they are left out."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for name in {item.path.name, item.name} & OF_NO_POOLER.keys():
            item.add_marker(pytest.mark.skip(OF_NO_POOLER[name]))


@pytest.fixture(scope="session", autouse=True)
def behind_pgbouncer(server: EmbeddedPostgres) -> Iterator[None]:
    from bouncing import bouncing  # pytest has tests/ on its path only after it has taken its plugins

    straight = Settings.server_url
    with bouncing(server) as bouncer, pytest.MonkeyPatch.context() as patch:

        def by_pooler(self: Settings) -> str:
            url = straight(self)
            return bouncer.url(url) if str(server.socket_dir) in url else url

        patch.setattr(Settings, "server_url", by_pooler)
        patch.setattr(Settings, "direct_url", straight)
        patch.setattr(Settings, "lent", True)
        yield
