"""create_app(settings): the application, which starts and stops everything it needs."""

import asyncio
import contextlib
import gc
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import structlog
from fastapi import Depends, FastAPI
from fastapi.middleware.cors import CORSMiddleware

from . import __version__
from .accounts.admin_routes import router as admin_router
from .accounts.current_user import authenticate
from .accounts.routes import router as accounts_router
from .accounts.tokens import TokenKey
from .allowed_methods import AllowedMethods
from .compression import Compression
from .customer_services.routes import router as services_router
from .customers.routes import router as customers_router
from .database import open_pool, wait_for_database
from .documentation.routes import ROUTERS as PAGES
from .documentation.routes import install_documentation
from .embedded import EmbeddedPostgres
from .errors import install_error_handlers
from .exports.response import export_places, exports_per_user
from .head_requests import HeadAsGet
from .indicators.calendar import sync_calendar
from .indicators.calendar_routes import router as calendar_router
from .indicators.compactor import Compactor
from .indicators.more_routes import router as more_indicators_router
from .indicators.routes import router as indicators_router
from .indicators.settings_routes import router as indicator_settings_router
from .indicators.snapshot import Memory
from .indicators.upkeep_routes import router as upkeep_router
from .loads.events import stream_places
from .loads.receiving import Receiver
from .loads.routes import router as loads_router
from .loads.workers import running_workers
from .logs import configure_logs
from .migrations import check_schema, migrate
from .monitoring.access_log import AccessLog
from .monitoring.database_figures import RowCounts
from .monitoring.health import HealthProbe
from .monitoring.request_metrics import RequestMetrics
from .monitoring.routes import router as monitoring_router
from .polos.routes import router as polos_router
from .query_parameters import refuse_unknown_query
from .request_limits import RequestLimits
from .secrets_folder import signing_secret
from .security_headers import SecurityHeaders, TrustedHosts
from .settings import Settings

log = structlog.get_logger()

ROUTERS = (
    *(indicators_router, more_indicators_router, upkeep_router, calendar_router, indicator_settings_router),
    *(accounts_router, admin_router, customers_router, services_router, polos_router, loads_router),
    monitoring_router,
)
UPLOAD_PATHS = frozenset({"/v1/customers/batch", "/v1/services/batch"})
EMBEDDED_CHECK_SECONDS = 1.0
OLD_SETTING = "CALENDAR_OPTIONAL_DAYS"


def from_environment() -> FastAPI:
    """Factory for uvicorn."""
    settings = Settings()
    configure_logs(settings.log_level)
    if OLD_SETTING in os.environ:
        log.warning("setting_moved", name=OLD_SETTING, now="kept in the database: logistics-indicators settings")
    app = create_app(settings)
    gc.freeze()  # what was made so far stays: else a full collection walks over it, 100 ms amid a request
    return app


def create_app(settings: Settings, *, reading: bool = False) -> FastAPI:
    """The service; with `reading`, one for commands that write nothing: without migration, workers and sign-in."""

    @asynccontextmanager
    async def read_only(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            url = await _start_database(stack, settings)
            await wait_for_database(url, settings.database_wait_seconds)
            await check_schema(url)
            app.state.pool = await open_pool(url, settings, reading=True)
            stack.push_async_callback(app.state.pool.close)
            yield

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            url = await _start_database(stack, settings)
            await wait_for_database(url, settings.database_wait_seconds)
            await migrate(url)
            app.state.database_url = url
            app.state.token_key = _token_key(settings)
            app.state.health = HealthProbe(url)
            stack.push_async_callback(app.state.health.close)
            app.state.pool = await open_pool(url, settings)
            stack.push_async_callback(app.state.pool.close)
            async with app.state.pool.acquire() as connection:
                await sync_calendar(connection)
            compactor = Compactor(app.state.pool, settings.rollup_fold_seconds)
            stack.push_async_callback(_cancel, asyncio.create_task(compactor.run(), name="compactor"))
            app.state.receiver = Receiver(app.state.pool, settings)
            touching = asyncio.create_task(app.state.receiver.touch_uploads(), name="touch-uploads")
            stack.push_async_callback(_cancel, touching)
            await stack.enter_async_context(running_workers(url, settings))
            log.info("started", version=__version__, embedded=settings.embedded)
            yield
            log.info("stopping")

    app = FastAPI(
        title="Logistics Indicators",
        version=__version__,
        summary="Productivity and SLA of a last-mile operation, straight from its CSV files.",
        lifespan=read_only if reading else lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,  # its Location is absolute, and wrong behind TLS; AllowedMethods has a relative one
        dependencies=[Depends(authenticate), Depends(refuse_unknown_query)],
    )
    app.state.settings = settings
    app.state.metrics = RequestMetrics()
    app.state.row_counts = RowCounts()
    app.state.export_places = export_places(settings.database_pool_size)
    app.state.user_exports = exports_per_user(settings)
    app.state.stream_places = stream_places(settings)
    app.state.indicators = Memory()
    install_error_handlers(app)
    for router in ROUTERS:
        app.include_router(router)
    install_documentation(app)
    _add_middleware(app, settings)
    return app


def _add_middleware(app: FastAPI, settings: Settings) -> None:
    """From the inside out: what is added last sees a request first."""
    app.add_middleware(AllowedMethods, routes=[route for router in (*ROUTERS, *PAGES) for route in router.routes])
    app.add_middleware(Compression)
    app.add_middleware(HeadAsGet)
    app.add_middleware(
        RequestLimits,
        body_bytes=settings.body_max_bytes,
        body_seconds=settings.body_seconds,
        streamed=UPLOAD_PATHS,
    )
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=[
                *("Authorization", "Content-Encoding", "Content-Type", "Idempotency-Key"),
                *("If-Match", "If-None-Match", "X-Request-ID"),
            ],
            expose_headers=[
                *("Allow", "Content-Disposition", "ETag", "Link", "Location", "Retry-After"),
                *("WWW-Authenticate", "X-Request-ID"),
            ],
        )
    if settings.trusted_hosts:
        app.add_middleware(TrustedHosts, hosts=settings.trusted_hosts)
    app.add_middleware(AccessLog, metrics=app.state.metrics)
    app.add_middleware(SecurityHeaders)


async def _start_database(stack: AsyncExitStack, settings: Settings) -> str:
    """URL of the database: the named server's, or that of the embedded one, started and watched over."""
    if not settings.embedded:
        return settings.server_url()
    server = EmbeddedPostgres(settings.data_dir)
    await asyncio.to_thread(server.start)
    stack.push_async_callback(asyncio.to_thread, server.stop)
    watch = asyncio.create_task(_keep_alive(server), name="embedded-postgres")
    stack.push_async_callback(_cancel, watch)
    return server.url()


async def _keep_alive(server: EmbeddedPostgres) -> None:
    """Starts the embedded server again when it dies; nobody else would."""
    while True:
        await asyncio.sleep(EMBEDDED_CHECK_SECONDS)
        try:
            if await asyncio.to_thread(server.revive):
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
