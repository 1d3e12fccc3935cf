"""Lets containers on this machine reach the stack, which itself listens on the loopback address only.

A container sees its host under an address of the containers' network (172.17.0.1 with Docker on Linux). When a person
names that address in `ROLLCALL_BRIDGE`, the ports of the stack are opened there too and passed on.
"""

import asyncio
import os
from ipaddress import IPv4Address

from local.errors import SettingError
from local.network import HOST

BRIDGE = "ROLLCALL_BRIDGE"
"""The address of this machine on the containers' network; unset or empty for none."""

PORTS = "ROLLCALL_BRIDGE_PORTS"
"""The ports to pass on, with commas between them."""

_CHUNK = 1 << 16


def check_address(address: str) -> None:
    """Do nothing for an address of a network of this machine's own.

    Raises:
        SettingError: it is none, or the whole world could reach the stack there.
    """
    try:
        named = IPv4Address(address)
        is_own = not (named.is_global or named.is_unspecified or named.is_multicast)
    except ValueError:
        is_own = False
    if not is_own:
        raise SettingError(
            f"{BRIDGE} must be this machine's address on the containers' network, such as 172.17.0.1, not {address!r}: "
            "whoever reaches it can read and change everything."
        )


async def serve(address: str, ports: list[int]) -> None:
    """Pass connections to `address` on to the loopback address, port by port, for ever.

    Raises:
        OSError: nothing can listen on one of the ports.
    """
    servers = [await _listen(address, port) for port in ports]
    await asyncio.gather(*(server.serve_forever() for server in servers))


async def _listen(address: str, port: int) -> asyncio.Server:
    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there_reader, there_writer = await asyncio.open_connection(HOST, port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(_copy(reader, there_writer), _copy(there_reader, writer))

    return await asyncio.start_server(pass_on, address, port)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass  # one side hung up: so does the other
    finally:
        writer.close()


def main() -> None:
    """Serve until told to stop."""
    asyncio.run(serve(os.environ[BRIDGE], [int(port) for port in os.environ[PORTS].split(",")]))


if __name__ == "__main__":
    main()
