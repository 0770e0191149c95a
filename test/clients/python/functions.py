"""Functions, versions, aliases, concurrency."""
import base64
import hashlib
import time

from node import STREAMING, code, zipped


FILES = {
    "Arn": "arn:aws:elasticfilesystem:us-east-1:000000000000:access-point/fsap-0123456789abcdef0",
    "LocalMountPath": "/mnt/files",
    "S3FilesConfig": {"DirectS3Read": "ENABLED"},
}


def functions(api, roles):
    role, other_role = roles
    signing = api.call(
        "CreateCodeSigningConfig",
        AllowedPublishers={
            "SigningProfileVersionArns": ["arn:aws:signer:us-east-1:000000000000:/signing-profiles/one"]
        },
    )["CodeSigningConfig"]["CodeSigningConfigArn"]
    layer = api.call(
        "PublishLayerVersion", LayerName="words", Content={"ZipFile": zipped({"words.txt": "hello"})}
    )["LayerVersionArn"]
    first = code("first")
    made = api.call(
        "CreateFunction",
        FunctionName="orders",
        Runtime="nodejs24.x",
        Role=role,
        Handler="index.handler",
        Code={"ZipFile": first, "SourceKMSKeyArn": "arn:aws:kms:us-east-1:000000000000:key/one"},
        FileSystemConfigs=[FILES],
        Description="takes orders",
        Timeout=5,
        MemorySize=256,
        Publish=True,
        PackageType="Zip",
        VpcConfig={"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"], "Ipv6AllowedForDualStack": False},
        DeadLetterConfig={"TargetArn": "arn:aws:sqs:us-east-1:000000000000:failed"},
        Environment={"Variables": {"COLOUR": "red"}},
        KMSKeyArn="arn:aws:kms:us-east-1:000000000000:key/one",
        TracingConfig={"Mode": "Active"},
        Tags={"team": "shop"},
        Layers=[layer],
        CodeSigningConfigArn=signing,
        Architectures=["x86_64"],
        EphemeralStorage={"Size": 600},
        SnapStart={"ApplyOn": "None"},
        LoggingConfig={"LogFormat": "JSON", "ApplicationLogLevel": "INFO", "SystemLogLevel": "WARN", "LogGroup": "/one"},
    )
    api.same("code hash", made["CodeSha256"], base64.b64encode(hashlib.sha256(first).digest()).decode())
    api.same("published", made["Version"], "1")
    api.client.get_waiter("function_active_v2").wait(FunctionName="orders")
    whole = api.call("GetFunction", FunctionName="orders")
    shown = whole["Configuration"]
    for key, value in {
        "Description": "takes orders",
        "Timeout": 5,
        "MemorySize": 256,
        "Environment": {"Variables": {"COLOUR": "red"}},
        "KMSKeyArn": "arn:aws:kms:us-east-1:000000000000:key/one",
        "TracingConfig": {"Mode": "Active"},
        "DeadLetterConfig": {"TargetArn": "arn:aws:sqs:us-east-1:000000000000:failed"},
        "EphemeralStorage": {"Size": 600},
        "Architectures": ["x86_64"],
        "Role": role,
        "State": "Active",
        "Version": "$LATEST",
    }.items():
        api.same(f"GetFunction {key}", shown.get(key), value)
    api.same("tags", whole.get("Tags"), {"team": "shop"})
    api.same("layers", [each["Arn"] for each in shown["Layers"]], [layer])
    api.same("downloaded code", download(whole["Code"]["Location"]), first)
    api.call("GetFunction", FunctionName="orders", Qualifier="1")
    for name in ("orders:1", "000000000000:function:orders", made["FunctionArn"]):
        api.call("GetFunctionConfiguration", FunctionName=name)
    api.call("GetFunctionConfiguration", FunctionName="orders", Qualifier="1")
    refusals(api, role)
    updates(api, other_role, shown["RevisionId"])
    lists(api)


def refusals(api, role):
    def create(**more):
        wanted = {
            "FunctionName": "never",
            "Runtime": "nodejs24.x",
            "Role": role,
            "Handler": "index.handler",
            "Code": {"ZipFile": code()},
            **more,
        }
        return ("CreateFunction", {key: value for key, value in wanted.items() if value is not None})

    for wrong, (error, status) in [
        ({"FunctionName": "orders"}, ("ResourceConflictException", 409)),
        ({"FunctionName": "a b"}, ("ValidationException", 400)),
        ({"Runtime": "cobol85"}, ("InvalidParameterValueException", 400)),
        ({"Handler": "in dex"}, ("ValidationException", 400)),
        ({"Handler": None}, ("InvalidParameterValueException", 400)),
        ({"MemorySize": 127}, ("ValidationException", 400)),
        ({"MemorySize": 10_241}, ("ValidationException", 400)),
        ({"Timeout": 901}, ("ValidationException", 400)),
        ({"Role": "arn:aws:iam::000000000000:role/unknown"}, ("InvalidParameterValueException", 400)),
        ({"Code": {"ZipFile": b"no zip at all"}}, ("InvalidParameterValueException", 400)),
        ({"Code": {"ZipFile": b""}}, ("InvalidParameterValueException", 400)),
        ({"Code": {}}, ("InvalidParameterValueException", 400)),
        ({"Layers": ["arn:aws:lambda:us-east-1:000000000000:layer:none:1"]}, ("InvalidParameterValueException", 400)),
        ({"EphemeralStorage": {"Size": 511}}, ("ValidationException", 400)),
        ({"Environment": {"Variables": {"AWS_REGION": "x"}}}, ("InvalidParameterValueException", 400)),
    ]:
        operation, params = create(**wrong)
        api.refuse(error, status, operation, **params)
    for parameter, value in [
        ("CapacityProviderConfig", {"LambdaManagedInstancesCapacityProviderConfig": {"CapacityProviderArn": "arn:aws:lambda:us-east-1:000000000000:capacity-provider:one"}}),
        ("DurableConfig", {"ExecutionTimeout": 60}),
        ("TenancyConfig", {"TenantIsolationMode": "PER_TENANT"}),
        ("RuntimeConfig", {"RuntimeArn": "arn:aws:lambda:us-east-1:000000000000:runtime/one", "RuntimeAlias": "one"}),
        ("AcceleratorConfig", {"AcceleratorMemorySize": 1024}),
        ("PublishTo", "LATEST_PUBLISHED"),
    ]:
        operation, params = create(**{parameter: value})
        api.lacks(operation, parameter, **params)
    operation, params = create(Code={"S3Bucket": "code-of-mine", "S3Key": "orders.zip", "S3ObjectVersion": "1"})
    api.refuse("InvalidParameterValueException", 400, operation, **params)
    api.refuse("ResourceNotFoundException", 404, "GetFunction", FunctionName="unknown")
    api.refuse("ResourceNotFoundException", 404, "GetFunction", FunctionName="orders", Qualifier="99")
    api.refuse("ResourceNotFoundException", 404, "GetFunctionConfiguration", FunctionName="orders:nobody")
    api.refuse("InvalidParameterValueException", 400, "GetFunction", FunctionName="orders:1", Qualifier="2")


def updates(api, other_role, revision):
    api.call("UpdateFunctionCode", FunctionName="orders", ZipFile=code("dry"), DryRun=True)
    changed = api.call(
        "UpdateFunctionCode", FunctionName="orders", ZipFile=code("second"), RevisionId=revision, Architectures=["x86_64"],
        SourceKMSKeyArn="arn:aws:kms:us-east-1:000000000000:key/one",
    )
    api.same("dry run changed nothing", changed["RevisionId"] != revision, True)
    api.refuse(
        "PreconditionFailedException", 412, "UpdateFunctionCode", FunctionName="orders", ZipFile=code("x"), RevisionId=revision
    )
    api.refuse("InvalidParameterValueException", 400, "UpdateFunctionCode", FunctionName="orders", ZipFile=b"no zip")
    api.lacks("UpdateFunctionCode", "PublishTo", FunctionName="orders", ZipFile=code(), PublishTo="LATEST_PUBLISHED")
    wanted = {
        "Handler": "index.handler",
        "Description": "takes more orders",
        "Timeout": 6,
        "MemorySize": 192,
        "VpcConfig": {"SubnetIds": [], "SecurityGroupIds": [], "Ipv6AllowedForDualStack": True},
        "Environment": {"Variables": {"COLOUR": "blue"}},
        "Runtime": "nodejs24.x",
        "DeadLetterConfig": {"TargetArn": ""},
        "KMSKeyArn": "",
        "TracingConfig": {"Mode": "PassThrough"},
        "Layers": [],
        "FileSystemConfigs": [FILES],
        "EphemeralStorage": {"Size": 512},
        "SnapStart": {"ApplyOn": "None"},
        "LoggingConfig": {"LogFormat": "JSON", "ApplicationLogLevel": "DEBUG", "SystemLogLevel": "INFO", "LogGroup": "/two"},
    }
    updated = api.call(
        "UpdateFunctionConfiguration", FunctionName="orders", Role=other_role, RevisionId=changed["RevisionId"], **wanted
    )
    api.client.get_waiter("function_updated_v2").wait(FunctionName="orders")
    for key in ("Description", "Timeout", "MemorySize", "Environment", "TracingConfig", "EphemeralStorage"):
        api.same(f"UpdateFunctionConfiguration {key}", updated.get(key), wanted[key])
    api.same("role", updated["Role"], other_role)
    api.same("log group", updated["LoggingConfig"]["LogGroup"], "/two")
    for parameter, value in [
        ("CapacityProviderConfig", {"LambdaManagedInstancesCapacityProviderConfig": {"CapacityProviderArn": "arn:aws:lambda:us-east-1:000000000000:capacity-provider:one"}}),
        ("DurableConfig", {"ExecutionTimeout": 60}),
        ("RuntimeConfig", {"RuntimeArn": "arn:aws:lambda:us-east-1:000000000000:runtime/one", "RuntimeAlias": "one"}),
        ("AcceleratorConfig", {"AcceleratorMemorySize": 1024}),
    ]:
        api.lacks("UpdateFunctionConfiguration", parameter, FunctionName="orders", **{parameter: value})
    api.refuse(
        "PreconditionFailedException", 412, "UpdateFunctionConfiguration", FunctionName="orders", Timeout=5, RevisionId=revision
    )
    second = api.call(
        "PublishVersion",
        FunctionName="orders",
        CodeSha256=updated["CodeSha256"],
        Description="second",
        RevisionId=updated["RevisionId"],
    )
    api.same("second version", (second["Version"], second["Description"]), ("2", "second"))
    again = api.call("PublishVersion", FunctionName="orders")
    api.same("nothing changed, nothing published", again["Version"], "2")
    api.lacks("PublishVersion", "PublishTo", FunctionName="orders", PublishTo="LATEST_PUBLISHED")
    api.refuse("InvalidParameterValueException", 400, "PublishVersion", FunctionName="orders", CodeSha256="AAAA")
    third = api.call("UpdateFunctionCode", FunctionName="orders", ZipFile=code("third"), Publish=True)
    api.same("third version", third["Version"], "3")


def lists(api):
    api.call(
        "CreateFunction",
        FunctionName="streams",
        Runtime="nodejs24.x",
        Role=api.role,
        Handler="index.handler",
        Code={"ZipFile": zipped({"index.js": STREAMING})},
    )
    page = api.call("ListFunctions", MaxItems=1)
    api.same("first page", [each["FunctionName"] for each in page["Functions"]], ["orders"])
    rest = api.call("ListFunctions", Marker=page["NextMarker"], MaxItems=10)
    api.same("second page", [each["FunctionName"] for each in rest["Functions"]], ["streams"])
    api.same("no third page", "NextMarker" in rest, False)
    every = api.call("ListFunctions", FunctionVersion="ALL", MasterRegion="ALL")
    api.same("all versions", len(every["Functions"]), 5)
    page = api.call("ListVersionsByFunction", FunctionName="orders", MaxItems=2)
    rest = api.call("ListVersionsByFunction", FunctionName="orders", Marker=page["NextMarker"])
    listed = [each["Version"] for each in page["Versions"] + rest["Versions"]]
    api.same("versions", listed, ["$LATEST", "1", "2", "3"])


def aliases(api):
    made = api.call(
        "CreateAlias",
        FunctionName="orders",
        Name="live",
        FunctionVersion="2",
        Description="what customers get",
        RoutingConfig={"AdditionalVersionWeights": {"3": 0.5}},
    )
    api.same("weights", made["RoutingConfig"]["AdditionalVersionWeights"], {"3": 0.5})
    seen = {api.call("Invoke", FunctionName="orders", Qualifier="live")["ExecutedVersion"] for _ in range(10)}
    api.same("both versions are called", seen, {"2", "3"})
    api.call("GetAlias", FunctionName="orders", Name="live")
    updated = api.call(
        "UpdateAlias",
        FunctionName="orders",
        Name="live",
        FunctionVersion="3",
        Description="what all customers get",
        RoutingConfig={"AdditionalVersionWeights": {}},
        RevisionId=made["RevisionId"],
    )
    api.same("alias moved", (updated["FunctionVersion"], updated.get("RoutingConfig")), ("3", None))
    api.refuse(
        "PreconditionFailedException", 412, "UpdateAlias", FunctionName="orders", Name="live", RevisionId=made["RevisionId"]
    )
    for wrong in ({"3": 0.5, "1": 0.7}, {"3": 1.5}, {"3": 0.5}):
        api.refuse(
            *(("ValidationException", 400) if 1.5 in wrong.values() else ("InvalidParameterValueException", 400)),
            "UpdateAlias", FunctionName="orders", Name="live", FunctionVersion="3",
            RoutingConfig={"AdditionalVersionWeights": wrong},
        )
    api.refuse("ResourceConflictException", 409, "CreateAlias", FunctionName="orders", Name="live", FunctionVersion="1")
    api.refuse("ResourceNotFoundException", 404, "CreateAlias", FunctionName="orders", Name="other", FunctionVersion="99")
    api.refuse("ResourceNotFoundException", 404, "GetAlias", FunctionName="orders", Name="nobody")
    api.call("CreateAlias", FunctionName="orders", Name="old", FunctionVersion="1")
    page = api.call("ListAliases", FunctionName="orders", MaxItems=1)
    rest = api.call("ListAliases", FunctionName="orders", Marker=page["NextMarker"])
    api.same("aliases", [each["Name"] for each in page["Aliases"] + rest["Aliases"]], ["live", "old"])
    of_one = api.call("ListAliases", FunctionName="orders", FunctionVersion="1")
    api.same("aliases of version 1", [each["Name"] for each in of_one["Aliases"]], ["old"])
    api.refuse("ResourceConflictException", 409, "DeleteFunction", FunctionName="orders", Qualifier="1")
    api.call("DeleteAlias", FunctionName="orders", Name="old")
    api.call("DeleteAlias", FunctionName="orders", Name="old")
    api.call("DeleteFunction", FunctionName="orders", Qualifier="1")


def concurrency(api):
    api.same("none reserved", "ReservedConcurrentExecutions" in api.call("GetFunctionConcurrency", FunctionName="orders"), False)
    api.call("PutFunctionConcurrency", FunctionName="orders", ReservedConcurrentExecutions=0)
    message = api.refuse("TooManyRequestsException", 429, "Invoke", FunctionName="orders")
    api.same("throttled", message, "Rate Exceeded.")
    reserved = api.call("PutFunctionConcurrency", FunctionName="orders", ReservedConcurrentExecutions=20)
    api.same("reserved", reserved["ReservedConcurrentExecutions"], 20)
    api.same("reserved", api.call("GetFunctionConcurrency", FunctionName="orders")["ReservedConcurrentExecutions"], 20)
    api.refuse("InvalidParameterValueException", 400, "PutFunctionConcurrency", FunctionName="orders", ReservedConcurrentExecutions=2000)
    put = api.call(
        "PutProvisionedConcurrencyConfig", FunctionName="orders", Qualifier="live", ProvisionedConcurrentExecutions=1
    )
    api.same("asked for", put["RequestedProvisionedConcurrentExecutions"], 1)
    for _ in range(100):
        got = api.call("GetProvisionedConcurrencyConfig", FunctionName="orders", Qualifier="live")
        if got["Status"] == "READY":
            break
        time.sleep(0.1)
    api.same("ready", (got["Status"], got["AvailableProvisionedConcurrentExecutions"]), ("READY", 1))
    listed = api.call("ListProvisionedConcurrencyConfigs", FunctionName="orders", MaxItems=1)
    api.same("listed", len(listed["ProvisionedConcurrencyConfigs"]), 1)
    api.call("PutProvisionedConcurrencyConfig", FunctionName="orders", Qualifier="2", ProvisionedConcurrentExecutions=1)
    page = api.call("ListProvisionedConcurrencyConfigs", FunctionName="orders", MaxItems=1)
    rest = api.call("ListProvisionedConcurrencyConfigs", FunctionName="orders", Marker=page["NextMarker"])
    api.same("the rest", len(rest["ProvisionedConcurrencyConfigs"]), 1)
    for qualifier in ("live", "2"):
        api.call("DeleteProvisionedConcurrencyConfig", FunctionName="orders", Qualifier=qualifier)
    api.refuse(
        "ProvisionedConcurrencyConfigNotFoundException", 404, "GetProvisionedConcurrencyConfig",
        FunctionName="orders", Qualifier="live",
    )
    api.call("DeleteFunctionConcurrency", FunctionName="orders")


def download(url):
    from urllib.request import urlopen

    with urlopen(url, timeout=10) as answer:
        return answer.read()
