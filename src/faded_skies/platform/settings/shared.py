"""What every group of settings stands on."""

from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class SharedSettings(BaseSettings):
    """How settings are read, and the one that other groups judge by."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_file=None, populate_by_name=True)

    environment: Literal["production", "development", "test"] = Field("production", alias="NODE_ENV")
