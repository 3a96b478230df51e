"""A message that shows whether a channel works."""

from healthscore_assets.delivery.documents.document import Document


def trial(channel: str, to: str) -> Document:
    """The trial of a channel of `delivery.yaml`; ``to`` is the address within it, or empty."""
    return Document(
        purpose="trial",
        title="Trial message of healthscore",
        intro=f"If you can read this, the channel {channel} works{f' for {to}' if to else ''}.",
        closing="Nobody has to do anything.",
        data={"channel": channel, "to": to},
    )
