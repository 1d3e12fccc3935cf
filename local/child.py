"""`python -m local.child MODULE`: runs a program of the stack in a process that ends with the one that started it."""

import runpy
import sys

from local.parent import stop_when_the_parent_ends


def main() -> None:
    """Run MODULE as `python -m MODULE` would."""
    module = sys.argv.pop(1)
    stop_when_the_parent_ends()
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
