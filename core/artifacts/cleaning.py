"""What is kept of a text that is too long to be shown whole."""


def clipped(text: str, limit: int) -> str:
    """At most about `limit` characters: beginning and end, and how much is missing between them."""
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]}\n… {len(text) - 2 * half:,} characters are left out here …\n{text[-half:]}"
