"""RDS: PostgreSQL in a container, under its endpoint's name, with TLS and a master password in Secrets Manager."""

import json
import os
import re
import tempfile
import time
from urllib.parse import unquote

import cloudformation as cfn
from ministack.services import ecs, rds, secretsmanager
from network import NAME

KIND = "AWS::RDS::DBInstance"
IMAGE = "postgres:17"
_ROOT = re.compile(r"sslrootcert=([^&]+)")


def register():
    old = cfn.original(KIND)
    cfn.runs_long(KIND)
    cfn.replace(KIND, create=_create(old), update=_update(old), delete=_delete(old))


def trusted_in(container):
    """The authority of these databases, where a container has that of RDS: the file its database's URI names."""
    uris = [one["value"] for one in container.get("environment", []) if one["name"] == "MLFLOW_BACKEND_STORE_URI"]
    paths = [unquote(path) for uri in uris for path in _ROOT.findall(uri)]
    file = os.path.join(tempfile.gettempdir(), "rds-ca.pem")
    with open(file, "w") as opened:
        opened.write(rds.pg_ca_cert_pem())
    return [f"{file}:{path}:ro" for path in paths]


def _create(old):
    def create(logical_id, properties, stack):
        properties = {**properties, "MasterUserPassword": os.urandom(18).hex()}
        name, attributes = old["create"](logical_id, properties, stack)
        login = {"username": properties["MasterUsername"], "password": properties["MasterUserPassword"]}
        status, _, body = secretsmanager._create_secret({"Name": f"rds!{name}", "SecretString": json.dumps(login)})
        if status >= 400:
            raise ValueError(body)
        rds._instances[name]["MasterUserSecret"] = {"SecretArn": json.loads(body)["ARN"], "SecretStatus": "active"}
        _start(name, properties, attributes["Endpoint.Address"])
        return name, _with_secret(name, attributes)

    return create


def _update(old):
    def update(name, *args):
        name, attributes = old["update"](name, *args)
        return name, _with_secret(name, attributes)

    return update


def _delete(old):
    def delete(name, properties):
        arn = rds._instances.get(name, {}).get("MasterUserSecret", {}).get("SecretArn")
        if arn:
            secretsmanager._delete_secret({"SecretId": arn, "ForceDeleteWithoutRecovery": True})
            ecs._get_docker().containers.get(_container(name)).remove(force=True, v=True)
        return old["delete"](name, properties)

    return delete


def _with_secret(name, attributes):
    return {**attributes, "MasterUserSecret.SecretArn": rds._instances[name]["MasterUserSecret"]["SecretArn"]}


def _container(name):
    return f"{NAME}-{name}"


def _start(name, properties, host):
    client = ecs._get_docker()
    environment = {
        "POSTGRES_USER": properties["MasterUsername"],
        "POSTGRES_PASSWORD": properties["MasterUserPassword"],
        "POSTGRES_DB": properties.get("DBName") or "postgres",
    }
    options = {"image": IMAGE, "name": _container(name), "detach": True, "network": NAME, "environment": environment}
    container = rds._run_rds_container(client, "postgres", options, tls_names=[host])
    network = client.networks.get(NAME)
    network.disconnect(container)
    network.connect(container, aliases=[host])
    _wait(container, environment["POSTGRES_USER"])


def _wait(container, user):
    """It listens on TCP only once it has made its database."""
    for _ in range(240):
        if container.exec_run(["pg_isready", "--host", "127.0.0.1", "--username", user]).exit_code == 0:
            return
        time.sleep(0.25)
    raise ValueError("the database did not start")
