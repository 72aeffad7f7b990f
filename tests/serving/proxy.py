"""A proxy of twenty lines that signs people in: takes out what a client claims about itself, and adds what it knows."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

OURS = (b"x-llmtrack-secret", b"x-forwarded-email", b"x-forwarded-groups", b"connection")


async def pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await source.read(65536):
            target.write(data)
            await target.drain()
    target.close()


async def main(port: int, added: list[bytes]) -> None:
    async def serve(client: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            first, *lines = (await client.readuntil(b"\r\n\r\n")).rstrip().split(b"\r\n")
            kept = [line for line in lines if line.split(b":")[0].lower() not in OURS]
            upgrade = any(line.lower().startswith(b"upgrade:") for line in lines)
            connection = b"Connection: " + (b"Upgrade" if upgrade else b"close")
            app, request = await asyncio.open_connection("127.0.0.1", port)
            request.write(b"\r\n".join([first, *kept, *added, connection, b"", b""]))
            await asyncio.gather(pump(client, request), pump(app, answer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


@contextmanager
def proxy(port: int, headers: Mapping[str, str]) -> Iterator[str]:
    """The address of a proxy to the app on `port`, which adds `headers` to every request; sockets pass through."""
    command = [sys.executable, __file__, str(port), *(f"{name}: {value}" for name, value in headers.items())]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), [line.encode() for line in sys.argv[2:]]))
