"""create_app(settings): the application, which starts and stops everything it needs."""

import asyncio
import contextlib
import gc
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import NamedTuple

import structlog
from fastapi import Depends, FastAPI
from fastapi.middleware.cors import CORSMiddleware

from . import __version__
from .accounts.admin_routes import router as admin_router
from .accounts.admission import Admission
from .accounts.current_user import user_of_token
from .accounts.routes import router as accounts_router
from .accounts.session_routes import router as sessions_router
from .accounts.setup_routes import router as setup_router
from .accounts.token_routes import router as tokens_router
from .accounts.tokens import TokenKey
from .customers.routes import router as customers_router
from .database import ACQUIRE_SECONDS, open_pool, wait_for_database
from .demo.routes import router as demo_router
from .demo.service import Demo
from .documentation.routes import ROUTERS as DOCUMENTATION
from .documentation.routes import install_documentation
from .exports.list_places import lists_per_user
from .exports.response import export_slots, exports_per_user
from .http.allowed_methods import AllowedMethods
from .http.compression import Compression
from .http.draining import Draining, NoMoreRequests
from .http.error_answers import install_error_handlers
from .http.head_requests import HeadAsGet
from .http.media_types import refuse_other_bodies
from .http.per_user import PlacesPerUser
from .http.query_parameters import KnownQuery
from .http.request_limits import BodyLimits, HeadLimits
from .http.security_headers import SecurityHeaders, TrustedHosts
from .http.strict_json import refuse_inexact_json
from .indicators.calendar.days import sync_calendar
from .indicators.calendar.routes import router as calendar_router
from .indicators.change_routes import router as changes_router
from .indicators.routes import router as indicators_router
from .indicators.settings_routes import router as indicator_settings_router
from .indicators.snapshot import Memory
from .indicators.upkeep_routes import router as upkeep_router
from .live.routes import router as live_router
from .live.watcher import Watcher
from .loads.confirm_routes import router as confirm_router
from .loads.events import streams_per_user
from .loads.kinds import SUMMED_KINDS, Kind
from .loads.mending.routes import router as rejects_router
from .loads.presets.routes import router as presets_router
from .loads.receiving.receiver import Receiver
from .loads.routes import router as loads_router
from .loads.uploads.appending import Appender
from .loads.uploads.becoming import Becoming
from .loads.uploads.protocol import REQUEST_HEADERS, RESPONSE_HEADERS, TusRequests, is_upload_path
from .loads.uploads.routes import router as uploads_router
from .loads.waiting.routes import router as waiting_router
from .loads.working.changes import Changes
from .loads.working.workers import running_workers
from .monitoring.access_log import AccessLog
from .monitoring.database_figures import RowCounts
from .monitoring.health import HealthProbe
from .monitoring.request_metrics import RequestMetrics
from .monitoring.request_spans import RequestSpans
from .monitoring.routes import router as monitoring_router
from .page.routes import router as page_router
from .polos.routes import router as polos_router
from .priority import threads_that_give_way
from .reading import open_replica
from .rollup.compactor import Compactor
from .running.embedded import EmbeddedPostgres
from .running.ending import told_before_the_end
from .running.failed_starts import FailedStarts
from .running.logs import configure_logs
from .running.migrations import check_schema, migrate
from .running.secrets_folder import signing_secret
from .running.serving import end_with_parent
from .settings import Settings
from .tracing import configure_traces, send_the_last_spans, traces_are_on
from .visits.routes import router as services_router

log = structlog.get_logger()

ROUTERS = (
    *(indicators_router, changes_router, upkeep_router, calendar_router, indicator_settings_router),
    *(setup_router, accounts_router, sessions_router, admin_router, tokens_router),
    *(customers_router, services_router, polos_router, loads_router),
    *(
        rejects_router,
        waiting_router,
        uploads_router,
        presets_router,
        confirm_router,
        live_router,
        demo_router,
        monitoring_router,
    ),
)
BATCH_PATHS = frozenset(f"/v1/{kind}/batch" for kind in Kind)
EMBEDDED_CHECK_SECONDS = 1.0
OBJECTS_BEFORE_COLLECTION = 20_000
"""An answer is made of thousands that nothing refers to soon: at Python's 700 it pays for several collections."""

OLD_SETTING = "CALENDAR_OPTIONAL_DAYS"


def from_environment() -> FastAPI:
    """Factory for uvicorn."""
    settings = Settings()
    configure_logs(settings.log_level)
    configure_traces()
    if OLD_SETTING in os.environ:
        log.warning("setting_moved", name=OLD_SETTING, now="kept in the database: logistics-indicators settings")
    app = create_app(settings)
    gc.freeze()  # all objects made so far live on: a collection that looked at them would hold up a request for 100 ms
    gc.set_threshold(OBJECTS_BEFORE_COLLECTION)
    return app


@asynccontextmanager
async def _reading(app: FastAPI) -> AsyncIterator[None]:
    settings: Settings = app.state.settings
    async with AsyncExitStack() as stack:
        url = (await _start_database(stack, settings)).direct
        await wait_for_database(url, settings.database_wait_seconds)
        await check_schema(url)
        app.state.pool = await open_pool(url, settings, reading=True)
        stack.push_async_callback(app.state.pool.close)
        yield


@asynccontextmanager
async def _serving(app: FastAPI) -> AsyncIterator[None]:
    settings: Settings = app.state.settings
    asyncio.get_running_loop().set_default_executor(threads_that_give_way())
    end_with_parent()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(send_the_last_spans)
        url, direct_url = await _start_database(stack, settings)
        for needed in {url, direct_url}:
            await wait_for_database(needed, settings.database_wait_seconds)
        await migrate(direct_url)
        app.state.database_url = url
        app.state.token_key = _token_key(settings)
        app.state.health = HealthProbe(url, lent=settings.lent)
        stack.push_async_callback(app.state.health.close)
        app.state.pool = await open_pool(url, settings, lent=settings.lent)
        stack.push_async_callback(app.state.pool.close)
        app.state.replica = await open_replica(stack, settings, app.state.pool)
        async with app.state.pool.acquire() as connection:
            await sync_calendar(connection)
        merging = await open_pool(direct_url, settings, size=1, background=True)
        stack.push_async_callback(merging.close)
        compactor = Compactor(merging, settings.rollup_fold_seconds, SUMMED_KINDS)
        stack.push_async_callback(_cancel, asyncio.create_task(compactor.run(), name="compactor"))
        app.state.receiver = Receiver(app.state.pool, settings)
        app.state.demo = Demo(app.state.pool, app.state.receiver)
        touching = asyncio.create_task(app.state.receiver.touch_uploads(), name="touch-uploads")
        stack.push_async_callback(_cancel, touching)
        becoming = Becoming(app.state.pool, settings, app.state.receiver)
        app.state.appender = Appender(app.state.pool, settings, app.state.receiver, becoming)
        stack.push_async_callback(_cancel, asyncio.create_task(becoming.run(), name="whole-uploads"))
        changes = app.state.load_changes = Changes()
        stack.push_async_callback(_cancel, asyncio.create_task(changes.listen(direct_url), name="load-changes"))
        app.state.watcher = Watcher(app.state.pool, changes)
        await stack.enter_async_context(running_workers(direct_url, settings, changes))
        draining: Draining = app.state.draining
        stack.enter_context(told_before_the_end(draining.begin, draining.end, settings.drain_seconds))
        log.info("started", version=__version__, embedded=settings.embedded)
        yield
        log.info("stopping")


def create_app(settings: Settings, *, reading: bool = False) -> FastAPI:
    """The service; with `reading`, one for commands that write nothing: without migration, workers and sign-in."""

    app = FastAPI(
        title="Logistics Indicators",
        version=__version__,
        summary="Productivity and SLA of a last-mile operation, straight from its CSV files.",
        lifespan=_reading if reading else _serving,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        # Its spans hold paths and queries, which are what people ask for; ours are monitoring/request_spans.py.
        telemetry={"auto_configure": False, "tracing": False, "metrics": False, "logs": False},
        redirect_slashes=False,  # its Location is absolute, and wrong behind TLS; AllowedMethods has a relative one
        dependencies=[Depends(KnownQuery()), Depends(refuse_other_bodies), Depends(refuse_inexact_json)],
    )
    app.state.settings = settings
    app.state.find_user = user_of_token
    app.state.replica = None
    app.state.draining = Draining()
    app.state.metrics = RequestMetrics()
    app.state.row_counts = RowCounts()
    app.state.export_slots = export_slots(settings.database_pool_size)
    app.state.user_exports = exports_per_user(settings)
    app.state.user_lists = lists_per_user(settings)
    app.state.user_connections = connections_per_user(settings)
    app.state.streams_per_user = streams_per_user(settings)
    app.state.indicators = Memory()
    install_error_handlers(app)
    for router in ROUTERS:
        app.include_router(router)
    install_documentation(app)
    app.include_router(page_router)
    _add_middleware(app, settings)
    return app


def connections_per_user(settings: Settings) -> PlacesPerUser:
    """Half of the pool, so that nobody takes all."""
    refusal = "As many of your requests as may be are at work. Ask again when one of them is answered."
    return PlacesPerUser(settings.database_pool_size // 2, ACQUIRE_SECONDS, refusal)


def _add_middleware(app: FastAPI, settings: Settings) -> None:
    """From the inside out: what is added last sees a request first."""
    routes = [route for router in (*ROUTERS, *DOCUMENTATION, page_router) for route in router.routes]
    app.add_middleware(AllowedMethods, routes=routes)
    app.add_middleware(Compression)
    app.add_middleware(HeadAsGet)
    app.add_middleware(
        BodyLimits,
        body_bytes=settings.body_max_bytes,
        body_seconds=settings.body_seconds,
        streams=lambda path: path in BATCH_PATHS or is_upload_path(path),
    )
    app.add_middleware(Admission, routes=routes)
    app.add_middleware(TusRequests)
    app.add_middleware(HeadLimits)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=[
                *("Authorization", "Content-Encoding", "Content-Type", "Idempotency-Key"),
                *("If-Match", "If-None-Match", "X-Request-ID"),
                *REQUEST_HEADERS,
            ],
            expose_headers=[
                *("Allow", "Content-Disposition", "ETag", "Link", "Location", "Retry-After"),
                *("WWW-Authenticate", "X-Request-ID"),
                *RESPONSE_HEADERS,
            ],
        )
    if settings.trusted_hosts:
        app.add_middleware(TrustedHosts, hosts=settings.trusted_hosts)
    app.add_middleware(AccessLog, metrics=app.state.metrics)
    if traces_are_on():
        app.add_middleware(RequestSpans)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(NoMoreRequests, draining=app.state.draining)
    app.add_middleware(FailedStarts)


class _Urls(NamedTuple):
    """Of the one database. direct: where a session lasts as long as its connection."""

    any: str
    direct: str


async def _start_database(stack: AsyncExitStack, settings: Settings) -> _Urls:
    """URLs of the database: the named server's, or those of the embedded one, started and watched over."""
    if not settings.embedded:
        return _Urls(settings.server_url(), settings.direct_url())
    server = EmbeddedPostgres(settings.data_dir)
    # A thread of its own: the server's processes get the priority of the one that starts it.
    thread = stack.enter_context(ThreadPoolExecutor(1, thread_name_prefix="embedded-postgres"))
    in_thread = partial(asyncio.get_running_loop().run_in_executor, thread)
    stack.push_async_callback(in_thread, server.stop)  # behind a start that is cut off, too
    await in_thread(server.start)
    watch = asyncio.create_task(_keep_alive(lambda: in_thread(server.revive)), name="embedded-postgres")
    stack.push_async_callback(_cancel, watch)
    return _Urls(server.url(), server.url())


async def _keep_alive(revive: Callable[[], Awaitable[bool]]) -> None:
    """Starts the embedded server again when it dies; nobody else would."""
    while True:
        await asyncio.sleep(EMBEDDED_CHECK_SECONDS)
        try:
            if await revive():
                log.warning("embedded_postgres_restarted")
        except Exception:
            log.exception("embedded_postgres_down")


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def _token_key(settings: Settings) -> TokenKey:
    previous = tuple(secret.get_secret_value() for secret in settings.jwt_previous_keys)
    return TokenKey(signing_secret(settings), previous, settings.access_token_minutes * 60)
