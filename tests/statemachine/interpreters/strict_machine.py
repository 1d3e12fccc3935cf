"""The deployed machine with the deployed functions and tables, but run by the strict interpreter."""

import hashlib
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from local import clients
from tests import builders
from tests.statemachine.interpreters.strict import StrictInterpreter
from tests.statemachine.machine import Machine, Run, definition_of


class StrictMachine(Machine):
    """Runs what the emulator would run; only the interpreter of the states is another one."""

    @cached_property
    def interpreter(self) -> StrictInterpreter:
        return StrictInterpreter(self.endpoints.aws)

    @cached_property
    def definition(self) -> dict[str, Any]:
        """As deployed, with the functions' ARNs."""
        return definition_of(clients.stepfunctions(self.endpoints.aws), self.endpoints.state_machine)

    def upload(self, key: str, body: bytes = b"a video") -> Run:
        """Run on the event of an upload. The object is not put, or the emulator would run the machine on it too."""
        event = builders.event(key, size=len(body), version=None, etag=hashlib.sha256(body).hexdigest()[:32])
        event["detail"]["bucket"]["name"] = self.endpoints.bucket
        return self.send(event)

    def send(self, event: Mapping[str, Any]) -> Run:
        return self.interpreter.run(self.definition, event)
