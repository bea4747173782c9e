"""Logs to a run that is there, one request after another, and prints what the client reads back."""

import json
import sys

from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag

run_id, model, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
client = MlflowClient()
experiment_id = client.get_run(run_id).info.experiment_id

for step in range(count):
    client.log_metric(run_id, "single", step / 8, timestamp=step + 1, step=step)
    client.log_batch(
        run_id,
        metrics=[Metric(f"batch-{i}", i / 8, step + 1, step) for i in range(5)],
        params=[Param(f"batch-{step}", "p")],
        tags=[RunTag("batch", str(step))],
    )
    client.log_param(run_id, f"single-{step}", step)
    client.set_tag(run_id, "single", step)

client.log_inputs(run_id, [DatasetInput(Dataset("d", "digest", "local", "{}"), [InputTag("context", "training")])])
client.set_experiment_tag(experiment_id, "k", "v")
client.set_registered_model_tag(model, "k", "v")
client.set_registered_model_alias(model, "champion", "1")
client.set_model_version_tag(model, "1", "k", "v")
client.set_terminated(run_id)

run = client.get_run(run_id)
print(
    json.dumps({
        "status": run.info.status,
        "metrics": run.data.metrics,
        "history": len(client.get_metric_history(run_id, "single")),
        "params": len(run.data.params),
        "tags": {k: run.data.tags[k] for k in ("single", "batch")},
    })
)
