"""Trains every night, and lets the new model serve only if it is better than the one that does.

Put it into Airflow's folder of DAGs. The tasks run in a Python of their own, which has mlflow and scikit-learn:
Airflow's own packages need not agree with theirs. Workers take MLFLOW_TRACKING_URI and the user's variables from their
environment, TRAINING_PYTHON is the path of that Python.
"""

import os
from datetime import datetime

from airflow.sdk import dag, task

PYTHON = os.environ.get("TRAINING_PYTHON", "/opt/training/bin/python")


@task.external_python(python=PYTHON, retries=2)
def train():
    """Logs a model. A repeated task leaves another version, which nobody serves yet."""
    import mlflow
    from sklearn.datasets import load_wine
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.model_selection import train_test_split

    mlflow.set_experiment("wines-nightly")
    wines, kinds = load_wine(return_X_y=True, as_frame=True)
    wines, test_wines, kinds, test_kinds = train_test_split(wines, kinds, random_state=7, stratify=kinds)
    with mlflow.start_run():
        forest = RandomForestClassifier(n_estimators=20, random_state=7).fit(wines, kinds)
        accuracy = forest.score(test_wines, test_kinds)
        mlflow.log_metric("test_accuracy", accuracy)
        logged = mlflow.sklearn.log_model(
            forest,
            name="forest",
            input_example=wines.head(2),
            registered_model_name="wine-nightly",
            skops_trusted_types=["sklearn.tree._tree.Tree"],  # our own trees: safe to load
        )
    return {"version": str(logged.registered_model_version), "accuracy": accuracy}


@task.external_python(python=PYTHON, retries=2)
def promote(candidate):
    """Moves the alias, so that examples/deployment/serve.py takes the new version."""
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    client = MlflowClient()
    try:
        champion = client.get_model_version_by_alias("wine-nightly", "champion")
        best = client.get_run(champion.run_id).data.metrics["test_accuracy"]
    except MlflowException as error:
        if error.error_code not in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            raise
        best = 0
    if candidate["accuracy"] <= best:
        return f"version {candidate['version']} is not better"
    client.set_registered_model_alias("wine-nightly", "champion", candidate["version"])
    return f"version {candidate['version']} is the champion"


@dag(schedule="@daily", start_date=datetime(2026, 1, 1), catchup=False, max_active_runs=1)
def wine_nightly():
    promote(train())


wine_nightly()
