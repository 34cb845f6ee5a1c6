"""How many lists are read for a user at once: each holds a connection, and a filter may take long to find its rows."""

from collections.abc import AsyncIterator

from fastapi import Depends, Request

from ..accounts.current_user import Viewer
from ..http.per_user import PlacesPerUser
from ..settings import Settings

WAIT_SECONDS = 5.0


def lists_per_user(settings: Settings) -> PlacesPerUser:
    refusal = "As many lists as may be are being read for you. Ask again when one of them is answered."
    return PlacesPerUser(settings.lists_per_user, WAIT_SECONDS, refusal)


async def _place(request: Request, user: Viewer) -> AsyncIterator[None]:
    if request.query_params.get("format", "json") != "json":  # files have places of their own
        yield
        return
    async with request.app.state.user_lists.one(user.id):
        yield


IN_A_PLACE = [Depends(_place)]
"""`dependencies` of a route: taken before the route's own, so that who waits holds no connection."""
