"""IAM, STS and signatures by boto3 and botocore. Prints {"checks": N, "failures": [...]}."""
import datetime
import json
import os
import traceback
import urllib.error
import urllib.request

import boto3
import botocore.auth
from botocore.auth import S3SigV4Auth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

URL = os.environ["AWS_ENDPOINT_URL"]
ROOT = (os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"])
ACCOUNT = "000000000000"
FAILURES = []
CHECKS = 0


def same(what, found, wanted):
    global CHECKS
    CHECKS += 1
    if found != wanted:
        FAILURES.append(f"{what}: {found!r}, not {wanted!r}")


def client(service, keys=ROOT, token=None, **more):
    return boto3.client(
        service,
        aws_access_key_id=keys[0],
        aws_secret_access_key=keys[1],
        aws_session_token=token,
        config=Config(retries={"total_max_attempts": 1}, **more),
    )


def refused(what, code, status, call, message=None, **params):
    """The call is refused with this code and status, and words that hold `message`."""
    global CHECKS
    CHECKS += 1
    try:
        call(**params)
        FAILURES.append(f"{what}: worked, where {code} was wanted")
    except ClientError as error:
        answer = error.response
        found = (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"])
        if found != (code, status):
            FAILURES.append(f"{what}: {found} {answer['Error']['Message']!r}, not {(code, status)}")
        elif message is not None and message not in answer["Error"]["Message"]:
            FAILURES.append(f"{what}: {answer['Error']['Message']!r} lacks {message!r}")


def policy(*statements, version="2012-10-17"):
    return json.dumps({"Version": version, "Statement": list(statements)})


def trust(principal, effect="Allow"):
    return policy({"Effect": effect, "Principal": principal, "Action": "sts:AssumeRole"})


LAMBDA = trust({"Service": "lambda.amazonaws.com"})


def allow(action, resource="*", **more):
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def roles():
    iam = client("iam")
    made = iam.create_role(
        RoleName="baker", AssumeRolePolicyDocument=LAMBDA, Description="bakes", Tags=[{"Key": "a", "Value": "b"}]
    )["Role"]
    same("arn", made["Arn"], f"arn:aws:iam::{ACCOUNT}:role/baker")
    same("id", made["RoleId"][:4], "AROA")
    same("document", made["AssumeRolePolicyDocument"], json.loads(LAMBDA))
    got = iam.get_role(RoleName="baker")["Role"]
    same("got", (got["Description"], got["MaxSessionDuration"], got["Tags"]), ("bakes", 3600, [{"Key": "a", "Value": "b"}]))
    same("date", got["CreateDate"], made["CreateDate"])
    refused("twice", "EntityAlreadyExists", 409, iam.create_role, "Role with name Baker already exists.", RoleName="Baker", AssumeRolePolicyDocument=LAMBDA)
    refused("not there", "NoSuchEntity", 404, iam.get_role, "The role with name nobody cannot be found.", RoleName="nobody")
    for text, message in [
        ("{", "Syntax errors in policy."),
        (policy({"Effect": "Allow", "Action": "sts:AssumeRole"}), "Missing required field Principal"),
        (policy({"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole", "Resource": "*"}), "Has prohibited field Resource"),
        (policy({"Effect": "Allow", "Principal": "*", "Action": "s3:Get"}), "AssumeRole policy may only specify STS AssumeRole actions."),
        (trust({"AWS": "nobody"}), "Invalid principal in policy"),
    ]:
        refused(text, "MalformedPolicyDocument", 400, iam.create_role, message, RoleName="x", AssumeRolePolicyDocument=text)
    refused("name", "ValidationError", 400, client("iam", parameter_validation=False).create_role, "Member must satisfy regular expression pattern", RoleName="a b", AssumeRolePolicyDocument=LAMBDA)
    iam.update_role(RoleName="baker", Description="bakes bread", MaxSessionDuration=7200)
    got = iam.get_role(RoleName="baker")["Role"]
    same("updated", (got["Description"], got["MaxSessionDuration"]), ("bakes bread", 7200))
    iam.tag_role(RoleName="baker", Tags=[{"Key": "c", "Value": "d"}])
    iam.untag_role(RoleName="baker", TagKeys=["a"])
    same("tags", iam.list_role_tags(RoleName="baker")["Tags"], [{"Key": "c", "Value": "d"}])
    for n in range(7):
        iam.create_role(RoleName=f"page{n}", Path="/pages/", AssumeRolePolicyDocument=LAMBDA)
    pages = list(iam.get_paginator("list_roles").paginate(PathPrefix="/pages/", PaginationConfig={"PageSize": 3}))
    same("pages", [len(page["Roles"]) for page in pages], [3, 3, 1])
    same("path", pages[0]["Roles"][0]["Arn"], f"arn:aws:iam::{ACCOUNT}:role/pages/page0")
    own = iam.get_role(RoleName="skein-bakery-orders")["Role"]
    same("a function's own role", own["AssumeRolePolicyDocument"], json.loads(LAMBDA))
    refused("own", "UnmodifiableEntity", 400, iam.delete_role, RoleName="skein-bakery-orders")
    same("own policies", iam.list_role_policies(RoleName="skein-bakery-orders")["PolicyNames"], ["skein-uses"])


def role_policies():
    iam = client("iam")
    document = policy(allow("lambda:ListFunctions"))
    iam.put_role_policy(RoleName="baker", PolicyName="list", PolicyDocument=document)
    got = iam.get_role_policy(RoleName="baker", PolicyName="list")
    same("inline", got["PolicyDocument"], json.loads(document))
    same("inline names", iam.list_role_policies(RoleName="baker")["PolicyNames"], ["list"])
    for text, message in [
        ("[]", "Syntax errors in policy."),
        (policy({"Effect": "allow", "Action": "*", "Resource": "*"}), "Syntax errors in policy."),
        (policy(allow("*"), version="2008-10-17"), "Policy document must be version 2012-10-17 or greater."),
        (policy({"Effect": "Allow", "Action": "*"}), "Policy statement must contain resources."),
        (policy({"Effect": "Allow", "Resource": "*"}), "Policy statement must contain actions."),
        (policy(allow("*", "orders")), 'Resource orders must be in ARN format or "*".'),
        (policy(allow("invoke")), "Actions/Conditions must be prefaced by a vendor"),
        (policy(allow("a:b:c")), "Actions/Condition can contain only one colon."),
        (policy(allow("*", Principal="*")), "Policy document should not specify a principal."),
        (policy(allow("*", Sid="a"), allow("*", Sid="a")), "Statement IDs (SID) in a single policy must be unique."),
        (policy(allow("*", Condition={"StringIs": {"aws:x": "y"}})), "Invalid Condition type : StringIs."),
    ]:
        refused(text, "MalformedPolicyDocument", 400, iam.put_role_policy, message, RoleName="baker", PolicyName="x", PolicyDocument=text)
    large = policy(*[allow("lambda:InvokeFunction", f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{n:03}" + "x" * 60) for n in range(80)])
    refused("too large", "LimitExceeded", 409, iam.put_role_policy, "Maximum policy size of 10240 bytes exceeded for role baker", RoleName="baker", PolicyName="x", PolicyDocument=large)
    refused("no policy", "NoSuchEntity", 404, iam.get_role_policy, "The role policy with name x cannot be found.", RoleName="baker", PolicyName="x")
    basic = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    iam.attach_role_policy(RoleName="baker", PolicyArn=basic)
    iam.attach_role_policy(RoleName="baker", PolicyArn=basic)
    attached = iam.list_attached_role_policies(RoleName="baker")["AttachedPolicies"]
    same("attached", attached, [{"PolicyName": "AWSLambdaBasicExecutionRole", "PolicyArn": basic}])
    same("aws", iam.get_policy(PolicyArn=basic)["Policy"]["AttachmentCount"], 1)
    refused("unknown policy", "NoSuchEntity", 404, iam.attach_role_policy, RoleName="baker", PolicyArn=f"arn:aws:iam::{ACCOUNT}:policy/none")
    refused("in use", "DeleteConflict", 409, iam.delete_role, "must detach all policies first", RoleName="baker")
    iam.detach_role_policy(RoleName="baker", PolicyArn=basic)
    refused("not attached", "NoSuchEntity", 404, iam.detach_role_policy, RoleName="baker", PolicyArn=basic)
    refused("in use still", "DeleteConflict", 409, iam.delete_role, "must delete policies first", RoleName="baker")
    iam.delete_role_policy(RoleName="baker", PolicyName="list")


def managed_policies():
    iam = client("iam")
    document = policy(allow("lambda:GetFunctionConfiguration"))
    made = iam.create_policy(PolicyName="read", Path="/team/", PolicyDocument=document, Description="reads")["Policy"]
    arn = made["Arn"]
    same("arn", arn, f"arn:aws:iam::{ACCOUNT}:policy/team/read")
    refused("twice", "EntityAlreadyExists", 409, iam.create_policy, "Duplicate names are not allowed.", PolicyName="read", PolicyDocument=document)
    same("version", iam.get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]["Document"], json.loads(document))
    for n in range(2, 6):
        found = iam.create_policy_version(PolicyArn=arn, PolicyDocument=document, SetAsDefault=n == 3)["PolicyVersion"]
        same("version", (found["VersionId"], found["IsDefaultVersion"]), (f"v{n}", n == 3))
    refused("six", "LimitExceeded", 409, iam.create_policy_version, "A managed policy can have up to 5 versions.", PolicyArn=arn, PolicyDocument=document)
    refused("default", "DeleteConflict", 409, iam.delete_policy_version, "Cannot delete the default version of a policy.", PolicyArn=arn, VersionId="v3")
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v5")
    refused("versions", "DeleteConflict", 409, iam.delete_policy, "This policy has more than one version.", PolicyArn=arn)
    for n in range(1, 5):
        iam.delete_policy_version(PolicyArn=arn, VersionId=f"v{n}")
    same("left", [one["VersionId"] for one in iam.list_policy_versions(PolicyArn=arn)["Versions"]], ["v5"])
    iam.attach_role_policy(RoleName="baker", PolicyArn=arn)
    refused("attached", "DeleteConflict", 409, iam.delete_policy, "Cannot delete a policy attached to entities.", PolicyArn=arn)
    same("holders", [one["RoleName"] for one in iam.list_entities_for_policy(PolicyArn=arn)["PolicyRoles"]], ["baker"])
    local = [one["PolicyName"] for one in iam.list_policies(Scope="Local")["Policies"]]
    same("local", local, ["read"])
    same("aws", len(iam.list_policies(Scope="AWS", MaxItems=1000)["Policies"]) > 20, True)
    refused("protected", "UnmodifiableEntity", 400, iam.delete_policy, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    iam.detach_role_policy(RoleName="baker", PolicyArn=arn)
    iam.delete_policy(PolicyArn=arn)
    refused("gone", "NoSuchEntity", 404, iam.get_policy, PolicyArn=arn)


def people():
    iam = client("iam")
    same("user", iam.create_user(UserName="ada")["User"]["Arn"], f"arn:aws:iam::{ACCOUNT}:user/ada")
    key = iam.create_access_key(UserName="ada")["AccessKey"]
    keys = (key["AccessKeyId"], key["SecretAccessKey"])
    same("key", (key["AccessKeyId"][:4], len(key["SecretAccessKey"]), key["Status"]), ("AKIA", 40, "Active"))
    iam.create_access_key(UserName="ada")
    refused("three", "LimitExceeded", 409, iam.create_access_key, "Cannot exceed quota for AccessKeysPerUser: 2", UserName="ada")
    same("who", client("sts", keys).get_caller_identity()["Arn"], f"arn:aws:iam::{ACCOUNT}:user/ada")
    functions = client("lambda", keys)
    words = f"User: arn:aws:iam::{ACCOUNT}:user/ada is not authorized to perform: lambda:ListFunctions on resource: * because no identity-based policy allows the lambda:ListFunctions action"
    refused("nothing", "AccessDeniedException", 403, functions.list_functions, words)
    refused("nothing of iam", "AccessDenied", 403, client("iam", keys).list_users, "is not authorized to perform: iam:ListUsers")
    iam.put_user_policy(UserName="ada", PolicyName="p", PolicyDocument=policy(allow("lambda:*")))
    same("allowed", functions.list_functions()["Functions"], [])
    narrow = policy(allow("lambda:*"), {"Effect": "Deny", "Action": "lambda:Get*", "Resource": f"arn:aws:lambda:*:*:function:secret*"})
    iam.put_user_policy(UserName="ada", PolicyName="p", PolicyDocument=narrow)
    same("one", functions.get_function_configuration(FunctionName="orders")["FunctionName"], "orders")
    refused("denied", "AccessDeniedException", 403, functions.get_function_configuration, f"on resource: arn:aws:lambda:us-east-1:{ACCOUNT}:function:secrets with an explicit deny in an identity-based policy", FunctionName="secrets")
    iam.update_access_key(UserName="ada", AccessKeyId=keys[0], Status="Inactive")
    refused("inactive", "UnrecognizedClientException", 403, functions.list_functions, "The security token included in the request is invalid.")
    refused("inactive for query", "InvalidClientTokenId", 403, client("sts", keys).get_caller_identity)
    iam.update_access_key(UserName="ada", AccessKeyId=keys[0], Status="Active")
    same("again", functions.list_functions()["Functions"], [])
    refused("keys first", "DeleteConflict", 409, iam.delete_user, UserName="ada")
    for one in iam.list_access_keys(UserName="ada")["AccessKeyMetadata"]:
        iam.delete_access_key(UserName="ada", AccessKeyId=one["AccessKeyId"])
    refused("deleted", "UnrecognizedClientException", 403, functions.list_functions)
    iam.delete_user_policy(UserName="ada", PolicyName="p")
    iam.delete_user(UserName="ada")
    refused("gone", "NoSuchEntity", 404, iam.get_user, "The user with name ada cannot be found.", UserName="ada")


def assume():
    iam, sts = client("iam"), client("sts")
    same("root", sts.get_caller_identity()["Arn"], f"arn:aws:iam::{ACCOUNT}:root")
    iam.create_user(UserName="eve")
    made = iam.create_access_key(UserName="eve")["AccessKey"]
    eve = client("sts", (made["AccessKeyId"], made["SecretAccessKey"]))
    arn = f"arn:aws:iam::{ACCOUNT}:role/driver"
    wish = {"RoleArn": arn, "RoleSessionName": "one"}
    words = f"User: arn:aws:iam::{ACCOUNT}:user/eve is not authorized to perform: sts:AssumeRole on resource: {arn}"
    refused("no role", "AccessDenied", 403, eve.assume_role, words, **wish)
    iam.create_role(RoleName="driver", AssumeRolePolicyDocument=LAMBDA)
    refused("not trusted", "AccessDenied", 403, eve.assume_role, words, **wish)
    iam.update_assume_role_policy(RoleName="driver", PolicyDocument=trust({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}))
    refused("only the account is trusted", "AccessDenied", 403, eve.assume_role, "because no identity-based policy allows the sts:AssumeRole action", **wish)
    iam.put_user_policy(UserName="eve", PolicyName="p", PolicyDocument=policy(allow("sts:AssumeRole", arn)))
    same("account and policy", "Credentials" in eve.assume_role(**wish), True)
    iam.delete_user_policy(UserName="eve", PolicyName="p")
    iam.update_assume_role_policy(RoleName="driver", PolicyDocument=trust({"AWS": f"arn:aws:iam::{ACCOUNT}:user/eve"}))
    answer = eve.assume_role(**wish)
    same("assumed", answer["AssumedRoleUser"]["Arn"], f"arn:aws:sts::{ACCOUNT}:assumed-role/driver/one")
    session = answer["Credentials"]
    same("key id", session["AccessKeyId"][:4], "ASIA")
    keys, token = (session["AccessKeyId"], session["SecretAccessKey"]), session["SessionToken"]
    who = client("sts", keys, token).get_caller_identity()
    same("who", (who["Arn"], who["UserId"].split(":")[1]), (answer["AssumedRoleUser"]["Arn"], "one"))
    functions = client("lambda", keys, token)
    refused("nothing yet", "AccessDeniedException", 403, functions.list_functions, f"User: arn:aws:sts::{ACCOUNT}:assumed-role/driver/one is not authorized")
    iam.put_role_policy(RoleName="driver", PolicyName="p", PolicyDocument=policy(allow("lambda:*")))
    same("with its policy", functions.list_functions()["Functions"], [])
    less = eve.assume_role(**wish, Policy=policy(allow("lambda:GetFunctionConfiguration")), DurationSeconds=900)["Credentials"]
    narrow = client("lambda", (less["AccessKeyId"], less["SecretAccessKey"]), less["SessionToken"])
    refused("bounded", "AccessDeniedException", 403, narrow.list_functions, "because no session policy allows the lambda:ListFunctions action")
    same("within", narrow.get_function_configuration(FunctionName="a")["FunctionName"], "a")
    refused("too long", "ValidationError", 400, eve.assume_role, "exceeds the MaxSessionDuration set for this role", **wish, DurationSeconds=7200)
    refused("too short", "ValidationError", 400, client("sts", (made["AccessKeyId"], made["SecretAccessKey"]), parameter_validation=False).assume_role, "Member must have value greater than or equal to 900", **wish, DurationSeconds=10)
    refused("malformed", "MalformedPolicyDocument", 400, eve.assume_role, **wish, Policy="{}")
    refused("no token", "UnrecognizedClientException", 403, client("lambda", keys).list_functions)
    refused("another's key", "UnrecognizedClientException", 403, client("lambda", ROOT, token).list_functions)
    refused("forged token", "UnrecognizedClientException", 403, client("lambda", keys, token[:-8] + "AAAAAAA=").list_functions)
    iam.delete_role_policy(RoleName="driver", PolicyName="p")
    iam.delete_role(RoleName="driver")
    refused("its role is gone", "UnrecognizedClientException", 403, functions.list_functions)
    iam.create_role(RoleName="driver", AssumeRolePolicyDocument=LAMBDA)
    refused("another of its name", "UnrecognizedClientException", 403, functions.list_functions)


def instances():
    made = json.loads(os.environ["INSTANCE"])
    keys, token = (made["accessKeyId"], made["secretAccessKey"]), made["sessionToken"]
    who = client("sts", keys, token).get_caller_identity()["Arn"]
    same("instance", who, f"arn:aws:sts::{ACCOUNT}:assumed-role/skein-bakery-orders/bakery-orders")
    refused("only what its role says", "AccessDeniedException", 403, client("lambda", keys, token).list_functions, who)


def send(request):
    """@returns status, error code and body"""
    prepared = request.prepare()
    sent = urllib.request.Request(prepared.url, data=prepared.body.encode() if isinstance(prepared.body, str) else prepared.body or None, headers=dict(prepared.headers), method=prepared.method)
    try:
        with urllib.request.urlopen(sent) as answer:
            return answer.status, "", answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers.get("x-amzn-errortype", "").split(":")[0], error.read().decode()


class At:
    """Signs as if it were another time."""

    def __init__(self, **off):
        self.now = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(**off)
        self.kept = botocore.auth.get_current_datetime

    def __enter__(self):
        botocore.auth.get_current_datetime = lambda remove_tzinfo=True: self.now.replace(tzinfo=None) if remove_tzinfo else self.now

    def __exit__(self, *_):
        botocore.auth.get_current_datetime = self.kept


def signed(method="GET", path="/2015-03-31/functions", how=SigV4Auth, keys=ROOT, service="lambda", region="us-east-1", data=None, headers=None, **more):
    request = AWSRequest(method, URL + path, data=data, headers=headers or {})
    how(Credentials(*keys), service, region, **more).add_auth(request)
    return request


def signatures():
    path = "/2015-03-31/functions"
    for what, request in {
        "header": signed(),
        "query": signed(how=SigV4QueryAuth),
        "payload in a header": signed(how=S3SigV4Auth),
        "a query of its own": signed(path=f"{path}?MaxItems=10&Marker=&FunctionVersion=ALL"),
        "escapes": signed(path="/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Aa/configuration"),
        "slashes": signed(path="/2015-03-31/./functions"),
        "many headers": signed(headers={"X-Amz-Meta-A": "  several   spaces ", "Accept": "*/*"}),
        "form": signed("POST", "/", service="sts", data="Action=GetCallerIdentity&Version=2011-06-15", headers={"Content-Type": "application/x-www-form-urlencoded"}),
    }.items():
        status, code, body = send(request)
        if what == "slashes":  # the path is not one of Lambda's, but the signature is good
            same(what, "Signature" in code, False)
        else:
            same(what, (status, code), (200, ""))
    mismatch = "The request signature we calculated does not match the signature you provided."
    changed = signed()
    changed.url += "?MaxItems=1"
    body = signed("POST", data="{}")
    body.data = "[]"
    moved = signed()
    moved.headers["X-Amz-Date"] = "20300101T000000Z"
    stripped = signed()
    del stripped.headers["X-Amz-Date"]
    short = signed()
    short.headers.replace_header("Authorization", short.headers["Authorization"].split(", Signature")[0])
    late = At(minutes=-16)
    with late:
        old = signed()
    with At(minutes=20):
        early = signed()
    with At(minutes=-5):
        presigned = signed(how=SigV4QueryAuth, expires=60)
        still = signed(how=SigV4QueryAuth, expires=600)
    same("presigned, in time", send(still)[0], 200)
    for what, request, code, words in [
        ("wrong secret", signed(keys=(ROOT[0], "x" * 40)), "InvalidSignatureException", mismatch),
        ("another query", changed, "InvalidSignatureException", mismatch),
        ("another body", body, "InvalidSignatureException", mismatch),
        ("unknown key", signed(keys=("AKIAAAAAAAAAAAAAAAAA", "x")), "UnrecognizedClientException", "The security token included in the request is invalid."),
        ("old", old, "InvalidSignatureException", "Signature expired: " + late.now.strftime("%Y%m%dT%H%M%SZ") + " is now earlier than "),
        ("early", early, "InvalidSignatureException", "Signature not yet current: "),
        ("presigned, over", presigned, "InvalidSignatureException", "Signature expired: "),
        ("region", signed(region="eu-west-1"), "InvalidSignatureException", "Credential should be scoped to a valid region, not 'eu-west-1'."),
        ("service", signed(service="execute-api"), "InvalidSignatureException", "Credential should be scoped to correct service: 'lambda'."),
        ("no date", stripped, "IncompleteSignatureException", "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."),
        ("no signature", short, "IncompleteSignatureException", "Authorization header requires 'Signature' parameter."),
        ("not signed", AWSRequest("GET", URL + path), "MissingAuthenticationTokenException", "Missing Authentication Token"),
    ]:
        status, found, text = send(request)
        same(what, (status, found), (403, code))
        same(what, words in json.loads(text).get("message", json.loads(text).get("Message", "")), True)
    for what, request, status, code in [
        ("query: wrong secret", signed("POST", "/", keys=(ROOT[0], "y"), service="sts", data="Action=GetCallerIdentity&Version=2011-06-15", headers={"Content-Type": "application/x-www-form-urlencoded"}), 403, "SignatureDoesNotMatch"),
        ("query: unknown key", signed("POST", "/", keys=("AKIAAAAAAAAAAAAAAAAA", "y"), service="iam", data="Action=ListRoles&Version=2010-05-08", headers={"Content-Type": "application/x-www-form-urlencoded"}), 403, "InvalidClientTokenId"),
        ("query: not signed", AWSRequest("POST", URL + "/", data="Action=GetCallerIdentity&Version=2011-06-15", headers={"Content-Type": "application/x-www-form-urlencoded"}), 403, "MissingAuthenticationToken"),
    ]:
        found, _, text = send(request)
        same(what, (found, f"<Code>{code}</Code>" in text), (status, True))


for part in (roles, role_policies, managed_policies, people, assume, instances, signatures):
    try:
        part()
    except Exception as error:  # noqa: BLE001 the next part is to run whatever happened
        line = traceback.extract_tb(error.__traceback__)
        ours = [frame for frame in line if frame.filename == __file__][-1]
        FAILURES.append(f"{part.__name__}, line {ours.lineno}: {type(error).__name__}: {error}")

print(json.dumps({"checks": CHECKS, "failures": FAILURES}))
