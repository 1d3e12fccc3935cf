"""The command line: `rollcall`."""

import click

from cli.export import export
from cli.process import process
from cli.retention import retention
from cli.session import session
from cli.students import students
from cli.users import users


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="rollcall")
def main() -> None:
    """Turns a recorded class video into a complete attendance register."""


for command in (students, process, session, users, export, retention):
    main.add_command(command)

if __name__ == "__main__":
    main()
