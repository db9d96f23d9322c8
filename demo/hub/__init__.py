"""A GitHub on a laptop: the calls, webhooks and refusals that the bot meets, over state that a story can read.

Checked in the suite against GitHub's published description, never against github.com. `Hub` is the public face; the
records are in `demo.hub.state`.
"""

from demo.hub.errors import GitHubError
from demo.hub.hub import Hub
from demo.hub.people import Person
from demo.hub.webhooks import Delivery

__all__ = ["Delivery", "GitHubError", "Hub", "Person"]
