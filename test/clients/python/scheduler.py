"""EventBridge Scheduler's whole API by boto3, on an empty node. Prints one JSON document of what was found.

Only the endpoint and the keys are changed, by the environment: AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, …
"""
import datetime
import json
import sys

from node import Api, client, section

ACCOUNT = "000000000000"
FUNCTION = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:report"
QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:jobs"
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "scheduler.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)
OFF = {"Mode": "OFF"}
FUTURE = datetime.datetime(2199, 1, 1, tzinfo=datetime.timezone.utc)


def main():
    api = Api("scheduler", "ValidationException")
    iam = client("iam")
    api.role = iam.create_role(RoleName="of-schedules", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    api.stranger = iam.create_role(
        RoleName="of-functions", AssumeRolePolicyDocument=TRUST.replace("scheduler", "lambda")
    )["Role"]["Arn"]
    for part in (groups, tags, schedules, replaced, pages, tokens, expressions, targets, deletions):
        section(part, api)
    json.dump(api.report(), sys.stdout)


def target(api, arn=FUNCTION, **more):
    return {"Arn": arn, "RoleArn": api.role, **more}


def wish(api, name, **more):
    """What `CreateSchedule` wants at least, and what is given."""
    least = {"ScheduleExpression": "rate(5 minutes)", "FlexibleTimeWindow": OFF, "Target": target(api)}
    return {"Name": name, **least, **more}


def groups(api):
    made = api.call("CreateScheduleGroup", Name="night", Tags=[{"Key": "team", "Value": "shop"}], ClientToken="one")
    arn = f"arn:aws:scheduler:us-east-1:{ACCOUNT}:schedule-group/night"
    api.same("group's ARN", made["ScheduleGroupArn"], arn)
    again = api.call("CreateScheduleGroup", Name="night", Tags=[{"Key": "team", "Value": "shop"}], ClientToken="one")
    api.same("the same call again", again["ScheduleGroupArn"], arn)
    message = api.refuse("ConflictException", 409, "CreateScheduleGroup", Name="night")
    api.same("a name twice", message, "Schedule group night already exists.")
    whole = api.call("GetScheduleGroup", Name="night")
    api.same("group", (whole["Arn"], whole["Name"], whole["State"]), (arn, "night", "ACTIVE"))
    api.same("dates", whole["CreationDate"], whole["LastModificationDate"])
    api.same("default", api.call("GetScheduleGroup", Name="default")["State"], "ACTIVE")
    message = api.refuse("ResourceNotFoundException", 404, "GetScheduleGroup", Name="nowhere")
    api.same("no such group", message, "Schedule group nowhere does not exist.")
    api.refuse("ValidationException", 400, "CreateScheduleGroup", Name="a group")
    for name in ("page-1", "page-2", "page-3"):
        api.call("CreateScheduleGroup", Name=name)
    first = api.call("ListScheduleGroups", NamePrefix="page-", MaxResults=2)
    rest = api.call("ListScheduleGroups", NamePrefix="page-", MaxResults=2, NextToken=first["NextToken"])
    names = [group["Name"] for page in (first, rest) for group in page["ScheduleGroups"]]
    api.same("groups by page", (names, "NextToken" in rest), (["page-1", "page-2", "page-3"], False))
    api.refuse("ValidationException", 400, "ListScheduleGroups", MaxResults=101)
    api.refuse("ValidationException", 400, "ListScheduleGroups", NextToken="none")
    api.refuse("ValidationException", 400, "DeleteScheduleGroup", Name="default")


def tags(api):
    arn = f"arn:aws:scheduler:us-east-1:{ACCOUNT}:schedule-group/night"
    api.call("TagResource", ResourceArn=arn, Tags=[{"Key": "shift", "Value": "late"}])
    found = api.call("ListTagsForResource", ResourceArn=arn)["Tags"]
    api.same("tags", {tag["Key"]: tag["Value"] for tag in found}, {"team": "shop", "shift": "late"})
    api.call("UntagResource", ResourceArn=arn, TagKeys=["team"])
    found = api.call("ListTagsForResource", ResourceArn=arn)["Tags"]
    api.same("fewer tags", found, [{"Key": "shift", "Value": "late"}])
    nowhere = arn.replace("night", "nowhere")
    api.refuse("ResourceNotFoundException", 404, "ListTagsForResource", ResourceArn=nowhere)
    api.refuse("ResourceNotFoundException", 404, "TagResource", ResourceArn=nowhere, Tags=[])
    api.refuse("ValidationException", 400, "UntagResource", ResourceArn="arn:aws:sqs:us-east-1:1:q", TagKeys=["a"])


def schedules(api):
    made = api.call(
        "CreateSchedule",
        Name="report",
        GroupName="night",
        ScheduleExpression="cron(0 8 ? * MON-FRI *)",
        ScheduleExpressionTimezone="Europe/Berlin",
        StartDate=FUTURE,
        EndDate=FUTURE + datetime.timedelta(days=30),
        Description="the nightly report",
        State="DISABLED",
        Target=target(
            api,
            Input='{"at": "<aws.scheduler.scheduled-time>"}',
            RetryPolicy={"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 3},
            DeadLetterConfig={"Arn": QUEUE},
        ),
        FlexibleTimeWindow={"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15},
        ClientToken="report-1",
        ActionAfterCompletion="DELETE",
    )
    arn = f"arn:aws:scheduler:us-east-1:{ACCOUNT}:schedule/night/report"
    api.same("schedule's ARN", made["ScheduleArn"], arn)
    whole = api.call("GetSchedule", Name="report", GroupName="night")
    for key, value in {
        "Arn": arn,
        "Name": "report",
        "GroupName": "night",
        "ScheduleExpression": "cron(0 8 ? * MON-FRI *)",
        "ScheduleExpressionTimezone": "Europe/Berlin",
        "StartDate": FUTURE,
        "EndDate": FUTURE + datetime.timedelta(days=30),
        "Description": "the nightly report",
        "State": "DISABLED",
        "FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15},
        "ActionAfterCompletion": "DELETE",
        "Target": target(
            api,
            Input='{"at": "<aws.scheduler.scheduled-time>"}',
            RetryPolicy={"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 3},
            DeadLetterConfig={"Arn": QUEUE},
        ),
    }.items():
        api.same(f"GetSchedule {key}", whole.get(key), value)
    api.same("dates", whole["CreationDate"], whole["LastModificationDate"])
    message = api.refuse("ResourceNotFoundException", 404, "GetSchedule", Name="report")
    api.same("of another group", message, "Schedule report does not exist.")
    message = api.refuse("ConflictException", 409, "CreateSchedule", **wish(api, "report", GroupName="night"))
    api.same("a name twice", message, "Schedule report already exists.")
    message = api.refuse(
        "ResourceNotFoundException", 404, "CreateSchedule", **wish(api, "report", GroupName="nowhere")
    )
    api.same("no such group", message, "Schedule group nowhere does not exist.")
    api.call("CreateSchedule", **wish(api, "plain"))
    plain = api.call("GetSchedule", Name="plain", GroupName="default")
    found = {key: plain.get(key) for key in ("State", "ScheduleExpressionTimezone", "ActionAfterCompletion")}
    defaults = {"State": "ENABLED", "ScheduleExpressionTimezone": "UTC", "ActionAfterCompletion": "NONE"}
    api.same("defaults", found, defaults)
    api.same("default window", plain["FlexibleTimeWindow"], OFF)
    policy = {"MaximumEventAgeInSeconds": 86400, "MaximumRetryAttempts": 185}
    api.same("default retries", plain["Target"]["RetryPolicy"], policy)
    api.same("not said", [key for key in ("StartDate", "EndDate", "Description") if key in plain], [])


def replaced(api):
    arn = api.call(
        "UpdateSchedule",
        Name="report",
        GroupName="night",
        ScheduleExpression="rate(1 hour)",
        ScheduleExpressionTimezone="UTC",
        StartDate=FUTURE,
        EndDate=FUTURE + datetime.timedelta(days=1),
        Description="every hour",
        State="ENABLED",
        Target=target(api, QUEUE + ".fifo", Input="not JSON", SqsParameters={"MessageGroupId": "reports"}),
        FlexibleTimeWindow=OFF,
        ClientToken="report-2",
        ActionAfterCompletion="NONE",
    )["ScheduleArn"]
    api.same("the same ARN", arn, f"arn:aws:scheduler:us-east-1:{ACCOUNT}:schedule/night/report")
    whole = api.call("GetSchedule", Name="report", GroupName="night")
    found = (whole["ScheduleExpression"], whole["State"], whole["Target"]["SqsParameters"], whole["Target"]["Input"])
    api.same("replaced", found, ("rate(1 hour)", "ENABLED", {"MessageGroupId": "reports"}, "not JSON"))
    api.call("UpdateSchedule", **wish(api, "report", GroupName="night", State="DISABLED"))
    whole = api.call("GetSchedule", Name="report", GroupName="night")
    left = [key for key in ("StartDate", "EndDate", "Description") if key in whole]
    api.same("what is not said is no more", (left, whole["Target"].get("SqsParameters")), ([], None))
    api.refuse("ResourceNotFoundException", 404, "UpdateSchedule", **wish(api, "nothing"))


def pages(api):
    for number in range(5):
        state = "ENABLED" if number % 2 == 0 else "DISABLED"
        api.call("CreateSchedule", **wish(api, f"page-{number}", GroupName="page-1", State=state))
    found, token = [], {}
    while True:
        page = api.call("ListSchedules", GroupName="page-1", NamePrefix="page-", MaxResults=2, **token)
        found += [schedule["Name"] for schedule in page["Schedules"]]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    api.same("schedules by page", found, [f"page-{number}" for number in range(5)])
    page = api.call("ListSchedules", State="DISABLED", NamePrefix="page-")
    api.same("disabled ones", [schedule["Name"] for schedule in page["Schedules"]], ["page-1", "page-3"])
    one = page["Schedules"][0]
    api.same("summary", (one["GroupName"], one["State"], one["Target"]), ("page-1", "DISABLED", {"Arn": FUNCTION}))
    everything = api.client.get_paginator("list_schedules").paginate(PaginationConfig={"PageSize": 3})
    names = [(schedule["GroupName"], schedule["Name"]) for page in everything for schedule in page["Schedules"]]
    api.same("all of them, once each and in order", names, sorted(set(names)))
    api.refuse("ResourceNotFoundException", 404, "ListSchedules", GroupName="nowhere")
    api.refuse("ValidationException", 400, "ListSchedules", MaxResults=0)


def tokens(api):
    """A call that is sent again is done once."""
    first = api.call("CreateSchedule", **wish(api, "once", ClientToken="once"))
    again = api.call("CreateSchedule", **wish(api, "once", ClientToken="once"))
    api.same("made once", again["ScheduleArn"], first["ScheduleArn"])
    api.refuse("ConflictException", 409, "CreateSchedule", **wish(api, "other", ClientToken="once"))
    for _ in range(2):
        api.call("DeleteSchedule", Name="once", GroupName="default", ClientToken="gone")
    api.refuse("ResourceNotFoundException", 404, "DeleteSchedule", Name="once")
    api.refuse("ValidationException", 400, "DeleteSchedule", Name="once", ClientToken="not a token")


def expressions(api):
    for expression in (
        "rate(1 minute)",
        "rate(3 days)",
        "cron(0/5 * * * ? *)",
        "cron(0 0 L * ? *)",
        "cron(0 0 LW * ? *)",
        "cron(15 10 ? * 6L 2030-2032)",
        "cron(0 9 ? * 2#1 *)",
        "cron(0 18 15W * ? *)",
        "at(2199-12-24T18:00:00)",
    ):
        api.call("UpdateSchedule", **wish(api, "plain", ScheduleExpression=expression))
    for expression in (
        "cron(0 1 * * * *)",
        "cron(7 20 * * NOT *)",
        "cron(INVALID)",
        "cron(0 dummy ? * MON-FRI *)",
        "cron(71 8 1 * ? *)",
        "cron()",
        "rate(10 seconds)",
        "rate(10 years)",
        "rate()",
        "rate(10)",
        "rate(10 minutess)",
        "rate(foo minutes)",
        "rate(0 minutes)",
        "rate(-10 minutes)",
        "rate( 10 minutes )",
        " rate(10 minutes)",
        "at(2021-12-31T23:59:59Z)",
        "at(2021-12-31)",
        "0 8 * * *",
    ):
        message = api.refuse(
            "ValidationException", 400, "CreateSchedule", **wish(api, "invalid", ScheduleExpression=expression)
        )
        api.same("in AWS's words", message, f"Invalid Schedule Expression {expression}.")
    message = api.refuse(
        "ValidationException", 400, "CreateSchedule", **wish(api, "invalid", ScheduleExpressionTimezone="Mars/Base")
    )
    api.same("a time zone by name", "Mars/Base" in message, True)
    message = api.refuse(
        "ValidationException", 400, "CreateSchedule", **wish(api, "invalid", FlexibleTimeWindow={"Mode": "FLEXIBLE"})
    )
    wanted = "MaximumWindowInMinutes must be provided when FlexibleTimeWindowMode is set to FLEXIBLE"
    api.same("a window without its length", message, wanted)
    past = datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc)
    message = api.refuse("ValidationException", 400, "CreateSchedule", **wish(api, "invalid", StartDate=past))
    api.same("begins in the past", message, "The StartDate you specify cannot be earlier than 5 minutes ago.")
    api.refuse(
        "ValidationException", 400, "CreateSchedule", **wish(api, "invalid", StartDate=FUTURE, EndDate=past)
    )
    api.call("UpdateSchedule", **wish(api, "plain", ScheduleExpression="at(2199-01-01T00:00:00)", StartDate=past))


def targets(api):
    def refused(words, **more):
        message = api.refuse(
            "ValidationException", 400, "CreateSchedule", **wish(api, "invalid", Target={**target(api), **more})
        )
        api.same(f"{words!r} in {message!r}", words in message, True)

    refused("sns is not a supported service for a target.", Arn=f"arn:aws:sns:us-east-1:{ACCOUNT}:topic")
    refused("Provided Arn is not in correct format.", Arn="report")
    refused("us-east-1", Arn=FUNCTION.replace("us-east-1", "eu-west-1"))
    refused("Universal targets", Arn="arn:aws:scheduler:::aws-sdk:lambda:invoke")
    refused("well-formed JSON", Input="{")
    refused("262144", Input=json.dumps("x" * 262144))
    refused("Input has a character", Arn=QUEUE, Input="a\0b")
    message = api.refuse("ValidationException", 400, "CreateSchedule", **wish(api, "invalid", Description="a\0b"))
    api.same("what cannot be kept", "Description" in message, True)
    refused("MessageGroupId", Arn=QUEUE + ".fifo")
    refused("SqsParameters", SqsParameters={"MessageGroupId": "a"})
    refused("must allow AWS EventBridge Scheduler to assume the role", RoleArn=api.stranger)
    refused("must allow AWS EventBridge Scheduler to assume the role", RoleArn=api.role + "-2")
    refused("'target.roleArn' failed to satisfy constraint", RoleArn="of-schedules")
    refused("less than or equal to 185", RetryPolicy={"MaximumRetryAttempts": 186})
    refused("greater than or equal to 60", RetryPolicy={"MaximumEventAgeInSeconds": 59})
    for parameter, value in {
        "EcsParameters": {"TaskDefinitionArn": "arn:aws:ecs:us-east-1:000000000000:task-definition/a"},
        "EventBridgeParameters": {"DetailType": "a", "Source": "b"},
        "EventBridgePutEventsV2Parameters": {"DetailType": "a", "Source": "b"},
        "EventBridgePutRawEventsParameters": {"Metadata": {}},
        "KinesisParameters": {"PartitionKey": "a"},
        "SageMakerPipelineParameters": {"PipelineParameterList": []},
    }.items():
        for operation in ("CreateSchedule", "UpdateSchedule"):
            api.lacks(operation, f"Target.{parameter}", **wish(api, "plain", Target=target(api, **{parameter: value})))
    key = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/one"
    for operation in ("CreateSchedule", "UpdateSchedule"):
        api.lacks(operation, "KmsKeyArn", **wish(api, "plain", KmsKeyArn=key))
    fifo = target(api, QUEUE + ".fifo", SqsParameters={"MessageGroupId": "reports"})
    api.call("CreateSchedule", **wish(api, "ordered", State="DISABLED", Target=fifo))
    api.call("UpdateSchedule", **wish(api, "plain", Target=target(api, QUEUE, Input="a text")))
    patient = target(
        api,
        RetryPolicy={"MaximumEventAgeInSeconds": 60, "MaximumRetryAttempts": 0},
        DeadLetterConfig={"Arn": QUEUE},
    )
    window = {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 1440}
    api.call("UpdateSchedule", **wish(api, "plain", State="DISABLED", Target=patient, FlexibleTimeWindow=window))
    api.call("UpdateSchedule", **wish(api, "plain", Target=target(api, FUNCTION + ":live", Input="[1]")))


def deletions(api):
    for _ in range(2):
        api.call("DeleteScheduleGroup", Name="page-1", ClientToken="page-1")
    api.refuse("ResourceNotFoundException", 404, "GetSchedule", Name="page-0", GroupName="page-1")
    api.call("DeleteSchedule", Name="report", GroupName="night")
    message = api.refuse("ResourceNotFoundException", 404, "DeleteSchedule", Name="report", GroupName="night")
    api.same("gone", message, "Schedule report does not exist.")
    api.refuse("ResourceNotFoundException", 404, "DeleteScheduleGroup", Name="nowhere")


main()
