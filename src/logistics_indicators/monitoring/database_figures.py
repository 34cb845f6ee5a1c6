"""What the database tells about the service as a whole, whichever process is asked."""

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, get_args

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from .. import __version__
from ..database import Connection
from ..loads.kinds import Kind
from ..loads.merging.rows_of_kind import ROWS
from ..loads.models import Status

ROWS_FRESH_SECONDS = 60.0
"""To count a million rows takes a tenth of a second: not more often than this, however often a scraper comes."""

LOADS = "SELECT kind, status, count(*) FROM loads WHERE status <> 'receiving' GROUP BY kind, status ORDER BY 1, 2"

# Visits carry local wall time and no zone; their age is told as if that were UTC.
AGES = """
SELECT kind, EXTRACT(epoch FROM LOCALTIMESTAMP - max(finished_at))::float8 AS age
FROM loads WHERE status = 'completed' AND NOT validate_only GROUP BY kind
UNION ALL
SELECT 'newest_visit', EXTRACT(epoch FROM LOCALTIMESTAMP - max(data_de_atendimento))::float8 FROM services
"""

QUEUE_AGE = """
SELECT COALESCE(EXTRACT(epoch FROM LOCALTIMESTAMP - min(received_at)), 0)::float8
FROM loads WHERE status IN ('received', 'loading')
"""

COMMITS_WAITING = "SELECT count(*) FROM rollup_waiting"


@dataclass(frozen=True, eq=False)
class DatabaseFigures(Collector):
    """None in place of figures: the database did not answer."""

    loads: dict[tuple[str, str], int] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    ages: dict[str, float] = field(default_factory=dict)
    queue_age: float = 0.0
    commits_waiting: int | None = None

    def collect(self) -> Iterable[Metric]:
        up = self.commits_waiting is not None
        yield gauge("logistics_info", "The version that runs", [(["version", __version__], 1)])
        yield gauge("logistics_database_up", "1 where the database answers", [([], int(up))])
        if not up:
            return
        yield gauge(
            "logistics_loads",
            "Loads kept, by kind and state",
            [(["kind", k, "status", s], self.loads.get((k, s), 0)) for k in Kind for s in get_args(Status)],
        )
        yield gauge(
            "logistics_load_queue_age_seconds",
            "Since the oldest load that has not ended was received; 0 where there is none",
            [([], self.queue_age)],
        )
        yield gauge("logistics_rows", "Rows stored, at most a minute old", _labelled("table", self.rows))
        yield gauge(
            "logistics_data_age_seconds",
            "Since the last load of customers and of services completed, and since the newest visit",
            _labelled("of", self.ages),
        )
        waiting = self.commits_waiting or 0
        yield gauge(
            "logistics_rollup_commits_waiting", "Changes of visits not merged into the levels yet", [([], waiting)]
        )


def _labelled(label: str, values: dict[str, Any]) -> list[tuple[list[str], float]]:
    return [([label, name], value) for name, value in values.items()]


def gauge(name: str, help_text: str, samples: Sequence[tuple[list[str], float]]) -> Metric:
    """`samples`: label, value, label, value, … and the number."""
    family = GaugeMetricFamily(name, help_text, labels=samples[0][0][::2] if samples else [])
    for labels, value in samples:
        family.add_metric(labels[1::2], value)
    return family


class RowCounts:
    """Exact counts, remembered for a while; those who ask at once share one count."""

    def __init__(self) -> None:
        self._counted_at = -ROWS_FRESH_SECONDS
        self._rows: dict[str, int] = {}
        self._lock = asyncio.Lock()

    async def of(self, connection: Connection) -> dict[str, int]:
        async with self._lock:
            if time.monotonic() - self._counted_at >= ROWS_FRESH_SECONDS:
                self._rows = {kind.value: await rows.count(connection) for kind, rows in ROWS.items()}
                self._counted_at = time.monotonic()
            return self._rows


async def read_figures(connection: Connection, rows: RowCounts) -> DatabaseFigures:
    loads = await connection.fetch(LOADS)
    ages = await connection.fetch(AGES)
    return DatabaseFigures(
        loads={(row["kind"], row["status"]): row["count"] for row in loads},
        rows=await rows.of(connection),
        ages={row["kind"]: row["age"] for row in ages if row["age"] is not None},
        queue_age=await connection.fetchval(QUEUE_AGE),
        commits_waiting=await connection.fetchval(COMMITS_WAITING),
    )
