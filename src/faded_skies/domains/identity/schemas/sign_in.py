"""Registering, signing in and mailed links on the wire."""

from typing import Annotated, Literal

from pydantic import Field

from faded_skies.domains.identity import rules
from faded_skies.domains.identity.models import Challenge, Grant
from faded_skies.domains.identity.schemas.fields import BirthDate, Email, Name, NewPassword, Phone, Secret
from faded_skies.domains.identity.schemas.people import UserShape
from faded_skies.platform.http.fields import Body, Line, Shape
from faded_skies.platform.tokens import AccessTokens


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


class TokensShape(Shape):
    access_token: str
    refresh_token: str
    token_type: Literal["Bearer"]
    expires_in: int = Field(description="Seconds until the access token expires.")


class SignedInShape(TokensShape):
    user: UserShape


class SecondFactorDueShape(Shape):
    """The first factor was right; POST /api/auth/mfa with the token and a code within five minutes."""

    mfa_required: Literal[True]
    mfa_token: str


class MessageShape(Shape):
    message: str


def present_challenge(challenge: Challenge) -> dict[str, object]:
    """Return the answer to who still has to give a code."""
    return {"mfaRequired": True, "mfaToken": challenge.token}


def present_tokens(grant: Grant, tokens: AccessTokens) -> dict[str, object]:
    """Return a fresh access token with the refresh token that follows it."""
    return {
        "accessToken": tokens.issue(user_id=grant.user_id, session_id=grant.session_id),
        "refreshToken": grant.refresh_token,
        "tokenType": "Bearer",
        "expiresIn": int(tokens.lifetime.total_seconds()),
    }
