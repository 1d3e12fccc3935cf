"""What the face service takes from its environment."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

DEFAULT_HOME = Path(".local/rekognition")
DEFAULT_PORT = 4567
# Faces are personal data: the service has no login of its own, so that nothing but this machine may reach it.
HOST = "127.0.0.1"


@dataclass(frozen=True)
class Settings:
    """Where the service keeps its data and listens.

    Attributes:
        home: the data folder, made when missing.
        port: the TCP port on 127.0.0.1; 0 takes any free one.
        region: the AWS region named in ARNs.
    """

    home: Path = DEFAULT_HOME
    port: int = DEFAULT_PORT
    region: str = "us-east-1"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Read `ROLLCALL_REKOGNITION_HOME`, `ROLLCALL_REKOGNITION_PORT` and `AWS_DEFAULT_REGION`.

        Raises:
            ValueError: the port is no number from 0 to 65535.
        """
        port = environment.get("ROLLCALL_REKOGNITION_PORT", str(DEFAULT_PORT))
        if not port.isdecimal() or int(port) > 65535:
            raise ValueError(f"ROLLCALL_REKOGNITION_PORT must be a number from 0 to 65535, not {port!r}")
        return cls(
            home=Path(environment.get("ROLLCALL_REKOGNITION_HOME") or DEFAULT_HOME),
            port=int(port),
            region=environment.get("AWS_DEFAULT_REGION") or "us-east-1",
        )
