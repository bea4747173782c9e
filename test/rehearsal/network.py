"""The one Docker network. Its gateway is the address at which ECS gives tasks their credentials, and so AWS itself."""

import os
import socket
import threading
import time

from docker.types import IPAMConfig, IPAMPool
from ministack.services import ecs

NAME = os.environ["REHEARSAL_NETWORK"]
PARENT = int(os.environ["REHEARSAL_PARENT"])
# SDKs take credentials of a task from this address and no other that is not TLS.
GATEWAY = "169.254.170.2"


def make_network():
    pool = IPAMPool(subnet="169.254.170.0/24", gateway=GATEWAY)
    labels = {"trackyard.rehearsal": str(PARENT)}
    ecs._get_docker().networks.create(NAME, driver="bridge", ipam=IPAMConfig(pool_configs=[pool]), labels=labels)
    listener = socket.create_server((GATEWAY, 80), backlog=128)
    threading.Thread(target=_serve, args=(listener,), daemon=True).start()


def end_with_parent():
    """A test run that is killed ends nothing itself; the next one removes what is then left on the network."""

    def watch():
        while os.getppid() == PARENT:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _serve(listener):
    while True:
        client, _ = listener.accept()
        try:
            upstream = socket.create_connection(("127.0.0.1", int(os.environ["GATEWAY_PORT"])))
        except OSError:
            client.close()
            continue
        for source, sink in ((client, upstream), (upstream, client)):
            threading.Thread(target=_pump, args=(source, sink), daemon=True).start()


def _pump(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        sink.close()
