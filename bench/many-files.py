"""Logs files and takes them back through the stock client: prints milliseconds a file as JSON."""

import filecmp
import json
import os
import sys
import time
from pathlib import Path

import mlflow

folder, count, size = Path(sys.argv[1]), int(sys.argv[2]), int(float(sys.argv[3]))
BLOCK = os.urandom(1_000_003)
source = folder / "source"
source.mkdir(parents=True)
for number in range(count):
    with open(source / f"{number:04}", "wb") as file:
        file.write(number.to_bytes(4))
        for start in range(0, size, len(BLOCK)):
            file.write(BLOCK[: size - start])


def measure(work):
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    each = 1000 / count
    return result, (time.perf_counter() - wall) * each, (time.process_time() - cpu) * each


with mlflow.start_run() as run:
    _, up, cpu_up = measure(lambda: mlflow.log_artifacts(source, "many"))
run_id = run.info.run_id
back, down, cpu_down = measure(
    lambda: mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path="many", dst_path=folder)
)
names = [file.name for file in source.iterdir()]
match, mismatch, errors = filecmp.cmpfiles(source, back, names, shallow=False)
assert len(match) == count, (mismatch, errors)
print(json.dumps({"up": up, "down": down, "client": cpu_up + cpu_down}))
