"""Who a task is: credentials of its task role, where and as ECS gives them. MiniStack's are nobody's."""

import re

from ministack.services import ecs, imds, sts
from network import GATEWAY

_roles = {}
_register_metadata = ecs._register_metadata
_handle_request = imds.handle_request


def install():
    ecs._register_metadata = _metadata
    imds.handle_request = _credentials


def _metadata(task, cluster, definition, container, launch_type, environment, host_mode, _address):
    """The variables that ECS sets, and the address of AWS itself, which is this network's gateway."""
    args = (task, cluster, definition, container, launch_type, environment, host_mode, GATEWAY)
    token = _register_metadata(*args)
    path = "/v2/credentials/" + environment.pop("AWS_CONTAINER_CREDENTIALS_FULL_URI").rsplit("/", 1)[-1]
    del environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
    environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = path
    environment["ECS_CONTAINER_METADATA_URI_V4"] = f"http://{GATEWAY}/v4/{token}"
    environment["AWS_ENDPOINT_URL"] = f"http://{GATEWAY}"
    _roles[path] = (definition["taskRoleArn"], task.rsplit("/", 1)[-1])
    return token


async def _credentials(method, path, headers, body, query):
    if path not in _roles:
        return await _handle_request(method, path, headers, body, query)
    role, session = _roles[path]
    asked = {"Action": ["AssumeRole"], "RoleArn": [role], "RoleSessionName": [session]}
    status, _, answer = await sts.handle_request("POST", "/", {}, b"", asked)
    if status >= 400:
        return status, {}, answer
    text = answer.decode() if isinstance(answer, bytes) else answer
    found = dict(re.findall("<(AccessKeyId|SecretAccessKey|SessionToken|Expiration)>([^<]+)<", text))
    return imds._json_resp({**found, "Token": found.pop("SessionToken"), "RoleArn": role})
