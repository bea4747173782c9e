"""The plainest server of artifacts there is: what the loopback, and the loopback with the disk, can do at most.

/memory/BYTES/NAME throws away what comes and gives zeros; /disk/NAME is a file of the folder, on disk before the answer.
"""

import os
import re
import socket
import sys
import threading

BLOCK = 1024 * 1024
folder = sys.argv[1]


def serve(connection):
    with connection:
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(65536)
        head, body = head.split(b"\r\n\r\n", 1)
        method, path = head.decode().split(" ")[:2]
        if method == "PUT":
            length = int(re.search(rb"content-length: (\d+)", head, re.I)[1])
            receive(connection, path, length, body)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        else:
            send(connection, path)


def receive(connection, path, left, body):
    new = file_of(path) + ".new"
    file = os.open(new, os.O_WRONLY | os.O_CREAT) if is_file(path) else None
    if file is not None:
        os.write(file, body)
    left -= len(body)
    block = bytearray(BLOCK)
    while left > 0:
        taken = connection.recv_into(block)
        left -= taken
        if taken == 0:
            return
        if file is not None:
            os.write(file, memoryview(block)[:taken])
    if file is not None:
        os.fsync(file)
        os.close(file)
        os.replace(new, file_of(path))


def send(connection, path):
    length = os.path.getsize(file_of(path)) if is_file(path) else int(path.split("/")[2])
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % length)
    if is_file(path):
        with open(file_of(path), "rb") as file:
            connection.sendfile(file)
        return
    zeros = memoryview(bytes(BLOCK))
    while length > 0:
        connection.sendall(zeros[:length])
        length -= BLOCK


def is_file(path):
    return path.startswith("/disk/")


def file_of(path):
    return os.path.join(folder, os.path.basename(path))


listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
while True:
    threading.Thread(target=serve, args=[listener.accept()[0]], daemon=True).start()
