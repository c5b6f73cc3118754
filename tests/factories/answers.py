"""What refusals say."""

import httpx


def refusal_of(answer: httpx.Response) -> tuple[int, str]:
    """Return the status and the code."""
    return answer.status_code, answer.json()["code"]
