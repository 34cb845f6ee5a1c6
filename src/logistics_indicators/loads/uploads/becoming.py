"""A whole upload becomes a load, exactly once: by the request that brought its last byte, or by whoever finds it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from functools import partial
from http import HTTPStatus

import structlog

from ...accounts.current_user import Role, User
from ...database import Connection, Pool
from ...errors import DATABASE_FAILURES, Problem, ProblemDetail, phrase_of
from ...settings import Settings
from ..receiving.bodies import FileBody, bounded
from ..receiving.receiver import Receiver, StoredFile
from . import storing
from .metadata import load_options
from .protocol import Locked
from .storing import HOLD_SECONDS, Hold, StoredUpload

log = structlog.get_logger()

FOR_GOOD = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
    }
)
"""What is wrong with the file itself, and a user who is gone or may load no more. Anything else, such as a full disk,
passes, and the upload waits for that."""

RETRY_SECONDS = 15.0
SWEEP_SECONDS = 60.0


class Becoming:
    """One a process."""

    def __init__(self, pool: Pool, settings: Settings, receiver: Receiver) -> None:
        self._pool, self._settings, self._receiver = pool, settings, receiver

    async def run(self) -> None:
        """Now and then: whole uploads whose process died are made loads, and those that expired go."""
        swept = 0.0
        while True:
            now = asyncio.get_running_loop().time()
            try:
                while held := await storing.hold_one_that_waits(self._pool):
                    await self._try(held)
                if now - swept > SWEEP_SECONDS:
                    swept = now
                    await storing.sweep(self._pool)
            except Exception as error:
                log.warning("uploads_not_kept_up", error=type(error).__name__)
            await asyncio.sleep(self._settings.load_poll_seconds)

    async def _try(self, held: Hold) -> None:
        with contextlib.suppress(Problem):
            await self.become(held)

    async def become(self, held: Hold) -> StoredUpload:
        """The upload as it is then: a load, or, where that has to wait, whole.

        Raises the problem of a file that can be none.
        """
        try:
            async with self._kept(held):
                await self._receive(held)
        except Locked:
            pass  # another was faster
        except Problem as problem:
            await self._put_off_or_refuse(held, problem)
        except DATABASE_FAILURES as error:
            log.warning("upload_waits", upload=str(held.upload.id), error=type(error).__name__)
        return self.ended(await storing.find(self._pool, held.upload.id))

    async def _receive(self, held: Hold) -> None:
        upload = held.upload
        body = FileBody(storing.pieces_of(self._pool, upload), upload.told.filename)
        body.pieces = bounded(body.stream, self._settings.load_max_bytes)
        user = User(upload.user_id, upload.username, "", Role.analyst)
        stored = StoredFile(upload.id, partial(self._became, held))
        await self._receiver.receive(body, load_options(upload.told, upload.address), user, stored)

    async def _became(self, held: Hold, connection: Connection, load_id: int) -> None:
        await storing.become(connection, held, load_id, self._settings.upload_keep_hours)

    async def _put_off_or_refuse(self, held: Hold, problem: Problem) -> None:
        if problem.status in FOR_GOOD:
            await storing.refuse(self._pool, held, as_json(problem))
            return
        log.warning("upload_waits", upload=str(held.upload.id), status=int(problem.status))
        await storing.keep_hold(self._pool, held, RETRY_SECONDS)

    @contextlib.asynccontextmanager
    async def _kept(self, held: Hold) -> AsyncIterator[None]:
        """Says, as long as the block runs, that the upload is held."""

        async def keep() -> None:
            while True:
                await asyncio.sleep(HOLD_SECONDS / 3)
                with contextlib.suppress(*DATABASE_FAILURES):
                    await storing.keep_hold(self._pool, held)

        keeping = asyncio.create_task(keep(), name="keep-upload")
        try:
            yield
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)

    @staticmethod
    def ended(upload: StoredUpload) -> StoredUpload:
        """The upload; raises the problem for which it can be no load."""
        if upload.problem is not None:
            raise Refused(ProblemDetail.model_validate(upload.problem))
        return upload


class Refused(Problem):
    """What a batch route would have answered to the file."""

    def __init__(self, problem: ProblemDetail) -> None:
        super().__init__(problem.detail, errors=problem.errors or ())
        self.status = problem.status


def as_json(problem: Problem) -> dict[str, object]:
    detail = ProblemDetail(
        title=phrase_of(problem.status), status=problem.status, detail=problem.detail, errors=problem.errors or None
    )
    return detail.model_dump(exclude_none=True)
