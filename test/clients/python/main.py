"""Lambda's whole API by boto3, on an empty node. Prints one JSON document of what was found.

Only the endpoint and the keys are changed, by the environment: AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, …
"""
import json
import sys

import around
import functions
import images
import invoking
from node import TRUST, Api, client, section


def main():
    api = Api("lambda", "InvalidParameterValueException")
    iam = client("iam")
    roles = [
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
        for name in ("orders-role", "other-role")
    ]
    api.role = roles[0]
    allowed = {"Effect": "Allow", "Action": ["sqs:SendMessage", "lambda:InvokeFunction"], "Resource": "*"}
    for name in ("orders-role", "other-role"):
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        iam.put_role_policy(RoleName=name, PolicyName="tells", PolicyDocument=policy)
    section(functions.functions, api, roles)
    section(images.images, api, roles[0])
    for part in (
        functions.aliases,
        invoking.invoke,
        invoking.stream,
        functions.concurrency,
        invoking.urls,
        invoking.event_invoke,
        around.layers,
        around.permissions,
        around.tags,
        around.mappings,
        around.signing,
        around.capacity,
        around.settings,
        around.durable,
        around.deletions,
    ):
        section(part, api)
    json.dump(api.report(), sys.stdout)


main()
