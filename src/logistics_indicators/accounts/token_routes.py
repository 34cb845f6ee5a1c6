"""/v1/tokens: what one's machines may do. For people alone: no token makes, sees or revokes tokens."""

from fastapi import APIRouter, Request, Response

from ..database import ConnectionOfRequest
from ..errors import problems
from ..http.field_types import OwnId
from ..http.paging import DEFAULT_LIMIT, LINK_HEADER, Cursor, Limit, cut_page, page_response
from . import api_tokens
from .audit import ActorOfRequest
from .current_user import Person
from .models import ApiTokenOut, ApiTokenPage, MadeApiToken, NewApiToken

router = APIRouter(prefix="/v1/tokens", tags=["tokens"], responses=problems(401, 403, 422, 503))


@router.post(
    "",
    operation_id="create_token",
    status_code=201,
    summary="Make an API token, which is shown this once",
    responses=problems(409, 413),
)
async def create_token(
    body: NewApiToken, user: Person, actor: ActorOfRequest, connection: ConnectionOfRequest
) -> MadeApiToken:
    """Send it as `Authorization: Bearer`, like an access token. It never has more rights than you have then."""
    token, row = await api_tokens.make_api_token(connection, user, actor, body)
    return MadeApiToken(token=token, **row)


@router.get(
    "",
    operation_id="list_tokens",
    summary="API tokens and when they were last used; for an admin, everybody's",
    response_model=ApiTokenPage,
    responses={200: {**LINK_HEADER}},
)
async def list_tokens(
    user: Person,
    connection: ConnectionOfRequest,
    request: Request,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """Names, rights and last uses; the tokens themselves are kept as hashes and never shown again."""
    rows = await api_tokens.list_api_tokens(connection, user, after=int(cursor or 0), limit=limit + 1)
    page, more = cut_page([ApiTokenOut(**row) for row in rows], limit)
    return page_response(request, "tokens", page, limit, cursor=page[-1].id if more else None)


@router.delete(
    "/{token_id}",
    operation_id="revoke_token",
    status_code=204,
    summary="Revoke an API token of one's own; an admin, anybody's",
    responses=problems(404),
)
async def revoke_token(token_id: OwnId, user: Person, actor: ActorOfRequest, connection: ConnectionOfRequest) -> None:
    """Counts at once: the next request with it is a 401."""
    await api_tokens.revoke_api_token(connection, user, actor, token_id)
