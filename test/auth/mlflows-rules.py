"""What MLflow's own rules say of many sets of grants, read from stdin as JSON: the answers, as JSON, in their order."""

import json
import sys

from mlflow.server.auth import requirements as rules
from mlflow.server.auth.permissions import get_permission
from mlflow.server.auth.sqlalchemy_store import RoleGrantRow


def wanted(question, owner, name):
    """The requirements that MLflow's validators state for an operation."""
    key = (owner, name)
    part = question.get("part")
    action = question["action"]
    if question["asks"] == "owner":
        return [rules.Requirement(owner, name, action)]
    if question["asks"] == "part":
        return [
            rules.Requirement(owner, name, "read"),
            rules.Requirement(part, "*", action, fallback_if_no_grant=(key,)),
        ]
    return [rules.Requirement(owner, name, "update"), rules.Requirement(part, "*", rules.ACTION_NOT_DENIED)]


def answer(case):
    default = get_permission(case["defaultLevel"])
    grants = [
        RoleGrantRow(resource_type=g["resourceType"], resource_pattern=g["pattern"], permission=g["level"])
        for g in case["grants"]
    ]
    if any(rules.is_workspace_admin_grant(grant) for grant in grants):
        return True
    question = case["question"]
    needed = wanted(question, question["owner"], question["id"])
    keys = rules.requirements_to_grant_load_keys(needed)
    folded = {key: rules.fold_grants_for_key(grants, key) for key in keys}
    return all(rules.requirement_satisfied(one, folded, default.name, default) for one in needed)


print(json.dumps([answer(case) for case in json.load(sys.stdin)]))
