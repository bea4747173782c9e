"""The same as bare-client.py by the stock client, which reads files and writes them: stock-client.py up|down BYTES URL..."""

import json
import os
import sys
import tempfile
import time

from mlflow.store.artifact.http_artifact_repo import HttpArtifactRepository

way, size, urls = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
with tempfile.TemporaryDirectory() as folder:
    names = [os.path.join(folder, os.path.basename(url)) for url in urls]
    for name in names if way == "up" else []:
        with open(name, "wb") as file:
            os.posix_fallocate(file.fileno(), 0, size)
    start, cpu = time.perf_counter(), time.process_time()
    for url, name in zip(urls, names):
        at, path = os.path.split(url)
        if way == "up":
            HttpArtifactRepository(at).log_artifact(name)
        else:
            HttpArtifactRepository(at)._download_file(path, name)
    assert all(os.path.getsize(name) == size for name in names)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
print(json.dumps({"seconds": seconds, "cpu": cpu}))
