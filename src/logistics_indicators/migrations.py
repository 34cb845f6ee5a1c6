"""Brings a database to the current schema. Alembic keeps the history; this module runs it."""

import asyncio
from pathlib import Path

from alembic import command
from alembic.config import Config


def migrations_folder() -> Path:
    """alembic/ beside src/ in a checkout, _alembic/ inside an installed package."""
    installed = Path(__file__).parent / "_alembic"
    return installed if installed.exists() else Path(__file__).parents[2] / "alembic"


async def migrate(url: str) -> None:
    """Upgrade to the newest revision. Processes that start at once take turns (advisory lock, see env.py)."""
    config = Config()
    config.set_main_option("script_location", str(migrations_folder()))
    config.attributes["url"] = url
    await asyncio.to_thread(command.upgrade, config, "head")
