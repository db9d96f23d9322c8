"""`pdev web`: the process that GitHub talks to."""

from bot.app import run_web
from core.log import configure
from core.settings import WEB_NEEDS, Settings, environ


async def run() -> int:
    """Answer webhooks until SIGTERM or SIGINT."""
    settings = Settings.from_environ(environ(), needs=WEB_NEEDS)
    configure(settings.log_level, settings.log_format, secrets=settings.secret_values())
    return await run_web(settings)
