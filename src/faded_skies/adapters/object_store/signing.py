"""Signature Version 4 for a GET of a bucket's settings, which obstore has no call for.

https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, urlsplit

_EMPTY = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True)
class Signer:
    """Who signs, and for which region."""

    key_id: str
    secret: str
    region: str

    def headers(self, url: str, at: datetime) -> dict[str, str]:
        """Return the headers of a signed GET without a body; the query may be one bare word, as in `?acl`."""
        parts = urlsplit(url)
        moment = at.strftime("%Y%m%dT%H%M%SZ")
        sent = {"host": parts.netloc, "x-amz-content-sha256": _EMPTY, "x-amz-date": moment}
        names = ";".join(sent)
        request = "\n".join(
            [
                "GET",
                quote(parts.path, safe="/-_.~"),
                f"{parts.query}=" if parts.query else "",
                *(f"{name}:{value}" for name, value in sent.items()),
                "",
                names,
                _EMPTY,
            ]
        )
        scope = f"{moment[:8]}/{self.region}/s3/aws4_request"
        text = "\n".join(["AWS4-HMAC-SHA256", moment, scope, hashlib.sha256(request.encode()).hexdigest()])
        key = f"AWS4{self.secret}".encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        signature = hmac.digest(key, text.encode(), "sha256").hex()
        return {
            **sent,
            "authorization": f"AWS4-HMAC-SHA256 Credential={self.key_id}/{scope}, "
            f"SignedHeaders={names}, Signature={signature}",
        }
