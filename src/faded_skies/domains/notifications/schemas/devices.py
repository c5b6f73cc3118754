"""Devices on the wire."""

from typing import Annotated, Literal

from pydantic import Field

from faded_skies.platform.http.fields import Body, Line, Shape

DeviceToken = Annotated[Line, Field(min_length=1, max_length=4096)]


class RegisterToken(
    Body, json_schema_extra={"examples": [{"token": "the device's token, as the push service gave it"}]}
):
    token: DeviceToken


class SuccessShape(Shape):
    success: Literal[True]
