"""Whether a bucket is closed to everybody but us, found out before anything is put into it.

Two questions without a signature say what a stranger can do now, whatever allows it (a policy, an access list, the
settings of the account):

* a list of the bucket must be refused;
* a picture's place must be refused: an object is put there and read without a signature, because a bucket can let
  everybody read what nobody may list, and a missing object would be refused in any case.

Two signed questions say what the strangers' view from here cannot: `?acl` whether all the world or every customer of
Amazon is granted anything, `?policyStatus` whether Amazon calls the policy public, as one that opens to some networks.
A key may be denied these two, and other makers' stores may lack them; the log then says so, and the first two decide.

Not covered: a policy that names another account (no stranger), and a change of the settings after the start.
"""

import asyncio
import re
from dataclasses import dataclass
from datetime import timedelta

import httpx
import structlog
from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import S3Store

from faded_skies.adapters.object_store.calls import Calls
from faded_skies.adapters.object_store.signing import Signer
from faded_skies.platform import clock
from faded_skies.platform.documents.errors import DocumentStoreDown
from faded_skies.platform.errors import StartRefused
from faded_skies.platform.ids import new_id

_REFUSED = {401, 403}
_EVERYBODY = re.compile(rb"groups/global/(AllUsers|AuthenticatedUsers)")
_PUBLIC = re.compile(rb"<IsPublic>\s*true\s*</IsPublic>", re.IGNORECASE)
_TIMEOUT = timedelta(seconds=5)

log = structlog.get_logger()


@dataclass(frozen=True)
class Bucket:
    """A bucket by its address, the store that signs for it, and the prefix that the store puts before each key."""

    name: str
    url: str
    prefix: str
    store: S3Store
    signer: Signer


class Privacy:
    """The proof that the bucket is private: asked for at start, and again before use if there was no answer."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._proved = False
        self._asking = asyncio.Lock()

    async def at_start(self) -> None:
        """Ask now. Raises StartRefused when the bucket is public, missing, or refuses our key.

        When it does not answer the start goes on, for a shop sells without pictures; no use comes before the proof.
        """
        try:
            await self.require()
        except DocumentStoreDown:
            log.warning("document_store_unproved", bucket=self._bucket.name)

    async def require(self) -> None:
        """Return when the bucket is known to be private. Raises DocumentStoreDown or StartRefused."""
        if self._proved:
            return
        async with self._asking:
            if not self._proved:
                await self._prove()
                self._proved = True

    async def before_use(self) -> None:
        """Return when the bucket is known to be private. Raises DocumentStoreDown."""
        try:
            await self.require()
        except StartRefused as refused:
            log.error("document_store_refused", reason=str(refused))  # noqa: TRY400 - the sentence says all
            raise DocumentStoreDown from refused

    async def _prove(self) -> None:
        async with httpx.AsyncClient(timeout=_TIMEOUT.total_seconds()) as http:
            try:
                await self._refuses_a_list(http)
                await self._refuses_a_read(http)
                await self._settings_name_nobody(http)
            except httpx.TransportError as error:
                raise DocumentStoreDown from error

    async def _refuses_a_list(self, http: httpx.AsyncClient) -> None:
        answer = await http.get(f"{self._bucket.url}?list-type=2&max-keys=1")
        if answer.is_success:
            raise self._public("everybody can list it")
        if answer.status_code == httpx.codes.NOT_FOUND:
            raise StartRefused(
                f"There is no bucket {self._bucket.name} at {self._bucket.url}. See AWS_S3_BUCKET."
            )
        self._must_be_refused(answer)

    async def _refuses_a_read(self, http: httpx.AsyncClient) -> None:
        calls = Calls(self._bucket.store)
        key = str(new_id())  # as a picture's: what a kill leaves behind is swept away like one
        try:
            await calls.create(key, b"probe")
            try:
                answer = await http.get(f"{self._bucket.url}/{self._bucket.prefix}/{key}")
            finally:
                await calls.delete(key)
        except (PermissionDeniedError, UnauthenticatedError):
            raise StartRefused(
                f"The bucket {self._bucket.name} refuses our key. Check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and "
                "AWS_REGION, and that the key may put, get, delete and list."
            ) from None
        except BaseError as error:
            raise DocumentStoreDown from error
        if answer.is_success:
            raise self._public("everybody can read what is in it")
        self._must_be_refused(answer)

    async def _settings_name_nobody(self, http: httpx.AsyncClient) -> None:
        for word, public in (("acl", _EVERYBODY), ("policyStatus", _PUBLIC)):
            url = f"{self._bucket.url}?{word}"
            answer = await http.get(url, headers=self._bucket.signer.headers(url, clock.now()))
            if answer.is_success:
                if public.search(answer.content):
                    raise self._public(f"its settings say so (GET ?{word})")
            elif answer.status_code != httpx.codes.NOT_FOUND:  # 404: there is no policy, so none is public
                log.warning(
                    "bucket_settings_unread", bucket=self._bucket.name, what=word, status=answer.status_code
                )

    def _public(self, how: str) -> StartRefused:
        return StartRefused(
            f"The bucket {self._bucket.name} is public: {how}. Turn on Block Public Access for it, and take the public "
            "grants out of its policy and access list."
        )

    def _must_be_refused(self, answer: httpx.Response) -> None:
        if answer.status_code not in _REFUSED:  # a redirect, a failure of theirs: no proof of anything
            log.warning("bucket_privacy_unclear", bucket=self._bucket.name, status=answer.status_code)
            raise DocumentStoreDown
