"""A task's containers, started with everything its definition says; MiniStack leaves out most of it."""

import copy
import resource

import cloudformation as cfn
import database
import registry
from docker.types import Ulimit
from ministack.services import ecs
from ministack.services.cloudformation import provisioners
from network import NAME

STOP_TIMEOUT = "rehearsal.stop-timeout"
TASK = "com.amazonaws.ecs.task-arn"
_SECOND = 10**9

_task_definition_create = provisioners._ecs_task_def_create
_build_run_kwargs = ecs._build_run_kwargs
_start_task_worker = ecs._start_task_worker
_run_docker_container = ecs._run_docker_container
_cleanup_task_resources = ecs._cleanup_task_resources
_remove_docker_container = ecs._remove_docker_container


def install():
    provisioners._normalize_container_defs = lambda containers: _in_order(cfn.unpascal(containers))
    ecs._build_run_kwargs = _run_options
    ecs._start_task_worker = _start
    ecs._run_docker_container = _run_after
    ecs._remove_docker_container = _stop_and_remove
    ecs._cleanup_task_resources = _clean_up


def _start(task, definition, overrides, client):
    definition = copy.deepcopy(definition)
    for container in definition["containerDefinitions"]:
        container["image"] = registry.reachable(container["image"])
    return _start_task_worker(task, definition, overrides, client)


def _in_order(containers):
    """Each after those it depends on: MiniStack starts them as they come."""
    waiting, ordered = list(containers), []
    while waiting:
        started = {container["name"] for container in ordered}
        ready = [one for one in waiting if all(need["containerName"] in started for need in one.get("dependsOn", []))]
        ordered += ready
        waiting = [one for one in waiting if one not in ready]
    return ordered


def _run_after(client, container, options, **kwargs):
    """Once the containers it depends on have ended well, where it wants them to."""
    for need in container.get("dependsOn", []):
        if need["condition"] == "SUCCESS":
            _wait_for(client, options["labels"], need["containerName"])
    return _run_docker_container(client, container, options, **kwargs)


def _wait_for(client, labels, name):
    task = f"{TASK}={labels[TASK]}"
    filters = {"label": [task, f"com.amazonaws.ecs.container-name={name}"]}
    [container] = client.containers.list(all=True, filters=filters)
    code = container.wait(timeout=180)["StatusCode"]
    if code != 0:
        raise RuntimeError(f"{name} ended with {code}: {container.logs(tail=5).decode()}")


def _run_options(container, *args, **kwargs):
    options = _build_run_kwargs(container, *args, **kwargs)
    linux = container.get("linuxParameters") or {}
    options.pop("extra_hosts", None)
    options["network"] = NAME
    options["labels"][STOP_TIMEOUT] = str(container.get("stopTimeout", 30))
    options["volumes"] = [*options.get("volumes", []), *database.trusted_in(container)]
    given = {
        "user": container.get("user"),
        "read_only": container.get("readonlyRootFilesystem"),
        "entrypoint": container.get("entryPoint"),
        "working_dir": container.get("workingDirectory"),
        "mem_limit": _mebibytes(container.get("memory")),
        "mem_reservation": _mebibytes(container.get("memoryReservation")),
        "cpu_shares": container.get("cpu"),
        "security_opt": container.get("dockerSecurityOptions"),
        "init": linux.get("initProcessEnabled"),
        "cap_drop": (linux.get("capabilities") or {}).get("drop"),
        "tmpfs": {one["containerPath"]: _tmpfs(one) for one in linux.get("tmpfs") or []},
        "ulimits": [_ulimit(one) for one in container.get("ulimits") or []],
        "healthcheck": _health_check(container.get("healthCheck")),
    }
    options.update({name: value for name, value in given.items() if value})
    return options


def _mebibytes(size):
    return f"{size}m" if size else None


def _tmpfs(mount):
    return ",".join([f"size={mount['size']}m", *mount.get("mountOptions", [])])


def _ulimit(limit):
    """Never above this machine's own, which its engine may not be able to raise."""
    most = resource.getrlimit(getattr(resource, f"RLIMIT_{limit['name'].upper()}"))[1]
    allowed = [int(limit[which]) if most < 0 else min(int(limit[which]), most) for which in ("softLimit", "hardLimit")]
    return Ulimit(name=limit["name"], soft=allowed[0], hard=allowed[1])


def _health_check(check):
    """What the definition asks, but every second, so that a rehearsal does not wait minutes for a broken release."""
    if not check:
        return None
    return {
        "test": check["command"],
        "interval": _SECOND,
        "timeout": int(check.get("timeout", 5)) * _SECOND,
        "retries": int(check.get("retries", 3)),
        "start_period": min(int(check.get("startPeriod", 0)), 10) * _SECOND,
    }


def _clean_up(task, client, *extra):
    """At once, those that have ended by themselves too; MiniStack leaves them for minutes."""
    _cleanup_task_resources(task, client or ecs._get_docker(), *extra)


def _stop_and_remove(client, container):
    """With the time to stop that the definition gives."""
    try:
        found = client.containers.get(container) if isinstance(container, str) else container
        found.stop(timeout=int(found.labels.get(STOP_TIMEOUT, 30)))
    except Exception:  # It has gone already.
        pass
    _remove_docker_container(client, container)
