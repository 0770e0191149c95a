"""What a role does not allow it cannot do: every operation of a service (lambda or sqs, the only argument), called by a role that
allows nothing, then by one that allows just the action that the refusal named. Prints {"refused": {operation: action}, "missing": [...], "failures": [...]}."""
import base64
import io
import json
import sys
import zipfile

import boto3
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError

ACCOUNT = "000000000000"
SERVICE = sys.argv[1]
FAILED = f"arn:aws:sqs:us-east-1:{ACCOUNT}:failed"
FUNCTION = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:orders"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/worker"
PLAIN = Config(retries={"total_max_attempts": 1}, parameter_validation=False)


def trust(principal):
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def code():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("index.js", "exports.handler = async () => 1;")
    return buffer.getvalue()


# A value for each member that is required somewhere, by its name; what is not here is made from its shape.
VALUES = {
    "Action": "lambda:InvokeFunction",
    "AuthType": "NONE",
    "CapacityProviderName": "some",
    "CodeSigningConfigArn": f"arn:aws:lambda:us-east-1:{ACCOUNT}:code-signing-config:csc-0123456789abcdef0",
    "Code": {"ZipFile": code()},
    "Content": {"ZipFile": code()},
    "DurableExecutionArn": f"{FUNCTION}:1/durable-execution/some/one",
    "CapacityProviderOperatorRoleArn": ROLE,
    "FunctionName": "orders",
    "FunctionVersion": "1",
    "InvokeArgs": b"{}",
    "LayerName": "lib",
    "Name": "live",
    "Policy": "{}",
    "Principal": "events.amazonaws.com",
    "Qualifier": "1",
    "Resource": FUNCTION,
    "ResourceArn": FUNCTION,
    "Arn": f"arn:aws:lambda:us-east-1:{ACCOUNT}:layer:lib:1",
    "Role": ROLE,
    "StatementId": "some",
    "TagKeys": ["a"],
    "Tags": {"a": "b"},
    "SecurityGroupIds": ["sg-1"],
    "SigningProfileVersionArns": [f"arn:aws:signer:us-east-1:{ACCOUNT}:/signing-profiles/some/one"],
    "SubnetIds": ["subnet-1"],
    "UUID": "00000000-0000-4000-8000-000000000000",
    "UpdateRuntimeOn": "Auto",
    "RecursiveLoop": "Allow",
    "VersionNumber": 1,
    # of SQS
    "AWSAccountIds": [ACCOUNT],
    "Actions": ["SendMessage"],
    "Attributes": {"DelaySeconds": "0"},
    "QueueName": "jobs",
    "QueueUrl": f"http://localhost/{ACCOUNT}/jobs",
    "SourceArn": FAILED,
    "TaskHandle": base64.b64encode(json.dumps({"taskId": "00000000-0000-4000-8000-000000000000", "sourceArn": FAILED}).encode()).decode(),
}
MORE = {
    "AddLayerVersionPermission": {"Action": "lambda:GetLayerVersion", "Principal": "*"},
    "CreateFunction": {"FunctionName": "another", "Runtime": "nodejs24.x", "Handler": "index.handler"},
    "CreateAlias": {"Name": "another"},
    "DeleteFunction": {"FunctionName": "nobody"},
    "CreateEventSourceMapping": {"EventSourceArn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:jobs"},
    "UpdateFunctionCode": {"ZipFile": code()},
}


def value(name, shape):
    if name in VALUES:
        return VALUES[name]
    if shape.type_name == "structure":
        return {member: value(member, shape.members[member]) for member in shape.required_members}
    if shape.type_name == "list":
        return [value(name, shape.member)] * max(1, shape.metadata.get("min", 1))
    if shape.type_name == "map":
        return {}
    if shape.type_name in ("integer", "long"):
        return max(1, shape.metadata.get("min", 1))
    if shape.type_name == "boolean":
        return True
    if shape.type_name == "blob":
        return b"{}"
    enum = getattr(shape, "enum", None)
    return enum[0] if enum else "some"


def call(client, operation):
    """@returns code, status and message of a refusal, or None"""
    model = client.meta.service_model.operation_model(operation)
    shape = model.input_shape
    params = {name: value(name, shape.members[name]) for name in shape.required_members} if shape else {}
    try:
        getattr(client, xform_name(operation))(**{**params, **MORE.get(operation, {})})
        return None
    except ClientError as error:
        answer = error.response
        return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Message"]


def prepare_lambda(root):
    root.create_function(FunctionName="orders", Runtime="nodejs24.x", Handler="index.handler", Role=ROLE, Code={"ZipFile": code()}, Publish=True)
    root.create_alias(FunctionName="orders", Name="live", FunctionVersion="1")


def prepare_sqs(root):
    root.create_queue(QueueName="failed")
    redrive = json.dumps({"deadLetterTargetArn": FAILED, "maxReceiveCount": 1})
    root.create_queue(QueueName="jobs", Attributes={"RedrivePolicy": redrive})


PREPARE = {"lambda": prepare_lambda, "sqs": prepare_sqs}
# SDKs tell SQS's errors by the words of the protocol that it spoke before.
DENIED = {"lambda": "AccessDeniedException", "sqs": "AccessDenied"}


def main():
    root = boto3.client(SERVICE, config=PLAIN)
    iam, sts = boto3.client("iam"), boto3.client("sts")
    iam.create_role(RoleName="worker", AssumeRolePolicyDocument=trust({"Service": "lambda.amazonaws.com", "AWS": f"arn:aws:iam::{ACCOUNT}:root"}))
    PREPARE[SERVICE](root)
    session = sts.assume_role(RoleArn=ROLE, RoleSessionName="one")["Credentials"]
    worker = boto3.client(
        SERVICE,
        aws_access_key_id=session["AccessKeyId"],
        aws_secret_access_key=session["SecretAccessKey"],
        aws_session_token=session["SessionToken"],
        config=PLAIN,
    )
    who = f"User: arn:aws:sts::{ACCOUNT}:assumed-role/worker/one is not authorized to perform: "
    refused, missing, failures = {}, [], []
    for operation in worker.meta.service_model.operation_names:
        found = call(worker, operation)
        if found is not None and found[0] == "UnknownOperationException":
            missing.append(operation)
            continue
        if found is None or found[:2] != (DENIED[SERVICE], 403) or not found[2].startswith(who):
            failures.append(f"{operation}: {found}")
            continue
        action = found[2][len(who):].split(" ", 1)[0]
        refused[operation] = action
        if f"because no identity-based policy allows the {action} action" not in found[2]:
            failures.append(f"{operation}: {found[2]}")
        allowed = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}
        iam.put_role_policy(RoleName="worker", PolicyName="p", PolicyDocument=json.dumps(allowed))
        found = call(worker, operation)
        if found is not None and f"to perform: {action} " in found[2]:
            failures.append(f"{operation}, allowed: {found[2]}")
        iam.delete_role_policy(RoleName="worker", PolicyName="p")
    print(json.dumps({"refused": refused, "missing": missing, "failures": failures}))


main()
