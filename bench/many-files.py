"""Logs many small files and takes them back through the stock client: prints milliseconds a file as JSON."""

import json
import sys
import time
from pathlib import Path

import mlflow

folder, count = Path(sys.argv[1]), int(sys.argv[2])
source = folder / "source"
source.mkdir(parents=True)
for number in range(count):
    (source / f"{number:04}").write_text(str(number))


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
assert all((Path(back) / f"{number:04}").read_text() == str(number) for number in range(count))
print(json.dumps({"up": up, "down": down, "client": cpu_up + cpu_down}))
