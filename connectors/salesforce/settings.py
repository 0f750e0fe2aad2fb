"""Settings of the Salesforce poller and client; whoever reads the environment builds one of these."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from connectors.salesforce.objects import PolledObject
from connectors.variables import variable


class SalesforceSettings(BaseModel):
    """One Salesforce org as one system instance."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    system: str = Field(default="crm", description="System instance; names the topics and the transactional id.")
    base_url: str = Field(description="My Domain address; the token endpoint is asked there.")
    client_id: str
    client_secret: SecretStr
    api_version: str = "62.0"
    timeout_seconds: float = Field(default=30, gt=0)
    poll_interval_seconds: float = Field(default=30, gt=0, description="Grows as the day's API allowance shrinks.")
    look_back_seconds: int = Field(
        default=600,
        ge=1,
        description="How late a row may show. The watermark trails by it: it is part of every verdict's delay.",
    )
    page_size: int = Field(default=2000, ge=1, le=2000, description="Rows asked for at a time, and per transaction.")
    objects: tuple[PolledObject, ...] = Field(min_length=1, description="As governance maps them.")
    bootstrap_servers: str
    kafka_client: dict[str, str] = Field(
        default_factory=dict, repr=False, description="Further librdkafka client settings: how to get into the cluster."
    )
    registry_url: str = ""
    registry_client: dict[str, str] = Field(default_factory=dict, repr=False)
    partitions: int = Field(ge=1, description="The governed number of partitions; the source topic must have as many.")

    @property
    def client(self) -> dict[str, str]:
        """What every Kafka client of the poller is built from."""
        return {"bootstrap.servers": self.bootstrap_servers, **self.kafka_client}

    @classmethod
    def from_environment(cls, environment: Mapping[str, str], **given: Any) -> Self:
        """Address and credentials from DRIFTWISE_<SYSTEM>_URL, _CLIENT_ID, _CLIENT_SECRET; the rest as given.

        Each may instead be the content of a file that the same name with _FILE points to. Raises ValueError with
        all the places searched if one is missing.
        """
        system = given.get("system", "crm")
        fields = ("base_url", "client_id", "client_secret")
        found = {f: crm_setting(environment, system, n) for f, n in zip(fields, CRM_SETTINGS, strict=True)}
        return cls.model_validate({**found, **given})


CRM_SETTINGS = ("URL", "CLIENT_ID", "CLIENT_SECRET")


def crm_setting(environment: Mapping[str, str], system: str, setting: str) -> str:
    """One of CRM_SETTINGS of a system instance; raises ValueError with the places searched."""
    name = variable(system, setting)
    if value := environment.get(name):
        return value
    if path := environment.get(f"{name}_FILE"):
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as problem:
            raise ValueError(f"Salesforce: {name}_FILE names {path}, which cannot be read ({problem})") from None
    raise ValueError(f"Salesforce: neither {name} nor {name}_FILE is set in the environment")
