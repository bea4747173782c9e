"""Secrets whose Ref is their ARN, as a template expects; MiniStack gives their name."""

import string

import cloudformation as cfn
from ministack.services import secretsmanager
from ministack.services.cloudformation import provisioners

KIND = "AWS::SecretsManager::Secret"
_EXCLUDED = {
    "ExcludePunctuation": string.punctuation,
    "ExcludeNumbers": string.digits,
    "ExcludeUppercase": string.ascii_uppercase,
    "ExcludeLowercase": string.ascii_lowercase,
}
_secret_string = provisioners._sm_secret_string


def register():
    old = cfn.original(KIND)
    provisioners._sm_secret_string = _generate
    cfn.replace(
        KIND,
        create=lambda *args: _by_arn(old["create"](*args)),
        update=lambda arn, *args: _by_arn(old["update"](_name(arn), *args)),
        delete=lambda arn, properties: old["delete"](_name(arn), properties),
    )


def _by_arn(result):
    name, attributes = result
    return attributes["Arn"], attributes


def _name(arn):
    return next((name for name, secret in secretsmanager._secrets.items() if secret["ARN"] == arn), arn)


def _generate(properties):
    """With the rules that MiniStack does not look at."""
    rules = dict(properties.get("GenerateSecretString") or {})
    if not rules:
        return _secret_string(properties)
    excluded = [letters for rule, letters in _EXCLUDED.items() if str(rules.get(rule)).lower() == "true"]
    rules["ExcludeCharacters"] = rules.get("ExcludeCharacters", "") + "".join(excluded)
    rules["PasswordLength"] = int(rules.get("PasswordLength", 32))
    return _secret_string({**properties, "GenerateSecretString": rules})
