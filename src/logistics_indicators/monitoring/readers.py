"""Who may read the metrics: any signed-in user, and a scraper that knows METRICS_TOKEN. Nobody else."""

import hmac
from typing import Annotated

from fastapi import Depends, Request
from pydantic import SecretStr

from ..accounts.current_user import Gate, bearer, bearer_token, user_of_token


class _MetricsGate(Gate):
    async def admit(self, request: Request) -> None:
        """A scraper is known by its token alone, without the database: it is answered when that is away too."""
        expected: SecretStr | None = request.app.state.settings.metrics_token
        token = bearer_token(request)
        if expected and token and hmac.compare_digest(token.encode(), expected.get_secret_value().encode()):
            request.state.username = "metrics"
        else:
            request.state.username = (await user_of_token(request)).username

    async def __call__(self, _scheme: Annotated[str | None, Depends(bearer)]) -> None:
        """Makes the document say that a token is needed."""


MetricsReader = Depends(_MetricsGate())
"""Any user, or the scraper, by the time a route runs."""
