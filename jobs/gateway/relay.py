"""Inside the sandbox: an ordinary proxy address on loopback for tools that cannot speak to a unix socket.

`relay.py PORT SOCKET COMMAND…` listens first and then becomes the command, so the command never finds nobody there, and
its exit code and signals are its own. A child passes the bytes on until the sandbox ends. A program of its own: it uses
nothing but the standard library.
"""

import asyncio
import os
import socket
import sys

_TOLD = (
    "http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "npm_config_proxy", "npm_config_https_proxy",
    "YARN_HTTP_PROXY", "YARN_HTTPS_PROXY", "CARGO_HTTP_PROXY",
)  # fmt: skip


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while chunk := await reader.read(1 << 16):
            writer.write(chunk)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
    except OSError:
        writer.transport.abort()


async def _serve(listener: socket.socket, goal: str) -> None:
    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            theirs, ours = await asyncio.open_unix_connection(goal)
        except OSError:
            writer.close()
            return
        await asyncio.gather(_pipe(reader, ours), _pipe(theirs, writer))
        ours.close()
        writer.close()

    async with await asyncio.start_server(take, sock=listener) as server:
        await server.serve_forever()


def main() -> None:
    port, goal, *command = sys.argv[1:]
    listener = socket.create_server(("127.0.0.1", int(port)), backlog=128)
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    sys.stdout.flush()
    if os.fork() == 0:
        # Nobody must wait for the end of our output: the command's is what counts.
        nowhere = os.open(os.devnull, os.O_RDWR)
        for descriptor in range(3):
            os.dup2(nowhere, descriptor)
        asyncio.run(_serve(listener, goal))
        os._exit(0)
    listener.close()
    told = dict.fromkeys(_TOLD, address) | {"NODE_USE_ENV_PROXY": "1"}
    try:
        os.execvpe(command[0], command, {**os.environ, **told})  # noqa: S606
    except OSError as error:
        sys.exit(f"{command[0]}: {error.strerror}")


if __name__ == "__main__":
    main()
