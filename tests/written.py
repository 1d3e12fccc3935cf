"""`python -m tests.written` writes the files that are made from the machine, the schemas and the recorded events.

Tests hold the files against what would be written.
"""

from tests import contracts_page
from tests.statemachine.mocks import config_file

WRITTEN = {config_file.PATH: config_file.text, contracts_page.PATH: contracts_page.text}
"""File ▶ what makes its text."""


def main() -> None:
    """Write the files."""
    for path, text in WRITTEN.items():
        path.write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    main()
