"""Trains a classifier of wines and keeps what there is to know about it in a tracking server.

pip install mlflow==3.17.2 scikit-learn
MLFLOW_TRACKING_URI=http://127.0.0.1:5000 python examples/training/train.py
"""

import os

import mlflow
from mlflow import MlflowClient
from sklearn.datasets import load_wine
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.metrics import ConfusionMatrixDisplay, classification_report
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

MODEL = "wine"


def main():
    mlflow.set_tracking_uri(os.environ.get("MLFLOW_TRACKING_URI", "http://127.0.0.1:5000"))
    mlflow.set_experiment("wines")
    # The pipeline is logged below, with a name in the registry; autologging does the rest.
    mlflow.sklearn.autolog(log_models=False)

    wines, kinds = load_wine(return_X_y=True, as_frame=True)
    wines, test_wines, kinds, test_kinds = train_test_split(wines, kinds, random_state=7, stratify=kinds)
    with mlflow.start_run(run_name="boosted trees") as run:
        trees = GradientBoostingClassifier(n_estimators=50, max_depth=2, random_state=7)
        pipeline = make_pipeline(StandardScaler(), trees).fit(wines, kinds)
        mlflow.log_param("test_wines", len(test_wines))
        for step, loss in enumerate(trees.train_score_):
            mlflow.log_metric("loss", loss, step=step)

        guessed = pipeline.predict(test_wines)
        mlflow.log_metric("test_accuracy", (guessed == test_kinds).mean())
        mlflow.log_text(classification_report(test_kinds, guessed), "test/report.txt")
        display = ConfusionMatrixDisplay.from_predictions(test_kinds, guessed)
        mlflow.log_figure(display.figure_, "test/confusion.png")

        logged = mlflow.sklearn.log_model(
            pipeline,
            name="pipeline",
            input_example=wines.head(2),
            registered_model_name=MODEL,
            skops_trusted_types=["sklearn.tree._tree.Tree"],  # our own trees: safe to load
        )
    version = logged.registered_model_version
    MlflowClient().set_registered_model_alias(MODEL, "champion", version)

    # What a service does that knows no more than the name and the alias.
    champion = mlflow.pyfunc.load_model(f"models:/{MODEL}@champion")
    same = (champion.predict(test_wines) == guessed).all()
    print(f"run {run.info.run_id}")
    print(f"{MODEL} version {version} is the champion; predicts the same when loaded: {same}")


if __name__ == "__main__":
    main()
