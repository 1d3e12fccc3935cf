"""The environment variables the parts of the stack are given: a list of what may pass, so that nothing else does.

The emulated Lambdas inherit the emulator's whole environment. A developer's own AWS profile, keys or proxy in it would
let a handler talk to a real account; hence an allow list and not a block list.
"""

import os
from pathlib import Path

REGION = "us-east-1"
ACCESS_KEY = "000000000000"
"""The emulator takes a 12-digit access key for the account of that number."""

SECRET_KEY = "local"  # noqa: S105 (nothing checks it)

_ON_THIS_MACHINE = "127.0.0.1,localhost"

_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TERM", "PYTHONDONTWRITEBYTECODE", "LD_LIBRARY_PATH")


def clean_environment(temporary: Path) -> dict[str, str]:
    """What every child of the stack gets: system variables, a temp folder of its own, and no way to a real account."""
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return kept | account_environment() | {"TMPDIR": str(temporary), "PYTHONUNBUFFERED": "1"}


def account_environment() -> dict[str, str]:
    """The emulated account, and nothing of the developer's own; it is reached past any proxy of the network."""
    return {
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": _ON_THIS_MACHINE,
        "no_proxy": _ON_THIS_MACHINE,
    }


def forget_real_accounts() -> None:
    """Drop the AWS profile, keys and endpoints of this very process, for programs that only speak to a local stack."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(account_environment())
