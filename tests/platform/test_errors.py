"""Sentences for what pydantic refuses, and for what validators of ours refuse by its names."""

from typing import Annotated, Any

import pytest
from pydantic import AfterValidator, Field, TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from faded_skies.platform.http.errors import sentence


def _refuse(kind: str, **context: Any) -> Any:
    def validate(_: str) -> str:
        raise PydanticCustomError(kind, "Search for at least three letters", context or None)

    return Annotated[str, AfterValidator(validate)]


def told(kind: Any, value: object) -> str:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(kind).validate_python(value)
    [error] = caught.value.errors()
    return sentence(error)


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (Annotated[str, Field(min_length=3)], "a", "Write at least 3 characters."),
        (Annotated[list[int], Field(max_length=1)], [1, 2], "Give at most 1 of them."),
        (Annotated[int, Field(ge=1)], 0, "This must be at least 1."),
        (_refuse("too_short"), "a", "Search for at least three letters."),
        (_refuse("greater_than", least=3), "a", "Search for at least three letters."),
        (_refuse("too_short", min_length=3), "a", "Write at least 3 characters."),
    ],
)
def test_a_refusal_has_its_sentence_also_by_a_name_of_pydantics_without_its_bound(
    kind: Any, value: object, expected: str
) -> None:
    assert told(kind, value) == expected
