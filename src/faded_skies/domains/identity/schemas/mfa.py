"""Second factors on the wire."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from faded_skies.domains.identity.models import Enrolment, SecondFactorStatus
from faded_skies.domains.identity.schemas.fields import Secret
from faded_skies.platform.http.fields import Body, Line, Shape

Code = Annotated[
    Line,
    Field(
        max_length=64,
        description="Six digits of the authenticator app, or a recovery code; blanks and dashes do not matter.",
    ),
]


class FinishSignIn(
    Body, json_schema_extra={"examples": [{"mfaToken": "the mfaToken of the sign-in", "code": "123456"}]}
):
    mfa_token: Secret
    code: Code


class BeginSecondFactor(Body, json_schema_extra={"examples": [{"password": "Demo-Skies-42!"}]}):
    """`password` by whoever has one; `code` of the present second factor by whoever replaces it."""

    password: Secret | None = None
    code: Code | None = None


class ConfirmSecondFactor(Body, json_schema_extra={"examples": [{"code": "123456"}]}):
    code: Code


class RemoveSecondFactor(
    Body, json_schema_extra={"examples": [{"password": "Demo-Skies-42!", "code": "123456"}]}
):
    """`password` by whoever has one."""

    password: Secret | None = None
    code: Code


class RenewRecoveryCodes(Body, json_schema_extra={"examples": [{"code": "123456"}]}):
    code: Code


class SecondFactorShape(Shape):
    """Whether one has a second factor, and whether one must."""

    enabled: bool
    enrolled_at: datetime | None
    recovery_codes_left: int
    required: bool = Field(description="One's role needs a second factor in this shop.")


class EnrolmentShape(Shape):
    """What the authenticator app needs, shown once."""

    secret: str = Field(description="In base32, to be typed into an app.")
    otpauth_url: str = Field(description="The same with its settings, to be shown as a QR code.")


class RecoveryCodesShape(Shape):
    recovery_codes: list[str] = Field(description="Each works once in place of a code; shown only now.")


def present_second_factor(status: SecondFactorStatus | None, *, required: bool) -> dict[str, object]:
    return {
        "enabled": status is not None,
        "enrolledAt": None if status is None else status.enrolled_at,
        "recoveryCodesLeft": 0 if status is None else status.recovery_codes_left,
        "required": required,
    }


def present_enrolment(enrolment: Enrolment) -> dict[str, object]:
    return {"secret": enrolment.secret, "otpauthUrl": enrolment.url}
