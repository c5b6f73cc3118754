"""What this process heard of vendors."""

from faded_skies.platform import vendor_news


def failure_of(vendor: str) -> str | None:
    """Return why the last call of a vendor failed, None where it was answered."""
    news = vendor_news.last_of(vendor)
    assert news is not None, f"{vendor} was never called"
    return news.failure
