"""SQS by a botocore that still speaks the query protocol: the life of queues and messages, one JSON line per step, as
the programs in Go and JavaScript have it. The endpoint and the keys come from the environment."""
import json
import os

from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.session import get_session

NAME = "by-query"
ATTRIBUTES = {
    "colour": {"DataType": "String", "StringValue": "red"},
    "raw": {"DataType": "Binary", "BinaryValue": bytes([0, 255])},
}

client = get_session().create_client(
    "sqs", endpoint_url=os.environ["AWS_ENDPOINT_URL"], config=Config(retries={"total_max_attempts": 1})
)


def say(step, **facts):
    print(json.dumps({"step": step, **facts}))


def refusal(call, **params):
    try:
        call(**params)
    except ClientError as error:
        return {"error": error.response["Error"]["Code"], "message": error.response["Error"]["Message"]}
    raise AssertionError("not refused")


def receive(url, **more):
    return client.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=20, **more)["Messages"]


def one(url):
    sent = client.send_message(QueueUrl=url, MessageBody="grüße", MessageAttributes=ATTRIBUTES)
    say("send", body=sent["MD5OfMessageBody"], attributes=sent["MD5OfMessageAttributes"])
    [got] = receive(url, AttributeNames=["All"], MessageAttributeNames=["All"])
    say(
        "receive",
        body=got["Body"],
        same=got["MessageId"] == sent["MessageId"],
        count=got["Attributes"]["ApproximateReceiveCount"],
        colour=got["MessageAttributes"]["colour"]["StringValue"],
        raw=list(got["MessageAttributes"]["raw"]["BinaryValue"]),
    )
    client.change_message_visibility(QueueUrl=url, ReceiptHandle=got["ReceiptHandle"], VisibilityTimeout=0)
    [again] = receive(url)
    client.delete_message(QueueUrl=url, ReceiptHandle=again["ReceiptHandle"])
    say("again", same=again["MessageId"] == sent["MessageId"])


def several(url):
    entries = [{"Id": name, "MessageBody": f"body {name}"} for name in "abc"]
    sent = client.send_message_batch(QueueUrl=url, Entries=entries)
    found = {}
    while len(found) < 3:
        found.update({message["Body"]: message["ReceiptHandle"] for message in receive(url)})
    handles = [{"Id": str(index), "ReceiptHandle": handle} for index, handle in enumerate(found.values())]
    deleted = client.delete_message_batch(QueueUrl=url, Entries=[*handles, {"Id": "wrong", "ReceiptHandle": "garbage"}])
    say(
        "batch",
        sent=len(sent["Successful"]),
        bodies=sorted(found),
        deleted=len(deleted["Successful"]),
        failed=[f"{entry['Id']} {entry['Code']}" for entry in deleted["Failed"]],
    )


def ordered():
    attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    url = client.create_queue(QueueName=f"{NAME}.fifo", Attributes=attributes)["QueueUrl"]
    send = lambda body: client.send_message(QueueUrl=url, MessageBody=body, MessageGroupId="g")["SequenceNumber"]
    numbers = [send(body) for body in ("one", "one", "two")]
    bodies = [message["Body"] for message in receive(url)]
    say("fifo", bodies=bodies, duplicate=numbers[0] == numbers[1], grows=numbers[1] < numbers[2])
    return url


def main():
    url = client.create_queue(QueueName=NAME, Attributes={"VisibilityTimeout": "60"}, tags={"team": "shop"})["QueueUrl"]
    told = client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    tags = client.list_queue_tags(QueueUrl=url)["Tags"]
    say("create", visibility=told["VisibilityTimeout"], kept=told["MessageRetentionPeriod"], team=tags["team"])
    one(url)
    several(url)
    fifo = ordered()
    say("missing", **refusal(client.get_queue_url, QueueName="nobody"))
    say("invalid", **refusal(client.receive_message, QueueUrl=url, MaxNumberOfMessages=11))
    say("empty", **refusal(client.delete_message_batch, QueueUrl=url, Entries=[]))
    client.purge_queue(QueueUrl=url)
    say("purge", **refusal(client.purge_queue, QueueUrl=url))
    pages = client.get_paginator("list_queues").paginate(QueueNamePrefix=NAME, PaginationConfig={"PageSize": 1})
    names = [found.split(NAME)[-1] for page in pages for found in page.get("QueueUrls", [])]
    say("list", names=names)
    for queue in (url, fifo):
        client.delete_queue(QueueUrl=queue)
    say("delete", **refusal(client.send_message, QueueUrl=url, MessageBody="late"))


main()
