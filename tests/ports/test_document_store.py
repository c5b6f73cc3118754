"""What every store of sealed pictures must do, on a folder of this machine and on an S3 server that is not ours.

The server is ministack with AUTH=true. It checks signatures, keys, `If-None-Match`, access lists, bucket policies,
object ownership, Block Public Access and the rights of a user as Amazon does. It does not check: the owner's signatures
(so we are a user of our own), TLS, regions of keys, and whether a policy
is public (`?policyStatus` answers without a word on it), so that one answer comes from a stub of ours.
"""

import asyncio
import json
import logging
import os
import socket
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
from opentelemetry.proto.trace.v1.trace_pb2 import Status
from pydantic import SecretStr

from faded_skies import bootstrap
from faded_skies.adapters.object_store import bucket as buckets
from faded_skies.adapters.object_store import documents as module
from faded_skies.adapters.object_store import privacy
from faded_skies.adapters.object_store.bucket import PREFIX, open_bucket
from faded_skies.adapters.object_store.folder import open_folder
from faded_skies.adapters.object_store.media import Media, open_media
from faded_skies.adapters.object_store.signing import Signer
from faded_skies.bootstrap import Application
from faded_skies.domains.catalog.errors import MediaStoreDown
from faded_skies.platform import clock
from faded_skies.platform.documents.errors import DocumentExists, DocumentGone, DocumentStoreDown
from faded_skies.platform.documents.ports import DocumentStore
from faded_skies.platform.errors import Kind, StartRefused
from faded_skies.platform.ids import new_id
from faded_skies.platform.outbound import NetworkInsideTransactionError
from faded_skies.platform.settings import Settings
from faded_skies.platform.settings.storage import ObjectStorage
from peers.otlp import receiving, traced, words
from s3_peer import Call, Peer, s3_peer
from servers import free_port, serving

HOUR = timedelta(hours=1)
BODY = bytes(range(256)) * 400


def policy(bucket: str, resource: str) -> str:
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [{**statement, "Sid": bucket}]})


def open_to_all(bucket: str) -> list[Call]:
    """Return the calls that make a bucket on which public access may be turned on, as before April 2023."""
    return [
        ("s3", "create_bucket", {"Bucket": bucket, "ObjectOwnership": "ObjectWriter"}),
        ("s3", "delete_public_access_block", {"Bucket": bucket}),
    ]


def readable(bucket: str, resource: str) -> Call:
    """Return the call that lets everybody read what they can name."""
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}
    policy = {"Version": "2012-10-17", "Statement": [{**statement, "Resource": f"arn:aws:s3:::{resource}"}]}
    return ("s3", "put_bucket_policy", {"Bucket": bucket, "Policy": json.dumps(policy)})


def granted(bucket: str, acl: str) -> Call:
    return ("s3", "put_bucket_acl", {"Bucket": bucket, "ACL": acl})


PRIVATE: Call = ("s3", "create_bucket", {"Bucket": "private"})
LISTABLE = [*open_to_all("listable"), granted("listable", "public-read")]


@dataclass(frozen=True)
class Shop:
    """What the shop knows of the store: where it answers, and its own key."""

    address: str
    key_id: str
    secret: str

    def storage(self, bucket: str, *, secret: str | None = None) -> ObjectStorage:
        return ObjectStorage(
            bucket=bucket,
            region="us-east-1",
            key_id=self.key_id,
            secret=SecretStr(self.secret if secret is None else secret),
            endpoint=self.address,
        )


@pytest.fixture(scope="session")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    with s3_peer(tmp_path_factory.mktemp("s3")) as peer:
        peer.ready()
        peer.make(
            PRIVATE,
            *open_to_all("unblocked"),
            *LISTABLE,
            *open_to_all("for-all-customers"),
            granted("for-all-customers", "authenticated-read"),
            *open_to_all("readable"),
            readable("readable", "readable/*"),
            *open_to_all("readable-in-part"),
            readable("readable-in-part", f"readable-in-part/{PREFIX}/*"),
        )
        yield peer


@pytest.fixture(scope="session")
def shop(peer: Peer) -> Shop:
    return Shop(peer.address, *peer.hire())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "vault"


@pytest.fixture(params=["folder", "bucket"])
async def documents(request: pytest.FixtureRequest, tmp_path: Path, folder: Path) -> DocumentStore:
    if request.param == "folder":
        return open_folder(folder, served=tmp_path / "media")
    shop: Shop = request.getfixturevalue("shop")
    return await open_bucket(shop.storage("private"))


@pytest.fixture
def key() -> str:
    return f"{new_id()}/front"


async def listed(documents: DocumentStore, than: datetime) -> list[str]:
    return [key async for page in documents.list_older(than) for key in page]


async def test_what_was_put_is_got_listed_and_deleted(documents: DocumentStore, key: str) -> None:
    await documents.put(key, BODY)
    assert await documents.get(key) == BODY
    assert key in await listed(documents, clock.now() + HOUR)
    assert key not in await listed(documents, clock.now() - HOUR)

    await documents.delete([f"{key}-that-never-was", key])
    with pytest.raises(DocumentGone) as gone:
        await documents.get(key)
    assert gone.value.kind is Kind.ABSENT
    assert key not in await listed(documents, clock.now() + HOUR)
    await documents.delete([key])
    await documents.delete([])


async def test_of_many_who_put_at_once_one_wins_and_is_never_overwritten(
    documents: DocumentStore, key: str
) -> None:
    bodies = [b"%d" % number * 1000 for number in range(6)]
    ends = await asyncio.gather(*(documents.put(key, body) for body in bodies), return_exceptions=True)
    winners = [body for body, end in zip(bodies, ends, strict=True) if end is None]
    assert [type(end) for end in ends if end is not None] == [DocumentExists] * 5
    with pytest.raises(DocumentExists):
        await documents.put(key, b"later")
    assert [await documents.get(key)] == winners


async def test_a_list_comes_in_pages_and_may_be_deleted_from(
    documents: DocumentStore, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAGE", 3)
    ours = {f"{key}-{number}" for number in range(8)}
    for one in ours:
        await documents.put(one, b"x")
    found: list[str] = []
    async for page in documents.list_older(clock.now() + HOUR):
        assert 1 <= len(page) <= 3
        mine = ours.intersection(page)
        await documents.delete(sorted(mine))
        found.extend(mine)
    assert sorted(found) == sorted(ours)
    assert not ours.intersection(await listed(documents, clock.now() + HOUR))


@pytest.mark.parametrize(
    "key", ["", "../secrets/vault", "/etc/passwd", "a//b", "a/../b", "A", "a.b", "ä", "a\n", "a" * 201]
)
async def test_what_is_no_key_is_a_mistake_of_ours(documents: DocumentStore, key: str) -> None:
    for call in (documents.put(key, b"x"), documents.get(key), documents.delete([key])):
        with pytest.raises(ValueError, match="is not a key"):
            await call


async def test_no_call_while_a_transaction_is_open(
    documents: DocumentStore, app: Application, key: str
) -> None:
    await documents.put(key, BODY)
    async with app.ports.db.transaction():
        for call in (documents.put(f"{key}-2", b"x"), documents.get(key), documents.delete([key])):
            with pytest.raises(NetworkInsideTransactionError):
                await call
        with pytest.raises(NetworkInsideTransactionError):
            await listed(documents, clock.now() + HOUR)
    assert await documents.get(key) == BODY


# --- The folder


async def test_only_our_account_may_enter_the_folder(app: Application, settings: Settings, key: str) -> None:
    documents: DocumentStore = app.ports.get(DocumentStore)
    before = os.umask(0)
    try:
        await documents.put(key, BODY)
    finally:
        os.umask(before)
    vault = settings.data / "vault"
    assert stat.S_IMODE(vault.stat().st_mode) == 0o700
    assert stat.S_IMODE((vault / key).stat().st_mode) == 0o600
    assert (vault / key).read_bytes() == BODY


@pytest.mark.parametrize("mode", [0o755, 0o750, 0o701, 0o720])
async def test_a_folder_that_others_may_enter_stops_the_start(settings: Settings, mode: int) -> None:
    vault = settings.data / "vault"
    vault.mkdir()
    vault.chmod(mode)
    with pytest.raises(StartRefused, match=f"Run: chmod 700 {vault}$"):
        async with bootstrap.application(settings):
            pytest.fail("it started")


@pytest.mark.parametrize("place", ["media", "media/private", ".", "link"])
async def test_a_folder_that_is_served_stops_the_start(settings: Settings, place: str) -> None:
    (settings.data / "media" / "private").mkdir(parents=True)
    (settings.data / "link").symlink_to(settings.data / "media" / "private")
    here = settings.model_copy(update={"vault_folder": settings.data / place})
    with pytest.raises(StartRefused, match=r"overlap\. Name another VAULT_FOLDER"):
        async with bootstrap.application(here):
            pytest.fail("it started")


async def test_a_folder_that_is_a_file_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StartRefused, match="cannot be made: File exists"):
        open_folder(tmp_path / "file", served=tmp_path / "media")


async def test_a_folder_that_is_lost_is_a_store_that_is_down(folder: Path, tmp_path: Path, key: str) -> None:
    documents = open_folder(folder, served=tmp_path / "media")
    await documents.put(key, BODY)
    (folder / "file").touch()
    with pytest.raises(DocumentStoreDown):
        await documents.put("file/front", BODY)

    os.rename(folder, tmp_path / "elsewhere")  # noqa: PTH104 - as a volume goes away
    for call in (documents.put(f"{key}-2", b"x"), documents.get(key), documents.delete([key])):
        with pytest.raises(DocumentStoreDown):
            await call
    assert os.listdir(tmp_path) == ["elsewhere"]  # noqa: PTH208 - nothing was made in its place


# --- The bucket


async def test_a_stranger_cannot_read_what_is_in_the_bucket_and_it_is_encrypted_there_too(
    shop: Shop, key: str
) -> None:
    documents = await open_bucket(shop.storage("private"))
    await documents.put(key, BODY)
    url = f"{shop.address}/private/{PREFIX}/{key}"
    async with httpx.AsyncClient() as stranger:
        assert (await stranger.get(url)).status_code == 403
        assert (await stranger.get(f"{shop.address}/private?list-type=2")).status_code == 403
        signed = await stranger.get(
            url, headers=Signer(shop.key_id, shop.secret, "us-east-1").headers(url, clock.now())
        )
        forged = await stranger.get(
            url, headers=Signer(shop.key_id, "guess", "us-east-1").headers(url, clock.now())
        )
    assert (signed.status_code, signed.content) == (200, BODY)
    assert signed.headers["x-amz-server-side-encryption"] == "AES256"
    assert forged.status_code == 403


async def test_calls_are_spans_that_do_not_say_of_what(shop: Shop, key: str) -> None:
    async with receiving() as receiver, traced(receiver):
        documents = await open_bucket(shop.storage("private"))
        await documents.put(key, BODY)
        await documents.get(key)
        with pytest.raises(DocumentExists):
            await documents.put(key, BODY)
        await documents.delete([key])
        with pytest.raises(DocumentGone):
            await documents.get(key)
        await listed(documents, clock.now())
    calls = [one for one in receiver.spans if one.name.startswith("S3 ")]
    told = [(one.name, words(one).get("error.type")) for one in calls]
    assert told[:2] == [("S3 PutObject", None), ("S3 DeleteObject", None)]  # whether it is private
    assert told[2:7] == [
        ("S3 PutObject", None),
        ("S3 GetObject", None),
        ("S3 PutObject", "AlreadyExistsError"),
        ("S3 DeleteObject", None),
        ("S3 GetObject", "FileNotFoundError"),
    ]
    assert set(told[7:]) == {("S3 ListObjectsV2", None)}
    for call in calls:
        assert {name: told for name, told in words(call).items() if name != "error.type"} == {
            "rpc.system": "aws-api",
            "rpc.service": "S3",
            "rpc.method": call.name.removeprefix("S3 "),
            "aws.s3.bucket": "private",
            "server.address": "127.0.0.1",
        }
    assert {one.status.code for one in calls} == {Status.STATUS_CODE_UNSET}
    for value in (key, key.partition("/")[0], shop.key_id):
        assert value.encode() not in receiver.raw, value


async def test_what_else_is_in_the_bucket_is_left_alone(peer: Peer, shop: Shop) -> None:
    peer.make(("s3", "put_object", {"Bucket": "private", "Key": "backups/yesterday", "Body": "x"}))
    documents = await open_bucket(shop.storage("private"))
    assert not [key for key in await listed(documents, clock.now() + HOUR) if "yesterday" in key]


@pytest.mark.parametrize(
    ("bucket", "how"),
    [
        ("listable", "everybody can list it"),
        ("readable", "everybody can read what is in it"),
        ("readable-in-part", "everybody can read what is in it"),
        ("for-all-customers", r"its settings say so \(GET \?acl\)"),
    ],
)
async def test_a_public_bucket_stops_the_start(shop: Shop, settings: Settings, bucket: str, how: str) -> None:
    named = settings.model_copy(
        update={
            "aws_s3_bucket": bucket,
            "aws_region": "us-east-1",
            "aws_access_key_id": shop.key_id,
            "aws_secret_access_key": shop.storage(bucket).secret,
            "aws_endpoint_url": shop.address,
        }
    )
    with pytest.raises(
        StartRefused, match=f"^The bucket {bucket} is public: {how}. Turn on Block Public Access"
    ):
        async with bootstrap.application(named):
            pytest.fail("it started")


async def test_a_bucket_that_is_only_not_blocked_is_private_enough(shop: Shop, key: str) -> None:
    documents = await open_bucket(shop.storage("unblocked"))
    await documents.put(key, BODY)
    assert await listed(documents, clock.now() + HOUR) == [key]  # and the probe is gone


async def test_wrong_keys_and_no_bucket_stop_the_start(shop: Shop) -> None:
    with pytest.raises(StartRefused, match=r"^The bucket private refuses our key\. Check AWS_ACCESS_KEY_ID"):
        await open_bucket(shop.storage("private", secret="guess"))
    with pytest.raises(StartRefused, match=r"^There is no bucket nowhere at "):
        await open_bucket(shop.storage("nowhere"))


async def test_a_store_that_is_down_stops_nobody_and_is_used_only_once_it_is_known_to_be_private(
    tmp_path: Path, key: str
) -> None:
    port = free_port()
    shop = Shop(f"http://127.0.0.1:{port}", "test", "test")
    documents, public = [await open_bucket(shop.storage(bucket)) for bucket in ("private", "listable")]
    with pytest.raises(DocumentStoreDown) as down:
        await documents.put(key, BODY)
    assert down.value.kind is Kind.UNAVAILABLE
    with s3_peer(tmp_path, port) as late:
        late.ready()
        late.make(PRIVATE, *LISTABLE)
        await documents.put(key, BODY)
        assert await documents.get(key) == BODY
        with structlog.testing.capture_logs() as logs, pytest.raises(DocumentStoreDown):
            await public.put(key, BODY)
        assert [line["event"] for line in logs] == ["document_store_refused"]
        late.kill()
        for call in (documents.put(f"{key}-2", b"x"), documents.get(key), documents.delete([key])):
            with pytest.raises(DocumentStoreDown):
                await call
        with pytest.raises(DocumentStoreDown):
            await listed(documents, clock.now() + HOUR)


@pytest.fixture
def warnings_too() -> Iterator[None]:
    """Let warnings be seen as well; elsewhere tests hear of errors only."""
    usual = structlog.get_config()["wrapper_class"]
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    yield
    structlog.configure(wrapper_class=usual)


@pytest.fixture
def silent() -> Iterator[str]:
    """A server that takes connections and never answers; gives its address."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


async def test_a_store_that_never_answers_is_given_up(
    silent: str, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    soon = timedelta(milliseconds=100)
    monkeypatch.setattr(buckets, "_WHOLE", soon)
    monkeypatch.setattr(privacy, "_TIMEOUT", soon)
    documents = await open_bucket(Shop(silent, "id", "secret").storage("private"))
    with pytest.raises(DocumentStoreDown):
        await documents.put(key, BODY)
    unproved = module.ObstoreDocuments(
        buckets.reach_bucket(Shop(silent, "id", "secret").storage("private")).store
    )
    with pytest.raises(DocumentStoreDown):
        await unproved.get(key)


class Stub:
    """A store of ours that refuses strangers, and says of its settings what it was told to."""

    def __init__(self, settings: dict[bytes, tuple[int, bytes]]) -> None:
        self._settings = settings

    async def __call__(self, scope: Any, _receive: object, send: Any) -> None:
        signed = any(name == b"authorization" for name, _ in scope["headers"])
        status, body = self._settings.get(scope["query_string"], (200, b"")) if signed else (403, b"")
        await send({"type": "http.response.start", "status": status, "headers": [(b"etag", b'"1"')]})
        await send({"type": "http.response.body", "body": body})


NOT_PUBLIC = b"<PolicyStatus><IsPublic>FALSE</IsPublic></PolicyStatus>"
PUBLIC = b"<PolicyStatus><IsPublic>TRUE</IsPublic></PolicyStatus>"


async def test_a_policy_that_amazon_calls_public_stops_the_start() -> None:
    async with serving(Stub({b"policyStatus": (200, PUBLIC)})) as address:
        with pytest.raises(StartRefused, match=r"is public: its settings say so \(GET \?policyStatus\)"):
            await open_bucket(Shop(address, "id", "secret").storage("private"))


@pytest.mark.parametrize(
    ("answers", "unread"),
    [
        pytest.param({b"policyStatus": (200, NOT_PUBLIC)}, [], id="not public"),
        pytest.param({b"policyStatus": (404, b"")}, [], id="no policy"),
        pytest.param({b"policyStatus": (403, b""), b"acl": (501, b"")}, ["acl", "policyStatus"], id="unread"),
    ],
)
async def test_settings_that_cannot_be_read_are_logged(
    warnings_too: None, answers: dict[bytes, tuple[int, bytes]], unread: list[str]
) -> None:
    async with serving(Stub(answers)) as address:
        with structlog.testing.capture_logs() as logs:
            await open_bucket(Shop(address, "id", "secret").storage("private"))
    assert [line["what"] for line in logs if line["event"] == "bucket_settings_unread"] == unread
    assert len(logs) == len(unread)


def media_of(shop: Shop, settings: Settings, *, bucket: str = "readable") -> Media:
    return open_media(
        settings.model_copy(
            update={
                "media_s3_bucket": bucket,
                "media_url": f"{shop.address}/{bucket}",
                "aws_region": "us-east-1",
                "aws_access_key_id": shop.key_id,
                "aws_secret_access_key": SecretStr(shop.secret),
                "aws_endpoint_url": shop.address,
            }
        )
    )


async def test_public_pictures_lie_where_everybody_reads_them(shop: Shop, settings: Settings) -> None:
    media = media_of(shop, settings)
    key = f"pictures/{new_id()}-320.webp"
    await media.put(key, BODY, content_type="image/webp")
    async with httpx.AsyncClient() as stranger:
        shown = await stranger.get(media.url_of(key))
        assert (shown.status_code, shown.content) == (200, BODY)
        assert shown.headers["content-type"] == "image/webp"
        assert shown.headers["cache-control"] == "public, max-age=31536000, immutable"
        later = clock.now() + HOUR
        assert [found async for page in media.list_older(later) for found in page] == [key]
        await media.check()
        await media.delete([key, "pictures/never-320.webp"])
        assert (await stranger.get(media.url_of(key))).status_code in {403, 404}


async def test_a_bucket_that_is_not_there_keeps_no_picture(shop: Shop, settings: Settings) -> None:
    with pytest.raises(MediaStoreDown):
        await media_of(shop, settings, bucket="never-made").put(
            "pictures/a-1.webp", b"x", content_type="image/webp"
        )
    for key in ("../a.webp", "/etc/passwd", "pictures/A.webp", "pictures/a"):
        with pytest.raises(ValueError, match="not a key"):
            await media_of(shop, settings).put(key, b"x", content_type="image/webp")


def test_pictures_never_share_the_bucket_of_papers(settings: Settings) -> None:
    bucket = {
        "AWS_S3_BUCKET": "papers",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "MEDIA_URL": "https://pictures.example",
    }
    given = {
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "JWT_SECRET": settings.jwt_secret,
        "VAULT_MASTER_KEYS": settings.vault_master_keys,
        "NODE_ENV": "test",
    }
    with pytest.raises(ValueError, match="is the bucket of identity papers"):
        Settings.model_validate(given | bucket | {"MEDIA_S3_BUCKET": "papers"})
    with pytest.raises(ValueError, match="also needs MEDIA_URL"):
        Settings.model_validate(given | bucket | {"MEDIA_S3_BUCKET": "pictures", "MEDIA_URL": None})
    chosen = Settings.model_validate(given | bucket | {"MEDIA_S3_BUCKET": "pictures"})
    assert chosen.media_storage is not None
    assert (chosen.media_storage.objects.bucket, chosen.media_storage.url) == (
        "pictures",
        bucket["MEDIA_URL"],
    )
