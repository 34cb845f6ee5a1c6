"""Who may read the metrics: any signed-in user, and a scraper that knows METRICS_TOKEN. Nobody else."""

import hmac
from typing import Annotated

from fastapi import Depends, Request
from pydantic import SecretStr

from ..accounts.current_user import READS, Gate, api_token_bearer, bearer, bearer_token


class _MetricsGate(Gate):
    async def admit(self, request: Request) -> None:
        """A scraper is known by its token alone, without the database: it is answered when that is away too."""
        expected: SecretStr | None = request.app.state.settings.metrics_token
        token = bearer_token(request)
        if expected and token and hmac.compare_digest(token.encode(), expected.get_secret_value().encode()):
            request.state.username = "metrics"
        else:
            await READS.admit(request)

    async def __call__(
        self, _scheme: Annotated[str | None, Depends(bearer)], _token: Annotated[object, Depends(api_token_bearer)]
    ) -> None:
        """Makes the document say that a token is needed."""


MetricsReader = Depends(_MetricsGate())
"""Any user, or the scraper, by the time a route runs."""
