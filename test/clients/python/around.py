"""What stands around functions: layers, permissions, tags, mappings, signing, capacity, settings, the account."""
import json

from functions import download
from node import client, code, zipped

ACCOUNT = "000000000000"


def layers(api):
    content = zipped({"nodejs/words.js": "exports.words = 'hello';"})
    made = api.call(
        "PublishLayerVersion",
        LayerName="shared",
        Description="words",
        Content={"ZipFile": content},
        CompatibleRuntimes=["nodejs24.x"],
        LicenseInfo="MIT",
        CompatibleArchitectures=["x86_64"],
    )
    api.same("numbered from 1", made["Version"], 1)
    second = api.call("PublishLayerVersion", LayerName=made["LayerArn"], Content={"ZipFile": content})
    api.same("then 2", second["Version"], 2)
    got = api.call("GetLayerVersion", LayerName="shared", VersionNumber=1)
    for key in ("Description", "CompatibleRuntimes", "LicenseInfo", "CompatibleArchitectures", "LayerVersionArn"):
        api.same(f"layer {key}", got[key], made[key])
    api.same("its content", download(got["Content"]["Location"]), content)
    api.call("GetLayerVersionByArn", Arn=made["LayerVersionArn"])
    page = api.call("ListLayerVersions", LayerName="shared", MaxItems=1)
    rest = api.call("ListLayerVersions", LayerName="shared", Marker=page["NextMarker"])
    api.same("newest first", [v["Version"] for v in page["LayerVersions"] + rest["LayerVersions"]], [2, 1])
    fitting = api.call("ListLayerVersions", LayerName="shared", CompatibleRuntime="nodejs24.x", CompatibleArchitecture="x86_64")
    api.same("fitting versions", [v["Version"] for v in fitting["LayerVersions"]], [1])
    page = api.call("ListLayers", MaxItems=1)
    rest = api.call("ListLayers", Marker=page["NextMarker"])
    api.same("layers", [layer["LayerName"] for layer in page["Layers"] + rest["Layers"]], ["shared", "words"])
    fitting = api.call("ListLayers", CompatibleRuntime="nodejs24.x", CompatibleArchitecture="x86_64")
    api.same("fitting layers", [layer["LatestMatchingVersion"]["Version"] for layer in fitting["Layers"]], [1])
    api.refuse("ResourceNotFoundException", 404, "GetLayerVersion", LayerName="shared", VersionNumber=9)
    api.refuse("InvalidParameterValueException", 400, "PublishLayerVersion", LayerName="shared", Content={"ZipFile": b"no zip"})
    api.lacks(
        "PublishLayerVersion", "Content.S3Bucket", LayerName="shared", Content={"S3Bucket": "code-of-mine", "S3Key": "one", "S3ObjectVersion": "1"}
    )
    layer_permissions(api)
    api.call("DeleteLayerVersion", LayerName="shared", VersionNumber=2)
    api.refuse("ResourceNotFoundException", 404, "GetLayerVersion", LayerName="shared", VersionNumber=2)
    third = api.call("PublishLayerVersion", LayerName="shared", Content={"ZipFile": content})
    api.same("a number is used once", third["Version"], 3)


def layer_permissions(api):
    of = {"LayerName": "shared", "VersionNumber": 1}
    api.refuse("ResourceNotFoundException", 404, "GetLayerVersionPolicy", **of)
    made = api.call(
        "AddLayerVersionPermission",
        **of, StatementId="all", Action="lambda:GetLayerVersion", Principal="*", OrganizationId="o-1234567890",
    )
    revision = made["RevisionId"]
    made = api.call(
        "AddLayerVersionPermission", **of, StatementId="one", Action="lambda:GetLayerVersion", Principal="111122223333", RevisionId=revision
    )
    api.refuse(
        "ResourceConflictException", 409, "AddLayerVersionPermission",
        **of, StatementId="one", Action="lambda:GetLayerVersion", Principal="111122223333",
    )
    api.refuse(
        "PreconditionFailedException", 412, "RemoveLayerVersionPermission", **of, StatementId="one", RevisionId=revision
    )
    policy = json.loads(api.call("GetLayerVersionPolicy", **of)["Policy"])
    api.same("statements", [each["Sid"] for each in policy["Statement"]], ["all", "one"])
    api.call("RemoveLayerVersionPermission", **of, StatementId="one", RevisionId=made["RevisionId"])
    api.call("RemoveLayerVersionPermission", **of, StatementId="all")


def permissions(api):
    arn = api.call("GetFunctionConfiguration", FunctionName="orders")["FunctionArn"]
    api.refuse("ResourceNotFoundException", 404, "GetPolicy", FunctionName="orders")
    added = api.call(
        "AddPermission",
        FunctionName="orders",
        StatementId="bucket",
        Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com",
        SourceArn="arn:aws:s3:::photos",
        SourceAccount=ACCOUNT,
        EventSourceToken="token",
        PrincipalOrgID="o-1234567890",
    )
    statement = json.loads(added["Statement"])
    api.same("principal", statement["Principal"], {"Service": "s3.amazonaws.com"})
    api.same("resource", statement["Resource"], arn)
    api.same("source", statement["Condition"]["ArnLike"], {"AWS:SourceArn": "arn:aws:s3:::photos"})
    got = api.call("GetPolicy", FunctionName="orders")
    api.same("the policy has it", json.loads(got["Policy"])["Statement"], [statement])
    api.call(
        "AddPermission",
        FunctionName="orders", StatementId="account", Action="lambda:*", Principal="111122223333", RevisionId=got["RevisionId"],
    )
    api.refuse(
        "ResourceConflictException", 409, "AddPermission",
        FunctionName="orders", StatementId="bucket", Action="lambda:InvokeFunction", Principal="*",
    )
    api.refuse(
        "PreconditionFailedException", 412, "AddPermission",
        FunctionName="orders", StatementId="x", Action="lambda:InvokeFunction", Principal="*", RevisionId=got["RevisionId"],
    )
    api.refuse(
        "InvalidParameterValueException", 400, "AddPermission",
        FunctionName="orders", StatementId="x", Action="lambda:InvokeFunction", Principal="nobody",
    )
    api.refuse(
        "ValidationException", 400, "AddPermission",
        FunctionName="orders", StatementId="x", Action="s3:GetObject", Principal="*",
    )
    api.refuse("ResourceNotFoundException", 404, "RemovePermission", FunctionName="orders", StatementId="never")
    api.call("AddPermission", FunctionName="orders", Qualifier="live", StatementId="one", Action="lambda:InvokeFunction", Principal=f"arn:aws:iam::{ACCOUNT}:root")
    api.call("GetPolicy", FunctionName="orders", Qualifier="live")
    revision = api.call("GetPolicy", FunctionName="orders", Qualifier="live")["RevisionId"]
    api.call("RemovePermission", FunctionName="orders", Qualifier="live", StatementId="one", RevisionId=revision)
    whole = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    revision = api.call("GetResourcePolicy", ResourceArn=arn)["RevisionId"]
    put = api.call("PutResourcePolicy", ResourceArn=arn, Policy=whole, RevisionId=revision)
    api.same("replaced", json.loads(put["Policy"])["Statement"], [statement])
    api.refuse("InvalidParameterValueException", 400, "PutResourcePolicy", ResourceArn=arn, Policy='{"no": "policy"}')
    api.refuse("PreconditionFailedException", 412, "DeleteResourcePolicy", ResourceArn=arn, RevisionId=revision)
    api.call("DeleteResourcePolicy", ResourceArn=arn, RevisionId=put["RevisionId"])
    for n in range(200):
        name, source = f"s{n}", f"arn:aws:s3:::photos-{'x' * 200}"
        try:
            api.client.add_permission(
                FunctionName="orders", StatementId=name, Action="lambda:InvokeFunction", Principal="s3.amazonaws.com", SourceArn=source
            )
        except api.client.exceptions.PolicyLengthExceededException:
            break
    else:
        api.failures.append("a policy may be longer than 20 KB")
    api.call("DeleteResourcePolicy", ResourceArn=arn)
    api.refuse("ResourceNotFoundException", 404, "GetResourcePolicy", ResourceArn=arn)


def tags(api):
    arn = api.call("GetFunctionConfiguration", FunctionName="orders")["FunctionArn"]
    api.call("TagResource", Resource=arn, Tags={"stage": "test", "gone": "soon"})
    api.call("UntagResource", Resource=arn, TagKeys=["gone", "never"])
    api.same("tags", api.call("ListTags", Resource=arn)["Tags"], {"team": "shop", "stage": "test"})
    api.refuse("InvalidParameterValueException", 400, "TagResource", Resource=arn, Tags={f"k{n}": "v" for n in range(50)})
    api.refuse("InvalidParameterValueException", 400, "TagResource", Resource=arn, Tags={"aws:mine": "v"})
    api.refuse("InvalidParameterValueException", 400, "TagResource", Resource=f"{arn}:live", Tags={"a": "b"})
    api.refuse("ResourceNotFoundException", 404, "ListTags", Resource=arn.replace("orders", "unknown"))


STREAM = {
    "BatchSize": 50,
    "FilterCriteria": {"Filters": [{"Pattern": '{"data": {"kind": ["order"]}}'}]},
    "MaximumBatchingWindowInSeconds": 5,
    "ParallelizationFactor": 2,
    "DestinationConfig": {"OnSuccess": {}, "OnFailure": {"Destination": f"arn:aws:sqs:us-east-1:{ACCOUNT}:failed"}},
    "MaximumRecordAgeInSeconds": 3600,
    "BisectBatchOnFunctionError": True,
    "MaximumRetryAttempts": 5,
    "TumblingWindowInSeconds": 30,
    "FunctionResponseTypes": ["ReportBatchItemFailures"],
    "KMSKeyArn": f"arn:aws:kms:us-east-1:{ACCOUNT}:key/one",
    "MetricsConfig": {"Metrics": ["EventCount"]},
    "LoggingConfig": {"SystemLogLevel": "INFO"},
}


def kept(api, made, wanted):
    got = api.call("GetEventSourceMapping", UUID=made["UUID"])
    for key, value in wanted.items():
        api.same(f"mapping {key}", got.get(key), value)
    return got


def mappings(api):
    stream = f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/orders"
    made = api.call(
        "CreateEventSourceMapping",
        EventSourceArn=stream,
        FunctionName="orders:live",
        Enabled=True,
        StartingPosition="AT_TIMESTAMP",
        StartingPositionTimestamp=1_700_000_000,
        Tags={"team": "shop"},
        **STREAM,
    )
    api.same("enabled", kept(api, made, STREAM)["State"], "Enabled")
    changed = {**STREAM, "BatchSize": 60, "MaximumRetryAttempts": 6, "LoggingConfig": {"SystemLogLevel": "WARN"}}
    api.call("UpdateEventSourceMapping", UUID=made["UUID"], FunctionName="orders", Enabled=False, **changed)
    got = kept(api, made, changed)
    api.same("disabled", (got["State"], got["FunctionArn"].endswith(":orders")), ("Disabled", True))
    api.call("TagResource", Resource=got["EventSourceMappingArn"], Tags={"stage": "test"})
    api.call("UntagResource", Resource=got["EventSourceMappingArn"], TagKeys=["stage"])
    api.same("its tags", api.call("ListTags", Resource=got["EventSourceMappingArn"])["Tags"], {"team": "shop"})
    queue = {"FunctionName": "orders", "EventSourceArn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:jobs"}
    readable(api, queue)
    scaled = {"ScalingConfig": {"MaximumConcurrency": 5}, "BatchSize": 10}
    jobs = api.call("CreateEventSourceMapping", **queue, **scaled)
    kept(api, jobs, {**scaled, "State": "Enabled"})
    scaled = {"ScalingConfig": {"MaximumConcurrency": 6}}
    api.call("UpdateEventSourceMapping", UUID=jobs["UUID"], **scaled)
    kept(api, jobs, scaled)
    api.refuse("ResourceConflictException", 409, "CreateEventSourceMapping", **queue)
    kafka(api)
    page = api.call("ListEventSourceMappings", FunctionName="orders", MaxItems=1)
    rest = api.call("ListEventSourceMappings", FunctionName="orders", Marker=page["NextMarker"])
    api.same("all of them", len(page["EventSourceMappings"] + rest["EventSourceMappings"]), 6)
    one = api.call("ListEventSourceMappings", EventSourceArn=stream)
    api.same("of one source", [each["UUID"] for each in one["EventSourceMappings"]], [made["UUID"]])
    wrong_mappings(api, queue)
    api.same("deleting", api.call("DeleteEventSourceMapping", UUID=made["UUID"])["State"], "Deleting")
    api.refuse("ResourceNotFoundException", 404, "GetEventSourceMapping", UUID=made["UUID"])
    api.refuse("ResourceNotFoundException", 404, "DeleteEventSourceMapping", UUID=made["UUID"])


def readable(api, queue):
    """There is the queue, it hides its messages for long enough, and the function's role may read it."""
    queues, iam = client("sqs"), client("iam")
    told = api.refuse("InvalidParameterValueException", 400, "CreateEventSourceMapping", **queue)
    api.same("a queue that is not there", "AWS.SimpleQueueService.NonExistentQueue" in told, True)
    url = queues.create_queue(QueueName="jobs", Attributes={"VisibilityTimeout": "900"})["QueueUrl"]
    told = api.refuse("InvalidParameterValueException", 400, "CreateEventSourceMapping", **queue)
    api.same("a role that may not", told.endswith("does not have permissions to call ReceiveMessage on SQS"), True)
    role = api.call("GetFunctionConfiguration", FunctionName="orders")["Role"].split("/")[-1]
    actions = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
    allow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}
    iam.put_role_policy(RoleName=role, PolicyName="jobs", PolicyDocument=json.dumps(allow))
    queues.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "0"})
    told = api.refuse("InvalidParameterValueException", 400, "CreateEventSourceMapping", **queue)
    api.same("a queue that hides too briefly", told.startswith("Queue visibility timeout: 0 seconds is less than Function timeout"), True)
    queues.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "900"})


def kafka(api):
    access = [{"Type": "BASIC_AUTH", "URI": f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:one"}]
    registry = {
        "SchemaRegistryURI": "https://registry.example.com",
        "EventRecordFormat": "JSON",
        "SchemaValidationConfigs": [{"Attribute": "VALUE"}],
    }
    managed = {
        "Topics": ["orders"],
        "AmazonManagedKafkaEventSourceConfig": {"ConsumerGroupId": "one", "SchemaRegistryConfig": registry},
        "SourceAccessConfigurations": access,
        "ProvisionedPollerConfig": {"MinimumPollers": 1, "MaximumPollers": 2, "PollerGroupName": "one"},
    }
    made = api.call(
        "CreateEventSourceMapping",
        FunctionName="orders", EventSourceArn=f"arn:aws:kafka:us-east-1:{ACCOUNT}:cluster/one/1", StartingPosition="LATEST", **managed,
    )
    kept(api, made, managed)
    changed = {key: value for key, value in managed.items() if key != "Topics"}
    api.call("UpdateEventSourceMapping", UUID=made["UUID"], **changed)
    own = {
        "Topics": ["orders"],
        "SelfManagedEventSource": {"Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": ["kafka.example.com:9092"]}},
        "SelfManagedKafkaEventSourceConfig": {
            "ConsumerGroupId": "one",
            "SchemaRegistryConfig": registry,
            "ConsumptionMode": "Stream",
        },
    }
    made = api.call("CreateEventSourceMapping", FunctionName="orders", StartingPosition="TRIM_HORIZON", **own)
    kept(api, made, own)
    api.call("UpdateEventSourceMapping", UUID=made["UUID"], SelfManagedKafkaEventSourceConfig=own["SelfManagedKafkaEventSourceConfig"])
    rabbit = {"Queues": ["jobs"], "SourceAccessConfigurations": access}
    made = api.call("CreateEventSourceMapping", FunctionName="orders", EventSourceArn=f"arn:aws:mq:us-east-1:{ACCOUNT}:broker:one:1", **rabbit)
    kept(api, made, rabbit)
    documents = {"DocumentDBEventSourceConfig": {"DatabaseName": "shop", "CollectionName": "orders", "FullDocument": "UpdateLookup"}}
    made = api.call(
        "CreateEventSourceMapping",
        FunctionName="orders", EventSourceArn=f"arn:aws:rds:us-east-1:{ACCOUNT}:cluster:one", StartingPosition="LATEST", **documents,
    )
    kept(api, made, documents)
    api.call("UpdateEventSourceMapping", UUID=made["UUID"], **documents)


def wrong_mappings(api, queue):
    other = {**queue, "EventSourceArn": queue["EventSourceArn"] + "-other"}
    stream = {"FunctionName": "orders", "EventSourceArn": f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/a/stream/b"}
    for params, (error, status) in [
        ({**other, "BatchSize": 11}, ("InvalidParameterValueException", 400)),
        ({**other, "BatchSize": 10_001}, ("ValidationException", 400)),
        ({**other, "StartingPosition": "LATEST"}, ("InvalidParameterValueException", 400)),
        ({**other, "FilterCriteria": {"Filters": [{"Pattern": "not json"}]}}, ("InvalidParameterValueException", 400)),
        ({**other, "FunctionName": "unknown"}, ("ResourceNotFoundException", 404)),
        (stream, ("InvalidParameterValueException", 400)),
        ({**stream, "StartingPosition": "AT_TIMESTAMP", "StartingPositionTimestamp": 1}, ("InvalidParameterValueException", 400)),
        ({"FunctionName": "orders"}, ("InvalidParameterValueException", 400)),
        ({"FunctionName": "orders", "EventSourceArn": "arn:aws:s3:::photos"}, ("InvalidParameterValueException", 400)),
    ]:
        api.refuse(error, status, "CreateEventSourceMapping", **params)


def signing(api):
    publishers = {"SigningProfileVersionArns": [f"arn:aws:signer:us-east-1:{ACCOUNT}:/signing-profiles/one"]}
    made = api.call(
        "CreateCodeSigningConfig",
        Description="ours", AllowedPublishers=publishers, CodeSigningPolicies={"UntrustedArtifactOnDeployment": "Warn"}, Tags={"a": "b"},
    )["CodeSigningConfig"]
    arn = made["CodeSigningConfigArn"]
    api.same("its tags", api.call("ListTags", Resource=arn)["Tags"], {"a": "b"})
    updated = api.call(
        "UpdateCodeSigningConfig",
        CodeSigningConfigArn=arn, Description="theirs", AllowedPublishers=publishers,
        CodeSigningPolicies={"UntrustedArtifactOnDeployment": "Enforce"},
    )["CodeSigningConfig"]
    api.same("updated", (updated["Description"], updated["CodeSigningPolicies"]), ("theirs", {"UntrustedArtifactOnDeployment": "Enforce"}))
    api.same("got", api.call("GetCodeSigningConfig", CodeSigningConfigArn=arn)["CodeSigningConfig"]["Description"], "theirs")
    page = api.call("ListCodeSigningConfigs", MaxItems=1)
    rest = api.call("ListCodeSigningConfigs", Marker=page["NextMarker"])
    api.same("all", len(page["CodeSigningConfigs"] + rest["CodeSigningConfigs"]), 2)
    for name in ("orders", "streams"):
        api.call("PutFunctionCodeSigningConfig", FunctionName=name, CodeSigningConfigArn=arn)
    api.refuse("CodeVerificationFailedException", 400, "UpdateFunctionCode", FunctionName="orders", ZipFile=code("unsigned"))
    api.same("of a function", api.call("GetFunctionCodeSigningConfig", FunctionName="orders")["CodeSigningConfigArn"], arn)
    page = api.call("ListFunctionsByCodeSigningConfig", CodeSigningConfigArn=arn, MaxItems=1)
    rest = api.call("ListFunctionsByCodeSigningConfig", CodeSigningConfigArn=arn, Marker=page["NextMarker"])
    api.same("functions", len(page["FunctionArns"] + rest["FunctionArns"]), 2)
    api.refuse("ResourceConflictException", 409, "DeleteCodeSigningConfig", CodeSigningConfigArn=arn)
    for name in ("orders", "streams"):
        api.call("DeleteFunctionCodeSigningConfig", FunctionName=name)
    api.call("DeleteCodeSigningConfig", CodeSigningConfigArn=arn)
    api.refuse("ResourceNotFoundException", 404, "GetCodeSigningConfig", CodeSigningConfigArn=arn)
    api.refuse("CodeSigningConfigNotFoundException", 404, "PutFunctionCodeSigningConfig", FunctionName="orders", CodeSigningConfigArn=arn)


def capacity(api):
    wanted = {
        "VpcConfig": {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
        "PermissionsConfig": {"CapacityProviderOperatorRoleArn": f"arn:aws:iam::{ACCOUNT}:role/operator"},
        "InstanceRequirements": {"Architectures": ["x86_64"], "AllowedInstanceTypes": ["m7i.large"], "ExcludedInstanceTypes": []},
        "CapacityProviderScalingConfig": {
            "MaxVCpuCount": 4,
            "ScalingMode": "Manual",
            "ScalingPolicies": [{"PredefinedMetricType": "LambdaCapacityProviderAverageCPUUtilization", "TargetValue": 50.0}],
        },
        "KmsKeyArn": f"arn:aws:kms:us-east-1:{ACCOUNT}:key/one",
        "PropagateTags": {"Mode": "Explicit", "ExplicitTags": {"a": "b"}},
        "TelemetryConfig": {"LoggingConfig": {"SystemLogLevel": "INFO"}},
    }
    made = api.call("CreateCapacityProvider", CapacityProviderName="one", Tags={"a": "b"}, **wanted)["CapacityProvider"]
    api.call("CreateCapacityProvider", CapacityProviderName="two", **{key: wanted[key] for key in ("VpcConfig", "PermissionsConfig")})
    got = api.call("GetCapacityProvider", CapacityProviderName="one")["CapacityProvider"]
    for key, value in wanted.items():
        api.same(f"capacity provider {key}", got.get(key), value)
    api.same("its tags", api.call("ListTags", Resource=made["CapacityProviderArn"])["Tags"], {"a": "b"})
    page = api.call("ListCapacityProviders", MaxItems=1, State="Active")
    rest = api.call("ListCapacityProviders", Marker=page["NextMarker"])
    api.same("both", len(page["CapacityProviders"] + rest["CapacityProviders"]), 2)
    scaling = {**wanted["CapacityProviderScalingConfig"], "MaxVCpuCount": 8}
    more = {key: wanted[key] for key in ("PropagateTags", "TelemetryConfig")}
    api.call("UpdateCapacityProvider", CapacityProviderName="one", CapacityProviderScalingConfig=scaling, **more)
    api.same("updated", api.call("GetCapacityProvider", CapacityProviderName="one")["CapacityProvider"]["CapacityProviderScalingConfig"], scaling)
    api.same("unused", api.call("ListFunctionVersionsByCapacityProvider", CapacityProviderName="one", MaxItems=1)["FunctionVersions"], [])
    api.call("ListFunctionVersionsByCapacityProvider", CapacityProviderName="one", Marker="MTph")
    api.refuse("ResourceConflictException", 409, "CreateCapacityProvider", CapacityProviderName="one", **wanted)
    for name in ("one", "two"):
        api.call("DeleteCapacityProvider", CapacityProviderName=name)
    api.refuse("ResourceNotFoundException", 404, "GetCapacityProvider", CapacityProviderName="one")


def settings(api):
    api.same("the guard is on", api.call("GetFunctionRecursionConfig", FunctionName="orders")["RecursiveLoop"], "Terminate")
    api.call("PutFunctionRecursionConfig", FunctionName="orders", RecursiveLoop="Allow")
    api.same("off", api.call("GetFunctionRecursionConfig", FunctionName="orders")["RecursiveLoop"], "Allow")
    api.same("automatic", api.call("GetRuntimeManagementConfig", FunctionName="orders")["UpdateRuntimeOn"], "Auto")
    arn = "arn:aws:lambda:us-east-1::runtime:" + "0" * 64
    api.call("PutRuntimeManagementConfig", FunctionName="orders", Qualifier="2", UpdateRuntimeOn="Manual", RuntimeVersionArn=arn)
    got = api.call("GetRuntimeManagementConfig", FunctionName="orders", Qualifier="2")
    api.same("by hand", (got["UpdateRuntimeOn"], got["RuntimeVersionArn"]), ("Manual", arn))
    api.refuse("InvalidParameterValueException", 400, "PutRuntimeManagementConfig", FunctionName="orders", UpdateRuntimeOn="Manual")
    scaling = {"MinExecutionEnvironments": 1, "MaxExecutionEnvironments": 2}
    api.call("PutFunctionScalingConfig", FunctionName="orders", Qualifier="2", FunctionScalingConfig=scaling)
    got = api.call("GetFunctionScalingConfig", FunctionName="orders", Qualifier="2")
    api.same("scaling", got["RequestedFunctionScalingConfig"], scaling)
    usage = api.call("GetAccountSettings")
    api.same("functions", usage["AccountUsage"]["FunctionCount"], 2)
    api.same("concurrency", usage["AccountLimit"]["ConcurrentExecutions"], 1000)


def durable(api):
    api.same(
        "no executions",
        api.call("ListDurableExecutionsByFunction", FunctionName="orders", Qualifier="$LATEST", DurableExecutionName="one",
                 Statuses=["RUNNING"], StartedAfter=1, StartedBefore=2, ReverseOrder=True, MaxItems=1, Marker="MTph")["DurableExecutions"],
        [],
    )
    arn = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:orders:1/durable-execution/one/00000000-0000-0000-0000-000000000000"
    for operation in ("GetDurableExecution", "GetDurableExecutionHistory", "StopDurableExecution", "DeleteDurableExecution", "PauseDurableExecution", "ResumeDurableExecution"):
        api.refuse("ResourceNotFoundException", 404, operation, DurableExecutionArn=arn)
    api.lacks_operation("CheckpointDurableExecution", DurableExecutionArn=arn, CheckpointToken="aaaa")
    api.lacks_operation("GetDurableExecutionState", DurableExecutionArn=arn, CheckpointToken="aaaa")
    for end in ("Success", "Failure", "Heartbeat"):
        api.lacks_operation(f"SendDurableExecutionCallback{end}", CallbackId="aaaa")


def deletions(api):
    for each in api.call("ListEventSourceMappings")["EventSourceMappings"]:
        api.call("DeleteEventSourceMapping", UUID=each["UUID"])
    for name in ("orders", "streams"):
        api.call("DeleteFunction", FunctionName=name)
        api.refuse("ResourceNotFoundException", 404, "DeleteFunction", FunctionName=name)
    api.same("nothing is left", api.call("ListFunctions")["Functions"], [])
