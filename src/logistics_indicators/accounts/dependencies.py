"""What the routes of accounts take from the request's app and peer, and how they show a user."""

from typing import Annotated

from fastapi import Depends, Request

from .current_user import User, peer_address
from .models import UserOut
from .service import AccountRules
from .tokens import TokenKey


async def token_key_of(request: Request) -> TokenKey:
    key: TokenKey = request.app.state.token_key
    return key


async def rules_of(request: Request) -> AccountRules:
    return AccountRules.of(request.app.state.settings)


async def _address_of(request: Request) -> str | None:
    return peer_address(request)


Key = Annotated[TokenKey, Depends(token_key_of)]
Rules = Annotated[AccountRules, Depends(rules_of)]
Address = Annotated[str | None, Depends(_address_of)]


def user_out(user: User) -> UserOut:
    return UserOut(id=user.id, username=user.username, email=user.email, role=user.role)
