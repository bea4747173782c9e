"""A CI job with MLFLOW_TRACKING_TOKEN: it logs to the experiment of its token, and to no other."""
import json
import os
import sys

import mlflow
from mlflow.exceptions import MlflowException

url, inside, outside = sys.argv[1:]
mlflow.set_tracking_uri(url)


def outcome(call):
    try:
        return call()
    except MlflowException as error:
        return [error.error_code, error.get_http_status_code()]


def log(experiment_id):
    with mlflow.start_run(experiment_id=experiment_id) as run:
        mlflow.log_params({"depth": 3})
        mlflow.log_metric("loss", 0.25)
        mlflow.set_tag("stage", "ci")
        mlflow.log_text("made in ci", "note.txt")
    return run.info.run_id


def read(run_id):
    run = mlflow.get_run(run_id)
    return [run.data.metrics, run.info.user_id, mlflow.artifacts.load_text(f"runs:/{run_id}/note.txt")]


def wrong_token():
    os.environ["MLFLOW_TRACKING_TOKEN"] = "trackyard_made_up"
    return outcome(lambda: mlflow.get_experiment(inside))


print(
    json.dumps(
        {
            "inside": read(log(inside)),
            "outside": outcome(lambda: log(outside)),
            "other": outcome(lambda: mlflow.get_experiment(outside).name),
            "new": outcome(lambda: mlflow.create_experiment("new")),
            "wrong": wrong_token(),
        }
    )
)
