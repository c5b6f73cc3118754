"""What carries mails and pushes."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from faded_skies.platform.settings.shared import SharedSettings

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


@dataclass(frozen=True)
class MailAccount:
    """The shop's mail server: where, how it is reached, who we are there.

    `ca_file` holds the certificates of whoever signed the server's, None for the machine's own.
    """

    host: str
    port: int
    tls: Literal["starttls", "implicit", "none"]
    user: str | None
    password: SecretStr | None
    ca_file: Path | None


@dataclass(frozen=True)
class FirebaseAccount:
    """The service account that pushes: its key (JSON); `project_id` is None where the key's own counts."""

    key: SecretStr
    project_id: str | None


class MessageSettings(SharedSettings):
    """The mail server, the account that pushes, and how fast promotions leave."""

    from_email: str = Field("noreply@fadedskies.example", alias="FROM_EMAIL")
    smtp_host: str | None = Field(None, alias="SMTP_HOST", min_length=1)
    smtp_port: Annotated[int, Field(ge=1, le=65535)] = Field(587, alias="SMTP_PORT")
    smtp_tls: Literal["starttls", "implicit", "none"] = Field("starttls", alias="SMTP_TLS")
    smtp_user: str | None = Field(None, alias="SMTP_USER", min_length=1)
    smtp_pass: SecretStr | None = Field(None, alias="SMTP_PASS", min_length=1)
    smtp_ca_file: Path | None = Field(None, alias="SMTP_CA_FILE")
    firebase_project_id: str | None = Field(None, alias="FIREBASE_PROJECT_ID", min_length=1)
    firebase_service_account: SecretStr | None = Field(None, alias="FIREBASE_SERVICE_ACCOUNT", min_length=1)
    promotions_a_minute: Annotated[int, Field(ge=1, le=10_000)] = Field(300, alias="PROMOTIONS_A_MINUTE")

    @field_validator("from_email")
    @classmethod
    def _one_address(cls, value: str) -> str:
        if not _ADDRESS.fullmatch(value):
            raise ValueError("write one mail address and nothing else, such as noreply@shop.example")
        return value

    @model_validator(mode="after")
    def _mail_is_safe(self) -> Self:
        if (self.smtp_user is None) != (self.smtp_pass is None):
            raise ValueError("SMTP_USER and SMTP_PASS belong together: set both, or neither")
        if self.smtp_host is None:
            if self.smtp_user is not None:
                raise ValueError("SMTP_USER and SMTP_PASS need SMTP_HOST: say which server they are for")
            return self
        if self.smtp_tls == "none":
            if self.smtp_user is not None:
                raise ValueError(
                    "SMTP_TLS=none would send SMTP_PASS for all to read: use starttls or implicit, or no sign-in"
                )
            if self.environment == "production" and self.smtp_host not in _LOOPBACK:
                raise ValueError(
                    "SMTP_TLS=none is for a mail server on this machine: mails hold links that open accounts"
                )
        if self.smtp_ca_file is not None and not self.smtp_ca_file.is_file():
            raise ValueError("SMTP_CA_FILE names no file; it holds certificates in PEM form")
        return self

    @model_validator(mode="after")
    def _firebase_is_whole(self) -> Self:
        if self.firebase_project_id is not None and self.firebase_service_account is None:
            raise ValueError(
                "FIREBASE_PROJECT_ID needs FIREBASE_SERVICE_ACCOUNT: the key's JSON, or FIREBASE_SERVICE_ACCOUNT_FILE "
                "that names its file"
            )
        return self

    @property
    def mail(self) -> MailAccount | None:
        """The mail server, None when there is none."""
        if self.smtp_host is None:
            return None
        return MailAccount(
            self.smtp_host, self.smtp_port, self.smtp_tls, self.smtp_user, self.smtp_pass, self.smtp_ca_file
        )

    @property
    def firebase(self) -> FirebaseAccount | None:
        """The account that pushes, None when there is none."""
        if self.firebase_service_account is None:
            return None
        return FirebaseAccount(self.firebase_service_account, self.firebase_project_id)
