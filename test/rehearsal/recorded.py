"""Types of which MiniStack has nothing that could work: the template's values are kept, and nothing happens."""

import os

import cloudformation as cfn
from ministack.core.responses import get_account_id, get_region
from ministack.services import ssm

TYPES = (
    "AWS::ApplicationAutoScaling::ScalingPolicy",
    "AWS::Backup::BackupSelection",
    "AWS::Budgets::Budget",
    "AWS::CloudWatch::Alarm",
    "AWS::EC2::EIP",
    "AWS::EC2::FlowLog",
    "AWS::EC2::NatGateway",
    "AWS::EC2::SecurityGroupEgress",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::ECS::CapacityProvider",
    "AWS::ECS::ClusterCapacityProviderAssociations",
    "AWS::Logs::QueryDefinition",
    "AWS::WAFv2::LoggingConfiguration",
    "AWS::WAFv2::WebACLAssociation",
    "Custom::VpcRestrictDefaultSG",
)


def register():
    for kind in TYPES:
        cfn.replace(kind, create=_create(kind), update=_update(kind), delete=lambda *_: None)
    cfn.also_answers("AWS::EC2::VPC", lambda properties: {"CidrBlock": properties["CidrBlock"]})
    for architecture in ("", "arm64/"):
        parameter = f"/aws/service/ecs/optimized-ami/amazon-linux-2023/{architecture}recommended/image_id"
        ssm._PUBLIC_AMI_PARAMETERS[parameter] = "ami-0123456789abcdef0"


def _create(kind):
    def create(logical_id, properties, stack):
        name = properties.get("Name") or properties.get("AlarmName") or cfn.physical_name(stack, f"{logical_id}{os.urandom(3).hex()}")
        return name, _attributes(kind, name)

    return create


def _update(kind):
    return lambda name, old, new, stack, logical_id=None: (name, _attributes(kind, name))


def _attributes(kind, name):
    """Whatever a template may ask of it; the types differ in a few names only."""
    service = kind.split("::")[1].lower()
    arn = f"arn:aws:{service}:{get_region()}:{get_account_id()}:{name}"
    return {"Arn": arn, "Id": name, "AllocationId": name, "NatGatewayId": name, "PublicIp": "192.0.2.1"}
