"""Serves the model that has an alias: whoever moves the alias deploys, and nobody restarts anything.

MLFLOW_TRACKING_URI=https://mlflow.example.com python examples/deployment/serve.py
curl localhost:8080/predict --json '[{"alcohol": 13.2, ...}]'
"""

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

import mlflow
import pandas
from mlflow import MlflowClient

MODEL = os.environ.get("MODEL", "wine")
ALIAS = os.environ.get("ALIAS", "champion")
SECONDS = float(os.environ.get("LOOK_EVERY_SECONDS", "30"))


class Champion:
    """The version that the alias names, loaded. While another one loads, this one answers."""

    def __init__(self):
        self.client = MlflowClient()
        self.version = None
        self.refresh()

    def refresh(self):
        version = self.client.get_model_version_by_alias(MODEL, ALIAS).version
        if version != self.version:
            # By its number: the alias may move between the two calls.
            self.model = mlflow.pyfunc.load_model(f"models:/{MODEL}/{version}")
            self.version = version
            print(f"serving {MODEL} version {version}", flush=True)

    def predict(self, rows):
        model = self.model
        schema = model.metadata.get_input_schema()
        # JSON knows one kind of number; the signature says which one each column takes.
        types = dict(zip(schema.input_names(), schema.pandas_types()))
        return model.predict(pandas.DataFrame(rows).astype(types))

    def follow(self, stopped):
        while not stopped.wait(SECONDS):
            try:
                self.refresh()
            except Exception as error:  # The tracking server may be away; what is loaded goes on.
                print(f"still on version {self.version}: {error}", flush=True)


class Handler(BaseHTTPRequestHandler):
    champion = None

    def do_GET(self):
        self.answer(200, {"model": MODEL, "version": str(self.champion.version)})

    def do_POST(self):
        rows = self.rfile.read(int(self.headers["content-length"]))
        try:
            predictions = self.champion.predict(json.loads(rows))
        except Exception as error:  # A request that does not fit the model's signature.
            return self.answer(400, {"error": str(error)})
        self.answer(200, {"version": str(self.champion.version), "predictions": predictions.tolist()})

    def answer(self, status, body):
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


def main():
    Handler.champion = Champion()
    Thread(target=Handler.champion.follow, args=[Event()], daemon=True).start()
    ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "8080"))), Handler).serve_forever()


if __name__ == "__main__":
    main()
