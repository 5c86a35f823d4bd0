#!/usr/bin/env python3
"""A network that fails: forwards TCP connections, and cuts or stalls them when told to.

    proxy.py LISTEN-PORT TARGET-PORT          commands on stdin: cut | stall SECONDS; ends when stdin does

cut     all connections end with a reset, as when a machine is unplugged and comes back
stall   nothing goes through for that long, in either direction, and new connections wait: a partition that heals
"""
import asyncio
import socket
import struct
import sys
import time


class Proxy:
    def __init__(self, target):
        self.target = target
        self.flowing = asyncio.Event()
        self.flowing.set()
        self.writers = set()

    async def pump(self, reader, writer):
        try:
            while data := await reader.read(1 << 16):
                await self.flowing.wait()
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    async def serve(self, reader, writer):
        await self.flowing.wait()
        try:
            to_reader, to_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.close()
            return
        self.writers |= {writer, to_writer}
        await asyncio.gather(self.pump(reader, to_writer), self.pump(to_reader, writer))
        self.writers -= {writer, to_writer}

    def cut(self):
        for writer in list(self.writers):
            sock = writer.get_extra_info("socket")
            if sock is not None and sock.fileno() >= 0:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()

    async def stall(self, seconds):
        self.flowing.clear()
        await asyncio.sleep(seconds)
        self.flowing.set()


async def main():
    listen, target = int(sys.argv[1]), int(sys.argv[2])
    proxy = Proxy(target)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", listen)
    commands = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    print("ready", flush=True)
    while line := (await commands.readline()).decode().split():
        if line[0] == "cut":
            proxy.cut()
        else:
            await proxy.stall(float(line[1]))
        print(f"{line[0]} at {time.time():.1f}", flush=True)
    server.close()


asyncio.run(main())
