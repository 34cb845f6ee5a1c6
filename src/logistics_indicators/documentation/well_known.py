"""What every site is asked for: an icon, robots.txt, and security.txt (RFC 9116)."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response

from ..errors import NotFound

ICON = (Path(__file__).parent / "assets" / "favicon.ico").read_bytes()
ROBOTS = "User-agent: *\nDisallow: /\n"
"""There is nothing here for a search engine: data needs a token."""

ONE_DAY = "public, max-age=86400"
VALID = timedelta(days=90)
"""How long the contact is said to be valid, from each answer on; RFC 9116 wants less than a year."""

router = APIRouter(include_in_schema=False)


@router.get("/favicon.ico", operation_id="favicon")
async def favicon() -> Response:
    return Response(ICON, media_type="image/x-icon", headers={"Cache-Control": ONE_DAY})


@router.get("/robots.txt", operation_id="robots")
async def robots() -> Response:
    return PlainTextResponse(ROBOTS, headers={"Cache-Control": ONE_DAY})


@router.get("/.well-known/security.txt", operation_id="security_contact")
async def security_contact(request: Request) -> Response:
    """The contacts that the operators set; without one there is no such file."""
    contacts: tuple[str, ...] = request.app.state.settings.security_contact
    if not contacts:
        raise NotFound("The operators of this service have named no contact (SECURITY_CONTACT).")
    expires = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + VALID
    lines = [f"Contact: {contact}" for contact in contacts] + [f"Expires: {expires:%Y-%m-%dT%H:%M:%SZ}"]
    return PlainTextResponse("\n".join(lines) + "\n", headers={"Cache-Control": ONE_DAY})
