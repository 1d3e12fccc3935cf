"""By which names a service of this machine lets itself be called."""

from ipaddress import ip_address
from urllib.parse import urlsplit

# The second is this machine as containers on it know it.
LOCAL_NAMES = frozenset({"localhost", "host.docker.internal"})


def is_local(host: str) -> bool:
    """Whether a Host header is an address, or a name that is this machine's everywhere.

    A name of the internet is how a web page gets a browser to talk to local services (DNS rebinding). Addresses are
    fine: they cannot be rebound.
    """
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name in LOCAL_NAMES or name.endswith(".localhost") or bool(ip_address(name))
    except ValueError:
        return False
