"""Who may read the metrics: any signed-in user, and a scraper that knows METRICS_TOKEN. Nobody else."""

import hmac
from typing import Annotated

from fastapi import Depends, Request
from pydantic import SecretStr

from ..accounts.current_user import bearer, bearer_token, user_of_token


async def _metrics_reader(request: Request, _scheme: Annotated[str | None, Depends(bearer)]) -> None:
    """A scraper is known by its token alone, without the database: it must see when that is away."""
    expected: SecretStr | None = request.app.state.settings.metrics_token
    token = bearer_token(request)
    if expected and token and hmac.compare_digest(token.encode(), expected.get_secret_value().encode()):
        request.state.username = "metrics"
    else:
        request.state.username = (await user_of_token(request)).username


MetricsReader = Depends(_metrics_reader)
