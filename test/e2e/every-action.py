"""Calls every operation of Lambda's API once, on a function that its role says nothing about."""
import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ARN = "arn:aws:lambda:us-east-1:000000000000"
CSC = ARN + ":code-signing-config:csc-0123456789abcdef0"
VALUES = {
    "FunctionName": "shop-other",
    "Name": "blue",
    "FunctionVersion": "1",
    "Qualifier": "1",
    "Principal": "lambda.amazonaws.com",
    "StatementId": "one",
    "Action": "lambda:InvokeFunction",
    "LayerName": "common",
    "VersionNumber": 1,
    "Resource": ARN + ":function:shop-other",
    "ResourceArn": ARN + ":function:shop-other",
    "Tags": {"a": "b"},
    "TagKeys": ["a"],
    "CodeSigningConfigArn": CSC,
    "UUID": "14e0db71-fdce-48ec-a2a9-a5a5a5a5a5a5",
    "AuthType": "NONE",
    "ReservedConcurrentExecutions": 1,
    "ProvisionedConcurrentExecutions": 1,
    "RecursiveLoop": "Allow",
    "UpdateRuntimeOn": "Auto",
    "Role": "arn:aws:iam::000000000000:role/anything",
    "Arn": ARN + ":layer:common:1",
    "AllowedPublishers": {"SigningProfileVersionArns": ["arn:aws:signer:us-east-1:000000000000:/signing-profiles/one/abcdefghij"]},
    "InvokeArgs": b"{}",
    "Policy": "{}",
}
#: What the operation needs beyond what its model says is required.
MORE = {
    "AddLayerVersionPermission": {"Action": "lambda:GetLayerVersion", "Principal": "*"},
    "CreateFunction": {"Runtime": "python3.11", "Handler": "a.b", "Code": {"ZipFile": b"none"}},
    "CreateEventSourceMapping": {"EventSourceArn": "arn:aws:sqs:us-east-1:000000000000:one"},
    "PublishLayerVersion": {"Content": {"ZipFile": b"none"}},
    "UpdateFunctionCode": {"ZipFile": b"none"},
}
#: Durable executions and capacity providers are known by ARNs of their own kind.
OTHER_KINDS = ("Durable", "CapacityProvider", "ScalingConfig", "ResourcePolicy")


def handler(event, context):
    client = boto3.client("lambda", config=Config(retries={"total_max_attempts": 1}))
    found = {"allowed": {}, "refused": {}, "missing": {}, "others": {}}
    found["allowed"]["Invoke"] = client.invoke(FunctionName="shop-price")["Payload"].read().decode()
    names = {operation: method for method, operation in client.meta.method_to_api_mapping.items()}
    for operation in sorted(names):
        if any(kind in operation for kind in OTHER_KINDS):
            continue
        outcome, text = call(client, operation, names[operation])
        found[outcome][operation] = text
    return found


def call(client, operation, method):
    shape = client.meta.service_model.operation_model(operation).input_shape
    required = shape.required_members if shape is not None else []
    try:
        wanted = {name: VALUES[name] for name in required if name not in MORE.get(operation, {})}
        getattr(client, method)(**wanted, **MORE.get(operation, {}))
        return "others", "it was allowed"
    except ClientError as error:
        code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
        if code == "AccessDeniedException":
            return "refused", message
        if code == "UnknownOperationException":
            return "missing", message
        return "others", f"{code}: {message}"
    except Exception as error:
        return "others", f"{type(error).__name__}: {error}"
