"""Sends BYTES to each URL, or takes them from there, eight at once, with as little work of its own as there can be.

Prints the seconds it took and its CPU seconds as JSON. Usage: bare-client.py up|down BYTES URL...
"""

import json
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

BLOCK = 1024 * 1024


def transfer(url):
    parts = urlsplit(url)
    method, length = ("PUT", f"Content-Length: {size}\r\n") if way == "up" else ("GET", "")
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    with socket.create_connection((parts.hostname, parts.port)) as connection:
        head = f"{method} {target} HTTP/1.1\r\nHost: {parts.netloc}\r\n{length}Connection: close\r\n\r\n"
        connection.sendall(head.encode())
        if way == "up":
            send(connection)
        block = bytearray(BLOCK)
        taken = connection.recv_into(block)
        answer = bytes(block[:taken]).split(b"\r\n\r\n")[0]
        assert b" 200 " in answer, answer
        came = 0
        while taken > 0:
            came += taken
            taken = connection.recv_into(block)
        assert way == "up" or came > size, came


def send(connection):
    block, left = memoryview(bytearray(b"trackyard" * BLOCK)[:BLOCK]), size
    while left > 0:
        connection.sendall(block[:left])
        left -= BLOCK


way, size, urls = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
start = time.perf_counter()
with ThreadPoolExecutor(8) as pool:
    list(pool.map(transfer, urls))
print(json.dumps({"seconds": time.perf_counter() - start, "cpu": time.process_time()}))
