"""Trains with scikit-learn autologging, logs and registers a model, and loads it in every way there is."""

import json
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
from mlflow import MlflowClient
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression

client = MlflowClient()

X = pd.DataFrame({"a": np.arange(20.0), "b": np.arange(20.0) % 3})
y = X["a"] * 2 + X["b"]


def autologged():
    mlflow.set_experiment("autolog")
    mlflow.sklearn.autolog(log_datasets=True, log_models=True)
    with mlflow.start_run(run_name="forest") as run:
        model = RandomForestClassifier(n_estimators=3, max_depth=2, random_state=0)
        model.fit(X, (y > y.median()).astype(int))
        model.score(X, (y > y.median()).astype(int))
    mlflow.sklearn.autolog(disable=True)
    logged = client.get_run(run.info.run_id)
    models = mlflow.search_logged_models(
        experiment_ids=[logged.info.experiment_id], output_format="list"
    )
    return {
        "status": logged.info.status,
        "params": logged.data.params,
        "metrics": sorted(logged.data.metrics),
        "estimator": logged.data.tags.get("estimator_name"),
        "datasets": [i.dataset.name for i in logged.inputs.dataset_inputs],
        "outputs": [m.model_id for m in logged.outputs.model_outputs] == [models[0].model_id],
        "model_status": str(models[0].status),
        "artifacts": sorted(f.path for f in client.list_artifacts(run.info.run_id)),
    }


def registered():
    mlflow.set_experiment("models")
    with mlflow.start_run() as run:
        model = LinearRegression().fit(X, y)
        info = mlflow.sklearn.log_model(
            model, name="linear", input_example=X.head(2), registered_model_name="linear"
        )
    client.set_registered_model_alias("linear", "champion", 1)
    expected = model.predict(X)
    uris = {
        "version": "models:/linear/1",
        "alias": "models:/linear@champion",
        "latest": "models:/linear/latest",
        "model id": f"models:/{info.model_id}",
        "run": f"runs:/{run.info.run_id}/linear",
    }
    loaded = {
        name: bool(np.allclose(mlflow.pyfunc.load_model(uri).predict(X), expected))
        for name, uri in uris.items()
    }
    version = client.get_model_version("linear", "1")
    flavor = type(mlflow.sklearn.load_model("models:/linear/1")).__name__
    return {
        "loaded": loaded,
        "flavor": flavor,
        "version": {"status": version.status, "run": version.run_id == run.info.run_id},
        "registered_by_model": client.get_logged_model(info.model_id).model_id == info.model_id,
        "download": sorted(p.name for p in Path(mlflow.artifacts.download_artifacts("models:/linear/1")).iterdir()),
    }


print(json.dumps({"autologged": autologged(), "registered": registered()}, default=str))
