"""SQS's whole API by boto3, on an empty node. Prints one JSON document of what was found.

Only the endpoint and the keys are changed, by the environment: AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, …
"""
import base64
import hashlib
import json
import sys

import boto3
from botocore.exceptions import ClientError

from node import Api, client, section

ACCOUNT = "000000000000"
MISSING = "AWS.SimpleQueueService.NonExistentQueue"
INVALID = "InvalidParameterValue"
TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
ATTRIBUTES = {
    "colour": {"DataType": "String", "StringValue": "red"},
    "price": {"DataType": "Number.euro", "StringValue": "1.5"},
    "raw": {"DataType": "Binary", "BinaryValue": b"\x00\x01"},
}


def arn(name):
    return f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"


def md5(text):
    return hashlib.md5(text.encode()).hexdigest()


def drain(api, url, **more):
    """All that can be received now."""
    found = []
    while True:
        messages = api.call("ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1, **more).get("Messages", [])
        if not messages:
            return found
        found += messages


def configuration(api):
    made = api.call(
        "CreateQueue",
        QueueName="settings",
        Attributes={"VisibilityTimeout": "7", "DelaySeconds": "0", "MaximumMessageSize": "1024"},
        tags={"team": "shop"},
    )
    url = made["QueueUrl"]
    api.same("the path of a URL", url.split("/")[-2:], [ACCOUNT, "settings"])
    api.same("made again", api.call("CreateQueue", QueueName="settings", Attributes={"VisibilityTimeout": "7"})["QueueUrl"], url)
    message = api.refuse("QueueAlreadyExists", 400, "CreateQueue", QueueName="settings", Attributes={"VisibilityTimeout": "8"})
    api.same("what differs", message, "A queue already exists with the same name and a different value for attribute VisibilityTimeout")
    api.same("found by name", api.call("GetQueueUrl", QueueName="settings", QueueOwnerAWSAccountId=ACCOUNT)["QueueUrl"], url)
    api.refuse(MISSING, 400, "GetQueueUrl", QueueName="nobody")
    api.call("SetQueueAttributes", QueueUrl=url, Attributes={"VisibilityTimeout": "9", "ReceiveMessageWaitTimeSeconds": "0"})
    told = api.call("GetQueueAttributes", QueueUrl=url, AttributeNames=["All"])["Attributes"]
    wanted = {
        "VisibilityTimeout": "9",
        "MaximumMessageSize": "1024",
        "DelaySeconds": "0",
        "MessageRetentionPeriod": "345600",
        "ReceiveMessageWaitTimeSeconds": "0",
        "QueueArn": arn("settings"),
        "ApproximateNumberOfMessages": "0",
        "ApproximateNumberOfMessagesNotVisible": "0",
        "ApproximateNumberOfMessagesDelayed": "0",
        "SqsManagedSseEnabled": "true",
    }
    api.same("attributes", {name: told.get(name) for name in wanted}, wanted)
    api.same("and times", sorted(set(told) - set(wanted)), ["CreatedTimestamp", "LastModifiedTimestamp"])
    some = api.call("GetQueueAttributes", QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    api.same("only what is asked for", some, {"QueueArn": arn("settings")})
    api.refuse("InvalidAttributeName", 400, "SetQueueAttributes", QueueUrl=url, Attributes={"Colour": "red"})
    api.refuse("InvalidAttributeValue", 400, "SetQueueAttributes", QueueUrl=url, Attributes={"VisibilityTimeout": "43201"})
    api.refuse("InvalidAttributeName", 400, "GetQueueAttributes", QueueUrl=url, AttributeNames=["Colour"])
    api.refuse(INVALID, 400, "CreateQueue", QueueName="a b")
    api.refuse("MissingParameter", 400, "CreateQueue")
    tags(api, url)
    permissions(api, url)
    lists(api)
    api.call("DeleteQueue", QueueUrl=url)
    api.refuse(MISSING, 400, "GetQueueAttributes", QueueUrl=url)


def tags(api, url):
    api.same("tags", api.call("ListQueueTags", QueueUrl=url)["Tags"], {"team": "shop"})
    api.call("TagQueue", QueueUrl=url, Tags={"stage": "test"})
    api.call("UntagQueue", QueueUrl=url, TagKeys=["team"])
    api.same("tags after", api.call("ListQueueTags", QueueUrl=url)["Tags"], {"stage": "test"})


def permissions(api, url):
    grant = {"QueueUrl": url, "Label": "friends", "AWSAccountIds": ["111122223333"], "Actions": ["SendMessage"]}
    api.call("AddPermission", **grant)
    told = api.call("GetQueueAttributes", QueueUrl=url, AttributeNames=["Policy"])["Attributes"]["Policy"]
    [statement] = json.loads(told)["Statement"]
    api.same(
        "the grant",
        statement,
        {
            "Sid": "friends",
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
            "Action": "SQS:SendMessage",
            "Resource": arn("settings"),
        },
    )
    message = api.refuse(INVALID, 400, "AddPermission", **grant)
    api.same("the label again", message, "Value friends for parameter Label is invalid. Reason: Already exists.")
    api.refuse("OverLimit", 403, "AddPermission", **{**grant, "Label": "more", "Actions": ["SendMessage"] * 8})
    api.call("RemovePermission", QueueUrl=url, Label="friends")
    api.same("no policy is left", "Attributes" in api.call("GetQueueAttributes", QueueUrl=url, AttributeNames=["Policy"]), False)
    message = api.refuse(INVALID, 400, "RemovePermission", QueueUrl=url, Label="friends")
    api.same("a label that is gone", message, "Value friends for parameter Label is invalid. Reason: can't find label.")


def lists(api):
    names = [f"listed-{number}" for number in range(3)]
    urls = [api.call("CreateQueue", QueueName=name)["QueueUrl"] for name in names]
    page = api.call("ListQueues", QueueNamePrefix="listed-", MaxResults=2)
    rest = api.call("ListQueues", QueueNamePrefix="listed-", MaxResults=2, NextToken=page["NextToken"])
    api.same("in pages", page["QueueUrls"] + rest["QueueUrls"], urls)
    api.same("none", api.call("ListQueues", QueueNamePrefix="nobody").get("QueueUrls"), None)
    for url in urls:
        api.call("DeleteQueue", QueueUrl=url)


def messages(api):
    url = api.call("CreateQueue", QueueName="jobs")["QueueUrl"]
    api.same("an empty queue", "Messages" in api.call("ReceiveMessage", QueueUrl=url), False)
    sent = api.call(
        "SendMessage",
        QueueUrl=url,
        MessageBody="hello",
        DelaySeconds=0,
        MessageAttributes=ATTRIBUTES,
        MessageSystemAttributes={"AWSTraceHeader": {"DataType": "String", "StringValue": TRACE}},
        MessageGroupId="fair",
    )
    api.same("MD5 of the body", sent["MD5OfMessageBody"], md5("hello"))
    api.same("MD5 of the system attributes", sent["MD5OfMessageSystemAttributes"], digest({"AWSTraceHeader": {"DataType": "String", "StringValue": TRACE}}))
    api.same("MD5 of the attributes", sent["MD5OfMessageAttributes"], digest(ATTRIBUTES))
    [got] = api.call(
        "ReceiveMessage",
        QueueUrl=url,
        AttributeNames=["SentTimestamp"],
        MessageSystemAttributeNames=["All"],
        MessageAttributeNames=["All"],
        MaxNumberOfMessages=10,
        VisibilityTimeout=60,
        WaitTimeSeconds=20,
    )["Messages"]
    api.same("the message", (got["MessageId"], got["Body"], got["MD5OfBody"]), (sent["MessageId"], "hello", md5("hello")))
    api.same("its attributes", got["MessageAttributes"], ATTRIBUTES)
    api.same("and their MD5", got["MD5OfMessageAttributes"], digest(ATTRIBUTES))
    about = got["Attributes"]
    api.same("who, how often, of which trace", [about["SenderId"], about["ApproximateReceiveCount"], about["AWSTraceHeader"], about["MessageGroupId"]], [ACCOUNT, "1", TRACE, "fair"])
    api.call("ChangeMessageVisibility", QueueUrl=url, ReceiptHandle=got["ReceiptHandle"], VisibilityTimeout=0)
    [again] = api.call("ReceiveMessage", QueueUrl=url, MessageSystemAttributeNames=["ApproximateReceiveCount"], MessageAttributeNames=["col.*", "price", "nobody"], WaitTimeSeconds=20)["Messages"]
    api.same("received again", again["Attributes"], {"ApproximateReceiveCount": "2"})
    api.same("of some attributes", sorted(again["MessageAttributes"]), ["colour", "price"])
    counted = api.call("GetQueueAttributes", QueueUrl=url, AttributeNames=["ApproximateNumberOfMessagesNotVisible"])["Attributes"]
    api.same("in flight", counted, {"ApproximateNumberOfMessagesNotVisible": "1"})
    api.call("DeleteMessage", QueueUrl=url, ReceiptHandle=again["ReceiptHandle"])
    api.call("DeleteMessage", QueueUrl=url, ReceiptHandle=again["ReceiptHandle"])
    api.refuse(INVALID, 400, "ChangeMessageVisibility", QueueUrl=url, ReceiptHandle=again["ReceiptHandle"], VisibilityTimeout=5)
    api.refuse("ReceiptHandleIsInvalid", 400, "DeleteMessage", QueueUrl=url, ReceiptHandle="garbage")
    api.refuse("MissingParameter", 400, "SendMessage", QueueUrl=url, MessageBody="")
    api.refuse("InvalidMessageContents", 400, "SendMessage", QueueUrl=url, MessageBody="\u0001")
    api.refuse(INVALID, 400, "SendMessage", QueueUrl=url, MessageBody="x" * 1048577)
    api.refuse(INVALID, 400, "SendMessage", QueueUrl=url, MessageBody="x", DelaySeconds=901)
    api.refuse(INVALID, 400, "ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=11)
    api.refuse(MISSING, 400, "SendMessage", QueueUrl=url + "-nobody", MessageBody="x")
    batches(api, url)
    api.call("SendMessage", QueueUrl=url, MessageBody="x" * 1048576)
    api.call("PurgeQueue", QueueUrl=url)
    api.refuse("AWS.SimpleQueueService.PurgeQueueInProgress", 403, "PurgeQueue", QueueUrl=url)
    api.same("purged", drain(api, url), [])


def batches(api, url):
    entry = {"Id": "whole", "MessageBody": "whole", "DelaySeconds": 0, "MessageAttributes": ATTRIBUTES, "MessageGroupId": "fair"}
    entry["MessageSystemAttributes"] = {"AWSTraceHeader": {"DataType": "String", "StringValue": TRACE}}
    wrong = {"Id": "wrong", "MessageBody": "x", "MessageDeduplicationId": "only of FIFO queues"}
    answer = api.call("SendMessageBatch", QueueUrl=url, Entries=[entry, {"Id": "plain", "MessageBody": "plain"}, wrong])
    api.same("sent", [(one["Id"], one["MD5OfMessageBody"]) for one in answer["Successful"]], [(name, md5(name)) for name in ("whole", "plain")])
    api.same("refused", [(one["Id"], one["Code"], one["SenderFault"]) for one in answer["Failed"]], [("wrong", INVALID, True)])
    found = {one["Body"]: one["ReceiptHandle"] for one in drain(api, url, VisibilityTimeout=60)}
    api.same("received", sorted(found), ["plain", "whole"])
    entries = [{"Id": name, "ReceiptHandle": handle} for name, handle in found.items()]
    none = {"Id": "none", "ReceiptHandle": "garbage"}
    changed = api.call("ChangeMessageVisibilityBatch", QueueUrl=url, Entries=[{**one, "VisibilityTimeout": 30} for one in [*entries, none]])
    api.same("changed", sorted(one["Id"] for one in changed["Successful"]), ["plain", "whole"])
    api.same("not changed", [(one["Id"], one["Code"]) for one in changed["Failed"]], [("none", "ReceiptHandleIsInvalid")])
    deleted = api.call("DeleteMessageBatch", QueueUrl=url, Entries=[*entries, none])
    api.same("deleted", sorted(one["Id"] for one in deleted["Successful"]), ["plain", "whole"])
    api.same("not deleted", [one["Id"] for one in deleted["Failed"]], ["none"])
    named = lambda code: f"AWS.SimpleQueueService.{code}"
    api.refuse(named("EmptyBatchRequest"), 400, "DeleteMessageBatch", QueueUrl=url, Entries=[])
    api.refuse(named("TooManyEntriesInBatchRequest"), 400, "SendMessageBatch", QueueUrl=url, Entries=[{"Id": str(n), "MessageBody": "x"} for n in range(11)])
    api.refuse(named("BatchEntryIdsNotDistinct"), 400, "SendMessageBatch", QueueUrl=url, Entries=[{"Id": "a", "MessageBody": "x"}] * 2)
    api.refuse(named("InvalidBatchEntryId"), 400, "SendMessageBatch", QueueUrl=url, Entries=[{"Id": "a b", "MessageBody": "x"}])
    api.refuse(named("BatchRequestTooLong"), 400, "SendMessageBatch", QueueUrl=url, Entries=[{"Id": name, "MessageBody": "x" * 600000} for name in "ab"])


def fifo(api):
    url = api.call("CreateQueue", QueueName="line.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    api.refuse(INVALID, 400, "CreateQueue", QueueName="line", Attributes={"FifoQueue": "true"})
    api.refuse("MissingParameter", 400, "SendMessage", QueueUrl=url, MessageBody="x", MessageDeduplicationId="d")
    api.refuse(INVALID, 400, "SendMessage", QueueUrl=url, MessageBody="x", MessageGroupId="g")
    first = api.call("SendMessage", QueueUrl=url, MessageBody="one", MessageGroupId="g", MessageDeduplicationId="1")
    same = api.call("SendMessage", QueueUrl=url, MessageBody="other", MessageGroupId="g", MessageDeduplicationId="1")
    api.same("the same message", (same["MessageId"], same["SequenceNumber"]), (first["MessageId"], first["SequenceNumber"]))
    entries = [{"Id": str(n), "MessageBody": f"m{n}", "MessageGroupId": "g", "MessageDeduplicationId": f"m{n}"} for n in (2, 3)]
    more = api.call("SendMessageBatch", QueueUrl=url, Entries=entries)["Successful"]
    numbers = [first["SequenceNumber"], *(one["SequenceNumber"] for one in more)]
    api.same("numbers of 20 digits that grow", ([len(one) for one in numbers], numbers), ([20] * 3, sorted(numbers)))
    wanted = {"QueueUrl": url, "MaxNumberOfMessages": 2, "MessageSystemAttributeNames": ["All"], "ReceiveRequestAttemptId": "attempt", "WaitTimeSeconds": 20}
    got = api.call("ReceiveMessage", **wanted)["Messages"]
    api.same("in order", [one["Body"] for one in got], ["one", "m2"])
    about = got[0]["Attributes"]
    api.same("about it", [about[name] for name in ("MessageGroupId", "MessageDeduplicationId", "SequenceNumber")], ["g", "1", numbers[0]])
    api.same("the same attempt", [one["Body"] for one in api.call("ReceiveMessage", **wanted)["Messages"]], ["one", "m2"])
    api.same("the group is locked", "Messages" in api.call("ReceiveMessage", QueueUrl=url), False)
    api.call("SetQueueAttributes", QueueUrl=url, Attributes={"ContentBasedDeduplication": "true", "DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"})
    sent = [api.call("SendMessage", QueueUrl=url, MessageBody="same", MessageGroupId=group)["MessageId"] for group in ("a", "b", "a")]
    api.same("by content, in each group", (sent[0] == sent[2], sent[0] == sent[1]), (True, False))
    api.refuse("InvalidAttributeValue", 400, "SetQueueAttributes", QueueUrl=url, Attributes={"FifoQueue": "false"})


def dead_letters(api):
    failed = api.call("CreateQueue", QueueName="failed")["QueueUrl"]
    redrive = json.dumps({"deadLetterTargetArn": arn("failed"), "maxReceiveCount": 1})
    source = api.call("CreateQueue", QueueName="source", Attributes={"RedrivePolicy": redrive, "VisibilityTimeout": "0"})["QueueUrl"]
    told = api.call("GetQueueAttributes", QueueUrl=source, AttributeNames=["RedrivePolicy"])["Attributes"]["RedrivePolicy"]
    api.same("the policy", json.loads(told), {"deadLetterTargetArn": arn("failed"), "maxReceiveCount": 1})
    listed = api.call("ListDeadLetterSourceQueues", QueueUrl=failed, MaxResults=10)["queueUrls"]
    api.same("sources", listed, [source])
    others = [api.call("CreateQueue", QueueName=f"source-{n}", Attributes={"RedrivePolicy": redrive})["QueueUrl"] for n in range(2)]
    page = api.call("ListDeadLetterSourceQueues", QueueUrl=failed, MaxResults=2)
    rest = api.call("ListDeadLetterSourceQueues", QueueUrl=failed, MaxResults=2, NextToken=page["NextToken"])
    api.same("sources in pages", page["queueUrls"] + rest["queueUrls"], [source, *others])
    nobody = json.dumps({"deadLetterTargetArn": arn("nobody"), "maxReceiveCount": 1})
    api.refuse(INVALID, 400, "SetQueueAttributes", QueueUrl=source, Attributes={"RedrivePolicy": nobody})
    api.refuse("MissingParameter", 400, "StartMessageMoveTask")
    sent = api.call("SendMessage", QueueUrl=source, MessageBody="poison")["MessageId"]
    api.call("ReceiveMessage", QueueUrl=source, WaitTimeSeconds=20)
    api.same("dead", "Messages" in api.call("ReceiveMessage", QueueUrl=source, WaitTimeSeconds=1), False)
    [dead] = api.call("ReceiveMessage", QueueUrl=failed, VisibilityTimeout=0, WaitTimeSeconds=20, MessageSystemAttributeNames=["All"])["Messages"]
    api.same("where it came from", (dead["MessageId"], dead["Attributes"]["DeadLetterQueueSourceArn"]), (sent, arn("source")))
    moves(api, source)


def moves(api, source):
    api.refuse(INVALID, 400, "StartMessageMoveTask", SourceArn=arn("source"))
    api.refuse("ResourceNotFoundException", 404, "StartMessageMoveTask", SourceArn=arn("nobody"))
    api.refuse("ResourceNotFoundException", 404, "StartMessageMoveTask", SourceArn=arn("failed"), DestinationArn=arn("nobody"))
    api.refuse(INVALID, 400, "StartMessageMoveTask", SourceArn=arn("failed"), MaxNumberOfMessagesPerSecond=501)
    api.call("StartMessageMoveTask", SourceArn=arn("failed"), DestinationArn=arn("source"), MaxNumberOfMessagesPerSecond=500)
    [back] = api.call("ReceiveMessage", QueueUrl=source, WaitTimeSeconds=20, VisibilityTimeout=60)["Messages"]
    api.same("moved back", back["Body"], "poison")
    for _ in range(100):
        [task] = api.call("ListMessageMoveTasks", SourceArn=arn("failed"), MaxResults=1)["Results"]
        if task["Status"] != "RUNNING":
            break
        api.call("ReceiveMessage", QueueUrl=source, WaitTimeSeconds=1)
    told = {name: task[name] for name in ("Status", "SourceArn", "DestinationArn", "ApproximateNumberOfMessagesMoved")}
    api.same("the task", told, {"Status": "COMPLETED", "SourceArn": arn("failed"), "DestinationArn": arn("source"), "ApproximateNumberOfMessagesMoved": 1})
    api.refuse(INVALID, 400, "CancelMessageMoveTask", TaskHandle="garbage")
    gone = base64.b64encode(json.dumps({"taskId": "00000000-0000-4000-8000-000000000000", "sourceArn": arn("failed")}).encode()).decode()
    api.refuse("ResourceNotFoundException", 404, "CancelMessageMoveTask", TaskHandle=gone)
    failed = api.call("GetQueueUrl", QueueName="failed")["QueueUrl"]
    for start in range(0, 30, 10):
        api.call("SendMessageBatch", QueueUrl=failed, Entries=[{"Id": str(n), "MessageBody": "slow"} for n in range(start, start + 10)])
    handle = api.call("StartMessageMoveTask", SourceArn=arn("failed"), DestinationArn=arn("source"), MaxNumberOfMessagesPerSecond=1)["TaskHandle"]
    api.refuse(INVALID, 400, "StartMessageMoveTask", SourceArn=arn("failed"), DestinationArn=arn("source"))
    api.call("CancelMessageMoveTask", TaskHandle=handle)


def policies(api):
    """A queue's own policy lets somebody in whom no policy of theirs does, and for nothing else."""
    iam = client("iam")
    iam.create_user(UserName="guest")
    key = iam.create_access_key(UserName="guest")["AccessKey"]
    guest = boto3.client("sqs", aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"])
    url = api.call("CreateQueue", QueueName="guests")["QueueUrl"]

    def refusal(call, **params):
        try:
            call(QueueUrl=url, **params)
            return None
        except ClientError as error:
            return error.response["Error"]["Code"]

    send = lambda: refusal(guest.send_message, MessageBody="from a guest")
    api.same("a stranger", send(), "AccessDenied")
    statement = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/guest"}, "Action": "SQS:SendMessage", "Resource": arn("guests")}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    api.call("SetQueueAttributes", QueueUrl=url, Attributes={"Policy": policy})
    api.same("a guest sends", send(), None)
    api.same("alone and in batches", refusal(guest.send_message_batch, Entries=[{"Id": "a", "MessageBody": "x"}]), None)
    api.same("and does nothing else", refusal(guest.receive_message), "AccessDenied")
    got = api.call("ReceiveMessage", QueueUrl=url, MessageSystemAttributeNames=["SenderId"], WaitTimeSeconds=20)["Messages"][0]
    api.same("who sent it", got["Attributes"]["SenderId"], iam.get_user(UserName="guest")["User"]["UserId"])
    deny = {**statement, "Effect": "Deny", "Principal": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement, deny]})
    api.call("SetQueueAttributes", QueueUrl=url, Attributes={"Policy": policy})
    api.same("a deny wins", send(), "AccessDenied")
    api.call("SetQueueAttributes", QueueUrl=url, Attributes={"Policy": ""})
    api.refuse("InvalidAttributeValue", 400, "SetQueueAttributes", QueueUrl=url, Attributes={"Policy": "{}"})


def digest(attributes):
    """MD5 of attributes as Amazon SQS's guide describes it."""
    told = hashlib.md5()
    sized = lambda value: len(value).to_bytes(4, "big") + value
    for name in sorted(attributes):
        value = attributes[name]
        told.update(sized(name.encode()) + sized(value["DataType"].encode()))
        binary = "BinaryValue" in value
        told.update(b"\x02" if binary else b"\x01")
        told.update(sized(value["BinaryValue"] if binary else value["StringValue"].encode()))
    return told.hexdigest()


def main():
    api = Api("sqs", INVALID)
    for part in (configuration, messages, fifo, dead_letters, policies):
        section(part, api)
    json.dump(api.report(), sys.stdout)


main()
