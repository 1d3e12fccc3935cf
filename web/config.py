"""What the web needs to know beyond the settings every part shares."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from attendance.errors import SettingsError
from attendance.settings import Settings

MIN_SECRET_KEY = 32
"""Characters; 16 random bytes in hex, the least that cannot be guessed."""


@dataclass(frozen=True)
class WebConfig:
    """The configuration of one web application.

    Attributes:
        secret_key: signs sessions and form tokens.
        settings: names of tables, buckets and the collection.
        local_http: served over plain http on this machine only, where a Secure cookie would not be sent back.
        trusted_hosts: host names a request may be addressed to; empty for any.
        is_search_charged: whether Amazon Rekognition searches the videos, and not a face service of one's own.
        is_function: runs as a Lambda function, which takes and gives less than a server.
        rate_limits_table: where rate limits are counted; empty for this process's memory.
        session_minutes: how long a session lasts without a request.
    """

    secret_key: str = field(repr=False)
    settings: Settings
    local_http: bool = False
    trusted_hosts: tuple[str, ...] = ()
    is_search_charged: bool = False
    is_function: bool = False
    rate_limits_table: str = ""
    session_minutes: int = 120

    def __post_init__(self) -> None:
        if len(self.secret_key) < MIN_SECRET_KEY:
            raise SettingsError(
                f"Set the environment variable SECRET_KEY to at least {MIN_SECRET_KEY} random characters, for example "
                "the output of: python3 -c 'import secrets; print(secrets.token_hex(32))'"
            )

    @classmethod
    def from_environment(cls, *, local_http: bool, environment: Mapping[str, str] = os.environ) -> Self:
        """Read SECRET_KEY, RATE_LIMITS_TABLE if it is set, and the shared settings; what is not local is a function.

        Raises:
            SettingsError: a variable is missing or not what it should be; the message names it.
        """
        return cls(
            secret_key=environment.get("SECRET_KEY", ""),
            settings=Settings.from_environment(environment),
            local_http=local_http,
            is_function=not local_http,
            rate_limits_table=environment.get("RATE_LIMITS_TABLE", ""),
            is_search_charged=not environment.get("AWS_ENDPOINT_URL_REKOGNITION"),
            trusted_hosts=("127.0.0.1", "localhost") if local_http else (),
        )
