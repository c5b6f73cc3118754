"""What the fields of an account look like on the wire."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from faded_skies.domains.identity import rules
from faded_skies.platform import clock
from faded_skies.platform.http.fields import Line, Text


def refuse(sentence: str) -> PydanticCustomError:
    return PydanticCustomError("field_rule", "{sentence}", {"sentence": sentence})


def _obeys(problem: Callable[[str], str | None]) -> AfterValidator:
    def check(text: str) -> str:
        if sentence := problem(text):
            raise refuse(sentence)
        return text

    return AfterValidator(check)


def _read_birth_date(value: object) -> date:
    try:
        born = rules.birth_date_of(value if isinstance(value, str) else "")
    except ValueError as error:
        raise refuse(str(error)) from None
    # Whether they are of age is judged by the shop's calendar; here, that the day has come anywhere on earth.
    if sentence := rules.birth_date_problem(born, today=(clock.now() + timedelta(hours=14)).date()):
        raise refuse(sentence)
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
