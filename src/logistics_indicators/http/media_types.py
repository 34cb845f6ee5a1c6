"""A body that a route takes as JSON comes as JSON: another type is 415, and not looked into."""

from email.message import Message

from fastapi import Request
from fastapi.routing import APIRoute

from ..errors import UnsupportedMediaType

JSON = "application/json"


async def refuse_other_bodies(request: Request) -> None:
    """Of routes with a model of their body; others read it by themselves. Nothing is no body of any type."""
    route = request.scope.get("route")
    if not isinstance(route, APIRoute) or route.body_field is None or not await request.body():
        return
    if not is_json(request.headers.get("content-type", "")):
        raise UnsupportedMediaType(f"Send the body as Content-Type: {JSON}.")


def is_json(content_type: str) -> bool:
    """As FastAPI judges it."""
    message = Message()
    message["content-type"] = content_type
    subtype = message.get_content_subtype()
    return message.get_content_maintype() == "application" and (subtype == "json" or subtype.endswith("+json"))
