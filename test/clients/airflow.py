"""Runs examples/airflow/wine_dag.py twice, each task as Airflow would call it, without Airflow: that has no room here.

Prints what the last task of each run returned.
"""

import json
import runpy
import sys
import types

returned = {}


def task(**_):
    def wrap(function):
        def run(*arguments):
            # Between tasks Airflow passes on what JSON can hold.
            returned[function.__name__] = json.loads(json.dumps(function(*arguments)))
            return returned[function.__name__]

        return run

    return wrap


sdk = types.ModuleType("airflow.sdk")
sdk.task = types.SimpleNamespace(external_python=task)
sdk.dag = lambda **_: lambda function: function
sys.modules["airflow"] = types.ModuleType("airflow")
sys.modules["airflow.sdk"] = sdk

outcomes = []
for _ in range(2):
    runpy.run_path(sys.argv[1])
    outcomes.append(returned["promote"])
print(json.dumps(outcomes))
