"""What a scrape tells about the replica."""

from collections.abc import Iterable
from dataclasses import dataclass

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from ..reading import Replica
from .database_figures import gauge


@dataclass(frozen=True, eq=False)
class ReplicaFigures(Collector):
    """behind: bytes and seconds; None where the replica does not answer."""

    exists: bool
    behind: tuple[int, float] | None = None

    def collect(self) -> Iterable[Metric]:
        if not self.exists:
            return
        yield gauge("logistics_replica_up", "1 where the replica answers", [([], int(self.behind is not None))])
        if self.behind is not None:
            size, seconds = self.behind
            yield gauge("logistics_replica_lag_bytes", "Log that the replica has not replayed yet", [([], size)])
            yield gauge(
                "logistics_replica_lag_seconds", "Since what the replica replayed last was committed", [([], seconds)]
            )


async def read_replica_figures(replica: Replica | None) -> ReplicaFigures:
    return ReplicaFigures(False) if replica is None else ReplicaFigures(True, await replica.behind())
