"""What an emulated function's `bootstrap` runs: AWS's own runtime client, in a process that ends with the emulator."""

import os
import runpy
from pathlib import Path

from local.parent import EMULATOR_LOCK, exit_when_released


def main() -> None:
    """Serve invocations of the handler named on the command line until the emulator is gone."""
    lock = os.environ.pop(EMULATOR_LOCK, "")
    if lock:
        exit_when_released(Path(lock))
    runpy.run_module("awslambdaric", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
