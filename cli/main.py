"""The command line: `rollcall`."""

import click

from cli.adopt import adopt
from cli.export import export
from cli.process import process
from cli.retention import retention
from cli.session import session
from cli.students import students
from cli.users import users


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--stack",
    envvar="ROLLCALL_STACK",
    show_envvar=True,
    metavar="NAME",
    help="Work on the stack of this name on AWS, with your own credentials and region. [default: the local one]",
)
@click.version_option(package_name="rollcall")
@click.pass_context
def main(context: click.Context, stack: str | None) -> None:
    """Turns a recorded class video into a complete attendance register."""
    context.obj = stack


for command in (students, process, session, users, export, retention, adopt):
    main.add_command(command)

if __name__ == "__main__":
    main()
