"""What `serve` does once it has its sockets."""

import socket
from functools import partial
from pathlib import Path

import uvicorn

from ..listening.bounds import ConnectionBounds
from ..listening.protocol import BoundedHttpProtocol
from ..monitoring.worker_files import shared_metrics
from ..running.serving import (
    announce_when_ready,
    check_before_serving,
    end_well_on_sigterm,
    run_service,
    use_data_dir,
)
from ..settings import Settings

PACKAGE = Path(__file__).parents[1]


def serve_on(
    sockets: list[socket.socket],
    data_dir: Path | None,
    *,
    host: str,
    port: int,
    workers: int,
    reload: bool,
    announce: bool,
) -> None:
    """Until it is told to end. Raises CannotServe."""
    use_data_dir(data_dir)
    settings = check_before_serving()
    end_well_on_sigterm()
    if announce:
        announce_when_ready(host, port, settings)
    with shared_metrics(workers):
        run_service(_config(settings, workers, reload), sockets)


def _config(settings: Settings, workers: int, reload: bool) -> uvicorn.Config:
    return uvicorn.Config(
        "logistics_indicators.app:from_environment",
        factory=True,
        workers=workers,
        reload=reload,
        reload_dirs=[str(PACKAGE)] if reload else None,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=20,
        timeout_worker_healthcheck=60,  # one that starts on a busy machine answers late: it is not to be killed
        server_header=False,
        http=partial(BoundedHttpProtocol, bounds=ConnectionBounds.of(settings)),  # type: ignore[arg-type]
        ws="none",
        proxy_headers=bool(settings.forwarded_allow_ips),
        forwarded_allow_ips=settings.forwarded_allow_ips,
    )
