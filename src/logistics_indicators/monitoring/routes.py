"""Health and metrics."""

import asyncio
from typing import Literal

import structlog
from fastapi import APIRouter, Request, Response
from prometheus_client.registry import Collector
from pydantic import BaseModel

from .. import __version__
from ..database import ACQUIRE_SECONDS
from ..errors import DATABASE_AWAY, problems
from .database_figures import DatabaseFigures, read_figures
from .disk_figures import DiskFigures
from .machine import Machine, measure_machine
from .readers import MetricsReader
from .replica_figures import read_replica_figures

log = structlog.get_logger()

router = APIRouter(tags=["monitoring"])

SCRAPE_SECONDS = 5.0
EXPOSITIONS = ("text/plain", "application/openmetrics-text")
EXPOSITION_CONTENT = {"text/plain": {"schema": {"type": "string", "description": "Prometheus' exposition format"}}}


class Health(BaseModel):
    status: Literal["ok", "unavailable"]
    database: Literal["ok", "unavailable"]
    version: str
    embedded: bool


@router.get(
    "/v1/health",
    operation_id="check_health",
    summary="Whether the service and its database answer",
    responses={503: {"model": Health, "description": "The database does not answer"}},
)
async def check_health(request: Request, response: Response) -> Health:
    """Public, for load balancers and container engines. 503 while the database does not answer; the answer is at most
    a second old.
    """
    answers = await request.app.state.health.database_answers()
    state: Literal["ok", "unavailable"] = "ok" if answers else "unavailable"
    response.status_code = 200 if answers else 503
    return Health(status=state, database=state, version=__version__, embedded=request.app.state.settings.embedded)


class Readiness(BaseModel):
    status: Literal["ready", "draining", "unavailable"]


@router.get(
    "/v1/ready",
    operation_id="check_readiness",
    summary="Whether requests may be sent to this process",
    responses={503: {"model": Readiness, "description": "It is about to end, or its database does not answer"}},
)
async def check_readiness(request: Request, response: Response) -> Readiness:
    """Public, for the load balancer in front of several processes. A process that was told to end (SIGTERM) is
    `draining` for `DRAIN_SECONDS`: it answers all that still comes, and 503 here. Whether it has to be started again is
    what `/v1/health` tells.
    """
    state: Literal["ready", "draining", "unavailable"] = "draining"
    if not request.app.state.draining.begun:
        state = "ready" if await request.app.state.health.database_answers() else "unavailable"
    response.status_code = 200 if state == "ready" else 503
    return Readiness(status=state)


@router.get(
    "/v1/metrics",
    operation_id="get_metrics",
    summary="The machine's load as JSON; with Accept: text/plain what /metrics answers",
    dependencies=[MetricsReader],
    response_model=Machine,
    responses={200: {"content": EXPOSITION_CONTENT}, **problems(401)},
)
async def get_metrics(request: Request) -> Machine | Response:
    """For a signed-in user, an API token that reads, or METRICS_TOKEN."""
    if any(media_type in request.headers.get("Accept", "") for media_type in EXPOSITIONS):
        return await _exposition(request)
    return await asyncio.to_thread(measure_machine, request.app.state.settings.data_dir)


@router.get(
    "/metrics",
    operation_id="scrape_metrics",
    summary="Requests, latency, loads, rows, pool and data age, for Prometheus",
    dependencies=[MetricsReader],
    response_class=Response,
    responses={200: {"content": EXPOSITION_CONTENT}, **problems(401)},
)
async def scrape_metrics(request: Request) -> Response:
    """For a signed-in user, an API token that reads, or METRICS_TOKEN, which is taken while the database is away,
    too.
    """
    return await _exposition(request)


async def _exposition(request: Request) -> Response:
    state = request.app.state
    figures = await _figures(request)
    state.metrics.watch_pool(state.pool)
    replica = await read_replica_figures(state.replica)
    more: tuple[Collector, ...] = (figures, DiskFigures(state.settings), replica)
    text, media_type = await asyncio.to_thread(state.metrics.exposition, request.headers.get("Accept", ""), *more)
    return Response(text, media_type=media_type)


async def _figures(request: Request) -> DatabaseFigures:
    """Without the database a scrape still has what the processes count, and says that it is away."""
    state = request.app.state
    try:
        async with asyncio.timeout(SCRAPE_SECONDS), state.pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            return await read_figures(connection, state.row_counts)
    except (*DATABASE_AWAY, OSError, TimeoutError) as error:
        log.warning("metrics_database_unavailable", error=type(error).__name__)
        return DatabaseFigures()
