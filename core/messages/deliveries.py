"""What the web process answers to a delivery.

GitHub shows these under "Recent deliveries" of the App, which is where whoever sets pdev up looks first: so each says
what became of the delivery and, when something is wrong, what to change.
"""

PONG = "pong: pdev hears GitHub."
ACCEPTED = "Accepted: it is written down and will be handled."
DUPLICATE = "Already seen: this delivery was accepted before, so nothing more is done."
TOO_LARGE = "The body is larger than 25 MB, which GitHub never sends. Nothing was done."
TOO_SLOW = "The body did not arrive in time. Nothing was done; redeliver it."
BUSY = "Too many large bodies are arriving at once, so this one was not read. Redeliver it."
NO_SIGNATURE = (
    "There is no X-Hub-Signature-256 header. Set a secret in the App's webhook settings and in WEBHOOK_SECRET; "
    "SHA-1 signatures are not accepted."
)
BAD_SIGNATURE = (
    "The signature does not belong to this body. Make WEBHOOK_SECRET the same as the secret in the App's webhook "
    "settings; during a change of secret list both, separated by a comma."
)
FORM = (
    "This delivery came as a form. Choose application/json as content type in the App's webhook settings, "
    "then redeliver it."
)
NOT_JSON = "The content type is not application/json. Choose it in the App's webhook settings, then redeliver."
BROKEN = "The body is no JSON. Redeliver it; if that fails too, something between GitHub and pdev changes bodies."
FULL = "The store is nearly full, so nothing new is accepted. Give Redis more memory, then redeliver."
READY = "ready: the store answers."
NOT_READY = "Not ready: the store does not answer. Look whether Redis runs and REDIS_URL is right."
UNWRITTEN = "It could not be written down, so it counts as not delivered. Redeliver it when the store is back."


def bad_header(name: str) -> str:
    return f"The {name} header is missing or not what GitHub sends. Nothing was done; redeliver it from the App's page."


def unexpected_shape(event: str, problem: str) -> str:
    """`problem` names the field, as msgspec says it."""
    return f"This is not the {event} event that GitHub describes: {problem}. Nothing was done."


def unowned(event: str, action: str, why: str = "") -> str:
    """Accepted and not stored."""
    name = f"{event}.{action}" if action else event
    return f"Nothing to do for {name}: {why or 'pdev does not use this event'}."
