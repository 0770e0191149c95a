"""Every way to invoke, and the addresses at which functions answer."""
import base64
import json
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen


def invoke(api):
    context = base64.b64encode(json.dumps({"custom": {"who": "test"}}).encode()).decode()
    answer = api.call(
        "Invoke",
        FunctionName="orders",
        InvocationType="RequestResponse",
        LogType="Tail",
        ClientContext=context,
        Payload=b'{"n": 1}',
        Qualifier="live",
    )
    payload = json.loads(answer["Payload"].read())
    api.same("event", payload["event"], {"n": 1})
    api.same("context", payload["client"], {"custom": {"who": "test"}})
    api.same("version", (answer["ExecutedVersion"], payload["version"]), ("3", "3"))
    api.same("alias in the ARN", payload["arn"].endswith(":function:orders:live"), True)
    api.same("no error", "FunctionError" in answer, False)
    log = base64.b64decode(answer["LogResult"]).decode()
    for part in ("START RequestId: ", "hello from 3", "END RequestId: ", "REPORT RequestId: ", "Billed Duration: "):
        api.same(f"the log has {part}", part in log, True)
    latest = api.call("Invoke", FunctionName="orders", LogType="None")
    api.same("without a qualifier", latest["ExecutedVersion"], "$LATEST")
    long = api.call("Invoke", FunctionName="orders", LogType="Tail", Payload=b'{"print": 9000}')
    tail = base64.b64decode(long["LogResult"])
    api.same("4 KB of log", (len(tail), b"REPORT" in tail), (4096, True))

    failed = api.call("Invoke", FunctionName="orders", Payload=b'{"fail": "no stock"}', LogType="Tail")
    error = json.loads(failed["Payload"].read())
    api.same("an exception", (failed["StatusCode"], failed["FunctionError"]), (200, "Unhandled"))
    api.same("its words", (error["errorType"], error["errorMessage"]), ("TypeError", "no stock"))

    kept = api.call("Invoke", FunctionName="orders", InvocationType="Event", Payload=b"{}")
    api.same("an event", (kept["StatusCode"], kept["Payload"].read()), (202, b""))
    api.same("a dry run", api.call("Invoke", FunctionName="orders", InvocationType="DryRun")["StatusCode"], 204)
    api.same("deprecated", api.call("InvokeAsync", FunctionName="orders", InvokeArgs=b"{}")["Status"], 202)

    api.refuse("InvalidRequestContentException", 400, "Invoke", FunctionName="orders", Payload=b"{not json")
    api.refuse("ResourceNotFoundException", 404, "Invoke", FunctionName="unknown")
    api.refuse("ResourceNotFoundException", 404, "Invoke", FunctionName="orders", Qualifier="nobody")
    api.refuse("ValidationException", 400, "Invoke", FunctionName="orders", InvocationType="Never")
    api.refuse("RequestEntityTooLargeException", 413, "Invoke", FunctionName="orders", Payload=json.dumps("x" * 6_291_456).encode())
    api.refuse(
        "RequestEntityTooLargeException", 413, "Invoke",
        FunctionName="orders", InvocationType="Event", Payload=json.dumps("x" * 1_048_576).encode(),
    )
    api.lacks("Invoke", "DurableExecutionName", FunctionName="orders", DurableExecutionName="one")
    api.lacks("Invoke", "TenantId", FunctionName="orders", TenantId="one")


def stream(api):
    def events(**params):
        answer = api.call("InvokeWithResponseStream", FunctionName="streams", **params)
        return answer, list(answer["EventStream"])

    context = base64.b64encode(b'{"custom": {}}').decode()
    answer, parts = events(Payload=b"{}", LogType="Tail", ClientContext=context, Qualifier="$LATEST", InvocationType="RequestResponse")
    text = b"".join(part["PayloadChunk"]["Payload"] for part in parts if "PayloadChunk" in part)
    api.same("what was streamed", text, b"one two three")
    end = parts[-1]["InvokeComplete"]
    api.same("it ended well", "ErrorCode" in end, False)
    api.same("the log is at the end", b"REPORT" in base64.b64decode(end["LogResult"]), True)
    api.same("type and version", (answer["ResponseStreamContentType"], answer["ExecutedVersion"]), ("text/plain", "$LATEST"))
    _, parts = events(Payload=b'{"fail": true}')
    end = parts[-1]["InvokeComplete"]
    api.same("it broke off", bool(end.get("ErrorCode")), True)
    buffered = api.call("InvokeWithResponseStream", FunctionName="orders", Payload=b'{"fail": "no stock"}')
    end = list(buffered["EventStream"])[-1]["InvokeComplete"]
    api.same("an error of a function that does not stream", json.loads(end["ErrorDetails"])["errorMessage"], "no stock")
    api.lacks("InvokeWithResponseStream", "TenantId", FunctionName="streams", TenantId="one")


def urls(api):
    wanted = {
        "AllowCredentials": True,
        "AllowHeaders": ["x-one"],
        "AllowMethods": ["GET", "POST"],
        "AllowOrigins": ["https://example.com"],
        "ExposeHeaders": ["x-two"],
        "MaxAge": 60,
    }
    made = api.call(
        "CreateFunctionUrlConfig", FunctionName="orders", Qualifier="live", AuthType="AWS_IAM", Cors=wanted, InvokeMode="BUFFERED"
    )
    api.same("cors", made["Cors"], wanted)
    api.call("CreateFunctionUrlConfig", FunctionName="orders", AuthType="NONE")
    api.refuse("ResourceConflictException", 409, "CreateFunctionUrlConfig", FunctionName="orders", AuthType="NONE")
    api.refuse("ValidationException", 400, "CreateFunctionUrlConfig", FunctionName="orders", Qualifier="1", AuthType="NONE")
    api.refuse("ResourceNotFoundException", 404, "CreateFunctionUrlConfig", FunctionName="orders", Qualifier="nobody", AuthType="NONE")
    api.same("get", api.call("GetFunctionUrlConfig", FunctionName="orders", Qualifier="live")["FunctionUrl"], made["FunctionUrl"])
    page = api.call("ListFunctionUrlConfigs", FunctionName="orders", MaxItems=1)
    rest = api.call("ListFunctionUrlConfigs", FunctionName="orders", Marker=page["NextMarker"])
    api.same("list", len(page["FunctionUrlConfigs"] + rest["FunctionUrlConfigs"]), 2)
    api.same("closed to strangers", get(made["FunctionUrl"]), 403)
    updated = api.call(
        "UpdateFunctionUrlConfig",
        FunctionName="orders", Qualifier="live", AuthType="NONE", Cors={**wanted, "MaxAge": 61}, InvokeMode="RESPONSE_STREAM",
    )
    api.same("the address stays", updated["FunctionUrl"], made["FunctionUrl"])
    api.same("updated", (updated["AuthType"], updated["InvokeMode"], updated["Cors"]["MaxAge"]), ("NONE", "RESPONSE_STREAM", 61))
    for action, more in (
        ("lambda:InvokeFunctionUrl", {"FunctionUrlAuthType": "NONE"}),
        ("lambda:InvokeFunction", {"InvokedViaFunctionUrl": True}),
    ):
        api.call(
            "AddPermission", FunctionName="orders", Qualifier="live", StatementId=f"open-{action[7:]}", Action=action, Principal="*", **more
        )
    api.same("open to everybody", get(made["FunctionUrl"]), 200)
    for statement in ("open-InvokeFunctionUrl", "open-InvokeFunction"):
        api.call("RemovePermission", FunctionName="orders", Qualifier="live", StatementId=statement)
    api.call("DeleteFunctionUrlConfig", FunctionName="orders", Qualifier="live")
    api.call("DeleteFunctionUrlConfig", FunctionName="orders")
    api.refuse("ResourceNotFoundException", 404, "GetFunctionUrlConfig", FunctionName="orders")
    api.refuse("ResourceNotFoundException", 404, "DeleteFunctionUrlConfig", FunctionName="orders")
    api.same("nobody is there", get(made["FunctionUrl"]) in (403, 404), True)


def event_invoke(api):
    target = api.call("GetFunctionConfiguration", FunctionName="streams")["FunctionArn"]
    both = {"OnSuccess": {"Destination": target}, "OnFailure": {"Destination": target}}
    put = api.call(
        "PutFunctionEventInvokeConfig",
        FunctionName="orders", Qualifier="live", MaximumRetryAttempts=1, MaximumEventAgeInSeconds=60, DestinationConfig=both,
    )
    api.same("put", (put["MaximumRetryAttempts"], put["MaximumEventAgeInSeconds"], put["DestinationConfig"]), (1, 60, both))
    updated = api.call(
        "UpdateFunctionEventInvokeConfig",
        FunctionName="orders", Qualifier="live", MaximumRetryAttempts=0, MaximumEventAgeInSeconds=120, DestinationConfig={"OnSuccess": {}},
    )
    api.same("what is left out stays", updated["DestinationConfig"], both)
    api.call("PutFunctionEventInvokeConfig", FunctionName="orders", MaximumRetryAttempts=2)
    api.same("get", api.call("GetFunctionEventInvokeConfig", FunctionName="orders", Qualifier="live")["MaximumRetryAttempts"], 0)
    page = api.call("ListFunctionEventInvokeConfigs", FunctionName="orders", MaxItems=1)
    rest = api.call("ListFunctionEventInvokeConfigs", FunctionName="orders", Marker=page["NextMarker"])
    api.same("list", len(page["FunctionEventInvokeConfigs"] + rest["FunctionEventInvokeConfigs"]), 2)
    api.refuse("InvalidParameterValueException", 400, "PutFunctionEventInvokeConfig", FunctionName="orders")
    api.refuse("ValidationException", 400, "PutFunctionEventInvokeConfig", FunctionName="orders", MaximumRetryAttempts=3)
    api.refuse("ValidationException", 400, "PutFunctionEventInvokeConfig", FunctionName="orders", MaximumEventAgeInSeconds=59)
    for wrong in ("arn:aws:sqs:us-east-1:000000000000:later", target.replace("streams", "orders"), target.replace("streams", "none")):
        api.refuse(
            "InvalidParameterValueException", 400, "PutFunctionEventInvokeConfig",
            FunctionName="orders", DestinationConfig={"OnFailure": {"Destination": wrong}},
        )
    api.call("DeleteFunctionEventInvokeConfig", FunctionName="orders", Qualifier="live")
    api.call("DeleteFunctionEventInvokeConfig", FunctionName="orders")
    api.refuse("ResourceNotFoundException", 404, "GetFunctionEventInvokeConfig", FunctionName="orders")
    api.refuse("ResourceNotFoundException", 404, "UpdateFunctionEventInvokeConfig", FunctionName="orders", MaximumRetryAttempts=1)


def get(url):
    """The status of a GET. Names below `localhost` are this machine, whether or not its resolver knows."""
    parts = urlsplit(url)
    request = Request(f"http://127.0.0.1:{parts.port}{parts.path}", headers={"Host": parts.netloc})
    try:
        with urlopen(request, timeout=10) as answer:
            return answer.status
    except HTTPError as error:
        return error.code
