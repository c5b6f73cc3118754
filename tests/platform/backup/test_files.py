"""Every file that a row names is in the backup, under whatever address; what cannot be a file is told, not fatal."""

from pathlib import Path

import httpx
import pytest

from factories.catalog import make_product
from factories.identity import signed_in
from factories.papers import front, saved
from faded_skies import bootstrap, registry
from faded_skies.adapters.object_store.published import PublishedFolder
from faded_skies.bootstrap import Application
from faded_skies.platform.actor import Role
from faded_skies.platform.backup.manifest import Manifest
from faded_skies.platform.backup.taking import take
from faded_skies.platform.documents.errors import DocumentGone
from faded_skies.platform.settings import Settings

NAMES_OF_NO_FILE = ["coa%20a.pdf", "coa.pdf?v=2", "../x", ".hidden", "a//b", "", "/etc/passwd", "x" * 256]
CACHE = "https://cdn.example.com/shop"


async def taken(settings: Settings, path: Path, *, media_bucket: bool = False) -> Manifest:
    return await take(
        settings.database_url,
        path,
        keyring=None,
        release="1",
        kinds=registry.files_kept(media_bucket=media_bucket),
        places=await bootstrap.places(settings),
        told=lambda _: None,
    )


@pytest.mark.parametrize("name", NAMES_OF_NO_FILE)
async def test_what_no_file_can_be_called_is_not_there(tmp_path: Path, name: str) -> None:
    (tmp_path / "x").write_bytes(b"a secret beside the folder")
    folder = tmp_path / "media"
    folder.mkdir()
    with pytest.raises(DocumentGone):
        await PublishedFolder(folder).get(name)
    with pytest.raises(ValueError, match="no name of a picture"):
        await PublishedFolder(folder).put(name, b"x")


async def test_a_row_that_names_nonsense_is_told_and_the_rest_is_kept(
    app: Application, settings: Settings, tmp_path: Path
) -> None:
    (settings.data / "media" / "coa.pdf").write_bytes(b"%PDF")
    for name in ("coa.pdf", *NAMES_OF_NO_FILE):
        await make_product(app.ports.db, f"Haze {name}"[:200], lab_results_url=f"/media/{name}")
    whole = await taken(settings, tmp_path / "a.backup")
    assert [file.key for file in whole.files] == ["coa.pdf"]
    assert sorted(one.key for one in whole.unfound) == sorted(NAMES_OF_NO_FILE)
    assert not any(one.deleted for one in whole.unfound), "MISSING, in the words of the command"


async def test_pictures_behind_a_cache_are_in_the_backup(settings: Settings, tmp_path: Path) -> None:
    cached = settings.model_copy(update={"media_url": CACHE})
    for behind in (settings, cached):
        async with (
            bootstrap.application(behind) as app,
            httpx.AsyncClient(transport=httpx.ASGITransport(app=app.asgi), base_url="http://test") as client,
        ):
            admin = await signed_in(app, Role.ADMIN)
            product_id = await make_product(app.ports.db)
            answer = await client.post(
                f"/api/admin/products/{product_id}/images",
                files={"file": ("jar.jpg", saved(front((900, 600))), "image/jpeg")},
                data={"altText": "A jar"},
                headers=admin.headers,
            )
            assert answer.status_code == 201, answer.text
    [image] = answer.json()["images"]
    assert image["imageUrl"] == f"{CACHE}/pictures/{image['id']}-800.webp"
    there = {f"pictures/{path.name}" for path in (settings.data / "media" / "pictures").iterdir()}

    whole = await taken(cached, tmp_path / "a.backup")
    assert len(there) > 2
    assert sorted(file.key for file in whole.files) == sorted(there)
    assert whole.unfound == []

    in_bucket = await taken(cached, tmp_path / "b.backup", media_bucket=True)
    assert {file.key for file in in_bucket.files} == {key for key in there if image["id"] not in key}
    assert in_bucket.unfound == [], "what lies in the bucket is the bucket's"
