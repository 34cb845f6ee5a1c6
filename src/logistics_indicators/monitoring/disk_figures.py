"""How much room the disk of the embedded database has, and below how much files are refused."""

import shutil
from collections.abc import Iterable
from dataclasses import dataclass

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ..settings import Settings


@dataclass(frozen=True, eq=False)
class DiskFigures(Collector):
    """Nothing where the database is a server of somebody else's, whose disk we do not see."""

    settings: Settings

    def collect(self) -> Iterable[Metric]:
        if not self.settings.embedded:
            return
        free = shutil.disk_usage(self.settings.data_dir).free
        yield GaugeMetricFamily(
            "logistics_disk_free_bytes", "Room on the disk that holds the embedded database", value=free
        )
        floor = self.settings.disk_free_bytes
        yield GaugeMetricFamily(
            "logistics_disk_floor_bytes", "DISK_FREE_BYTES: with less room files are answered 507", value=floor
        )
