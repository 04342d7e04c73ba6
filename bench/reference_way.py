"""The way of the reference app, as a baseline: one event loop, a new `python3 -c` per call, `pip install` before it when a call names packages.

Reads one call a line, {"code", "packages"}, and answers one line. Without MCP and HTTP, so it is faster than the app was. Prints its port.
"""
import asyncio
import json
import subprocess
import sys


async def serve(reader, writer):
    while line := await reader.readline():
        call = json.loads(line)
        if call["packages"]:
            subprocess.run([sys.executable, "-m", "pip", "install", *call["packages"]], capture_output=True, check=True)
        run = subprocess.run([sys.executable, "-c", call["code"]], capture_output=True, text=True)
        writer.write(json.dumps({"returncode": run.returncode, "stdout": run.stdout, "stderr": run.stderr}).encode() + b"\n")
        await writer.drain()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
