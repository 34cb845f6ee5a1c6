"""`pytest -p behind_pgbouncer tests/test_x.py`: the same tests, with every app's DATABASE_URL through a pgbouncer."""

from collections.abc import Iterator

import pytest

from logistics_indicators.running.embedded import EmbeddedPostgres
from logistics_indicators.settings import Settings


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
