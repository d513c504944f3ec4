"""Settings: one frozen tree with defaults that run on a bare laptop. Read once, in `services.wire`.

Each is an environment variable: `PLANTROOM_PORT=8500`, `PLANTROOM_LLM__URL=http://gpu-box:8000/v1`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, HttpUrl, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from ontology.errors import BadRequest


class Llm(BaseModel):
    """The language model; without a URL, playbooks answer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: HttpUrl | None = Field(
        default=None, description="OpenAI-compatible server, such as http://127.0.0.1:8000/v1"
    )
    model: str = Field(default="", description="model name; empty: the first one the server offers")
    api_key: SecretStr = Field(
        default=SecretStr(""), description="bearer token of the model server"
    )
    timeout_s: float = Field(
        default=60.0, gt=0, le=600, description="silence after which the model counts as dead"
    )
    prompt: Literal["full", "short"] = Field(
        default="full", description="short: for a model fine-tuned on `plantroom llm data` only"
    )


class Mqtt(BaseModel):
    """A LoRaWAN network server's broker; without a host, uplinks come by webhook."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field(default="", description="MQTT broker; empty: none")
    port: int = Field(default=1883, ge=1, le=65_535, description="MQTT port")
    user: str = Field(default="", max_length=256, description="user at the broker; empty: none")
    password: SecretStr = Field(default=SecretStr(""), description="that user's password")
    tls: bool = Field(default=False, description="encrypt, and check the broker's certificate")
    ca_file: Path | None = Field(
        default=None, description="certificate of the broker's authority; empty: the system's"
    )
    version: Literal["5", "3.1.1"] = Field(
        default="5", description="MQTT version; The Things Stack knows 3.1.1 only"
    )
    identifier: str = Field(
        default="plantroom",
        min_length=1,
        max_length=64,
        description="our name at the broker, which keeps messages for it; one for each Plantroom",
    )


class Forward(BaseModel):
    """An edge box: what its lines give goes to a Plantroom server instead of a history of its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: HttpUrl | None = Field(
        default=None, description="the server of an edge box, such as https://plantroom.example"
    )
    secret: SecretStr = Field(
        default=SecretStr(""), description="that server's PLANTROOM_WEBHOOK_SECRET"
    )
    box: str = Field(
        default="",
        max_length=60,
        pattern=r"^[\w.-]*$",
        description="name of this box; empty: its host name",
    )
    ca: Path | None = Field(
        default=None,
        description="PEM file of the site's own certificate authority, where it has one",
    )
    most_rows: int = Field(
        default=10_000_000,
        ge=1_000,
        description="samples kept while the server is away; then the oldest go",
    )


class Haystack(BaseModel):
    """The Haystack HTTP API at /haystack, read-only; without user and password it is off."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    user: str = Field(
        default="", max_length=128, description="user of the Haystack API; empty: the API is off"
    )
    password: SecretStr = Field(
        default=SecretStr(""), description="that user's password; empty: the API is off"
    )


class Settings(BaseSettings):
    """Everything that can be set from outside."""

    model_config = SettingsConfigDict(
        env_prefix="PLANTROOM_", env_nested_delimiter="__", frozen=True, extra="forbid"
    )

    home: Path = Field(
        default=Path("var/riverside"), description="folder of records, history, index and documents"
    )
    models: Path = Field(default=Path("var/models"), description="folder of the embedding model")
    records_url: str = Field(
        default="", description="SQLAlchemy URL of the records; empty: SQLite in `home`"
    )
    history_url: SecretStr = Field(
        default=SecretStr(""),
        description="postgresql://user:password@host/name of the history; empty: DuckDB in `home`",
    )
    host: str = Field(
        default="127.0.0.1",
        description="address to serve on; others than loopback need a reverse proxy with authentication",
    )
    port: int = Field(
        default=8400, ge=0, le=65_535, description="port to serve on; 0: any free one"
    )
    webhook_secret: SecretStr = Field(
        default=SecretStr(""),
        description="secret of POST /api/ingest/lorawan; empty: a new one at each start",
    )
    tariff_per_kwh: float = Field(
        default=4.2,
        gt=0,
        description="electricity price per kWh in the site's currency (THB in the demo)",
    )
    detect_every_s: float = Field(
        default=600.0, ge=10, description="seconds between two runs of the fault rules"
    )
    llm: Llm = Field(default=Llm(), description="the language model")
    mqtt: Mqtt = Field(default=Mqtt(), description="the LoRaWAN broker")
    forward: Forward = Field(default=Forward(), description="the server of an edge box")
    haystack: Haystack = Field(default=Haystack(), description="the Haystack HTTP API")

    @property
    def records_db(self) -> str:
        """The URL of the records database."""
        return self.records_url or f"sqlite:///{self.home / 'records.db'}"

    @property
    def history_place(self) -> Path | str:
        """The file or URL of the history. A URL may hold a secret: show it with `histories.shown` only."""
        return self.history_url.get_secret_value() or self.home / "history.duckdb"


def load_settings(**given: object) -> Settings:
    """Settings from the environment, `given` wins. Raises BadRequest naming the variable."""
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except SettingsError as cause:
        raise BadRequest(
            f"the environment: {cause}",
            hint="groups are set one by one, such as PLANTROOM_LLM__URL; see docs/reference-settings.md",
        ) from cause
    except ValidationError as cause:
        first = cause.errors()[0]
        name = "PLANTROOM_" + "__".join(str(part) for part in first["loc"]).upper()
        raise BadRequest(
            f"{name}: {first['msg']}", hint="see docs/reference-settings.md"
        ) from cause
