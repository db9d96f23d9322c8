"""`pdev web`: the process that GitHub talks to."""

import aiohttp

from bot.app import run_web
from cli.ports import told_if_taken
from core.log import configure
from core.settings import WEB_NEEDS, Settings, environ
from core.signals import told_to_end
from core.valkey import connect


async def run() -> int:
    """Answer webhooks until SIGTERM or SIGINT."""
    settings = Settings.from_environ(environ(), needs=WEB_NEEDS)
    configure(settings.log_level, settings.log_format, secrets=settings.secret_values())
    redis = connect(settings.redis_url)
    try:
        async with aiohttp.ClientSession() as session:
            with told_to_end() as stop, told_if_taken(settings.port, "PORT", settings.host):
                await run_web(settings, session=session, redis=redis, stop=stop)
    finally:
        await redis.aclose()
    return 0
