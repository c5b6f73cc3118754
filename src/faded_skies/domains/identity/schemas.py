"""Accounts on the wire."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, field_validator
from pydantic_core import PydanticCustomError

from faded_skies.domains.identity import rules
from faded_skies.domains.identity.models import Grant, User
from faded_skies.platform import clock
from faded_skies.platform.actor import Role
from faded_skies.platform.calendar import completed_years
from faded_skies.platform.http.fields import Body, Line, Shape, Text
from faded_skies.platform.tokens import AccessTokens


def _refuse(sentence: str) -> PydanticCustomError:
    return PydanticCustomError("field_rule", "{sentence}", {"sentence": sentence})


def _obeys(problem: Callable[[str], str | None]) -> AfterValidator:
    def check(text: str) -> str:
        if sentence := problem(text):
            raise _refuse(sentence)
        return text

    return AfterValidator(check)


def _read_birth_date(value: object) -> date:
    try:
        born = rules.birth_date_of(value if isinstance(value, str) else "")
    except ValueError as error:
        raise _refuse(str(error)) from None
    if sentence := rules.birth_date_problem(born, today=rules.local_day(clock.now())):
        raise _refuse(sentence)
    return born


Name = Annotated[
    Line, _obeys(rules.name_problem), Field(json_schema_extra={"minLength": 2, "maxLength": 100})
]
Email = Annotated[
    Line,
    _obeys(rules.email_problem),
    Field(
        json_schema_extra={"format": "email", "maxLength": rules.MOST_EMAIL}, examples=["maya@example.com"]
    ),
]
Phone = Annotated[
    Text,
    _obeys(rules.phone_problem),
    Field(json_schema_extra={"pattern": r"^\([0-9]{3}\) [0-9]{3}-[0-9]{4}$"}, examples=["(512) 555-0134"]),
]
NewPassword = Annotated[
    Text,
    _obeys(rules.password_problem),
    Field(
        json_schema_extra={"format": "password", "minLength": 8, "maxLength": rules.MOST_PASSWORD},
        description=f"With a lower-case and an upper-case letter, a digit and one of {rules.SPECIALS}",
        examples=["Demo-Skies-42!"],
    ),
]
BirthDate = Annotated[
    date,
    BeforeValidator(_read_birth_date),
    WithJsonSchema({"type": "string", "format": "date", "examples": ["1991-04-12"]}),
]
Secret = Annotated[Text, Field(min_length=1, max_length=1024)]
"""A password or token as given: too strange a one is simply wrong."""


class Register(
    Body,
    json_schema_extra={
        "examples": [
            {
                "fullName": "Maya Okafor",
                "email": "maya@example.com",
                "password": "Demo-Skies-42!",
                "phone": "(512) 555-0134",
                "dateOfBirth": "1990-05-17",
            }
        ]
    },
):
    full_name: Name
    email: Email
    password: NewPassword
    phone: Phone
    date_of_birth: BirthDate


class Login(
    Body, json_schema_extra={"examples": [{"email": "maya@example.com", "password": "Demo-Skies-42!"}]}
):
    email: Annotated[Line, Field(max_length=rules.MOST_EMAIL)]
    password: Secret


class Refresh(
    Body, json_schema_extra={"examples": [{"refreshToken": "the refreshToken of your last sign-in"}]}
):
    refresh_token: Secret


class ForgotPassword(Body, json_schema_extra={"examples": [{"email": "maya@example.com"}]}):
    email: Email


class ResetPassword(
    Body,
    json_schema_extra={
        "examples": [{"token": "the token of the mailed link", "newPassword": "Demo-Skies-43!"}]
    },
):
    token: Secret
    new_password: NewPassword


class VerifyEmail(Body, json_schema_extra={"examples": [{"token": "the token of the mailed link"}]}):
    token: Secret


class ChangeProfile(Body, json_schema_extra={"examples": [{"phone": "(512) 555-0177"}]}):
    """An absent field stays as it is."""

    full_name: Name | None = None
    phone: Phone | None = None
    email: Email | None = None

    @field_validator("full_name", "phone", "email", mode="before")
    @classmethod
    def _not_null(cls, value: object) -> object:
        if value is None:
            raise _refuse("Write a value, or leave this field out to keep it as it is.")
        return value


class UserShape(Shape):
    """A person, as they see themselves."""

    id: UUID
    email: str
    email_verified: bool
    full_name: str
    phone: str | None
    date_of_birth: date | None
    age: int | None = Field(description="Whole years today, at the shop.")
    role: Role
    id_verified: bool = Field(description="The ID is approved and not out of date.")
    id_verification_status: Literal["pending", "processing", "approved", "rejected"]
    rewards_balance: int = Field(description="Coins; one is worth a cent.")
    account_status: Literal["active", "suspended", "closed"]
    last_login_at: datetime | None
    created_at: datetime
    updated_at: datetime


class ProfileShape(Shape):
    user: UserShape


class TokensShape(Shape):
    access_token: str
    refresh_token: str
    token_type: Literal["Bearer"]
    expires_in: int = Field(description="Seconds until the access token expires.")


class SignedInShape(TokensShape):
    user: UserShape


class MessageShape(Shape):
    message: str


def present_user(user: User) -> dict[str, object]:
    """Return the `user` of the wire; what is computed, as of today."""
    today = rules.local_day(clock.now())
    born = user.date_of_birth
    return {
        "id": user.id,
        "email": user.email,
        "emailVerified": user.email_verified,
        "fullName": user.full_name,
        "phone": user.phone,
        "dateOfBirth": born,
        "age": None if born is None else completed_years(born, on=today),
        "role": user.role,
        "idVerified": rules.id_is_good(
            today, status=user.id_verification_status, expires_on=user.id_expires_on
        ),
        "idVerificationStatus": user.id_verification_status,
        "rewardsBalance": user.rewards_balance,
        "accountStatus": user.account_status,
        "lastLoginAt": user.last_login_at,
        "createdAt": user.created_at,
        "updatedAt": user.updated_at,
    }


def present_tokens(grant: Grant, tokens: AccessTokens) -> dict[str, object]:
    """Return a fresh access token with the refresh token that follows it."""
    return {
        "accessToken": tokens.issue(user_id=grant.user_id, session_id=grant.session_id),
        "refreshToken": grant.refresh_token,
        "tokenType": "Bearer",
        "expiresIn": int(tokens.lifetime.total_seconds()),
    }
