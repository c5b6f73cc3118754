"""Where sealed papers and public pictures lie."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, SecretStr, model_validator

from faded_skies.platform.settings.shared import SharedSettings


@dataclass(frozen=True)
class ObjectStorage:
    """A bucket, its region, the key that opens it; `endpoint` is None for Amazon's own."""

    bucket: str
    region: str
    key_id: str
    secret: SecretStr
    endpoint: str | None


@dataclass(frozen=True)
class MediaStorage:
    """The bucket of public pictures, and the address under which everybody reads it."""

    objects: ObjectStorage
    url: str


class StorageSettings(SharedSettings):
    """Folders of this machine, or buckets."""

    vault_folder: Path | None = Field(None, alias="VAULT_FOLDER")
    aws_s3_bucket: str | None = Field(None, alias="AWS_S3_BUCKET")
    aws_region: str | None = Field(None, alias="AWS_REGION")
    aws_access_key_id: str | None = Field(None, alias="AWS_ACCESS_KEY_ID")
    aws_secret_access_key: SecretStr | None = Field(None, alias="AWS_SECRET_ACCESS_KEY")
    aws_endpoint_url: str | None = Field(None, alias="AWS_ENDPOINT_URL")
    media_s3_bucket: str | None = Field(None, alias="MEDIA_S3_BUCKET")
    media_url: Annotated[str, Field(pattern=r"^https?://\S+$")] | None = Field(None, alias="MEDIA_URL")

    @model_validator(mode="after")
    def _bucket_is_whole(self) -> Self:
        if self.aws_s3_bucket and not (
            self.aws_region and self.aws_access_key_id and self.aws_secret_access_key
        ):
            raise ValueError(
                "AWS_S3_BUCKET also needs AWS_REGION, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; "
                "without a bucket pictures go to VAULT_FOLDER"
            )
        return self

    @model_validator(mode="after")
    def _media_are_apart(self) -> Self:
        if self.media_s3_bucket is None:
            return self
        if self.media_s3_bucket == self.aws_s3_bucket:
            raise ValueError(
                "MEDIA_S3_BUCKET is the bucket of identity papers; everybody can read it, so name another one"
            )
        if not (self.media_url and self.aws_region and self.aws_access_key_id and self.aws_secret_access_key):
            raise ValueError(
                "MEDIA_S3_BUCKET also needs MEDIA_URL, AWS_REGION, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; "
                "without a bucket pictures of products go to media/ in FADED_SKIES_DATA"
            )
        return self

    @property
    def object_storage(self) -> ObjectStorage | None:
        """The bucket of sealed pictures, None for the local folder."""
        return self._bucket(self.aws_s3_bucket)

    @property
    def media_storage(self) -> MediaStorage | None:
        """The bucket of public pictures, None for the local folder."""
        objects = self._bucket(self.media_s3_bucket)
        return None if objects is None or self.media_url is None else MediaStorage(objects, self.media_url)

    def _bucket(self, name: str | None) -> ObjectStorage | None:
        if not (name and self.aws_region and self.aws_access_key_id and self.aws_secret_access_key):
            return None
        return ObjectStorage(
            bucket=name,
            region=self.aws_region,
            key_id=self.aws_access_key_id,
            secret=self.aws_secret_access_key,
            endpoint=self.aws_endpoint_url,
        )
