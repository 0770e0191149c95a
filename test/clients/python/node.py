"""One running node as boto3 sees it: the endpoint and the keys are changed, and nothing else."""
import io
import json
import os
import sys
import zipfile

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from checker import Checker

CODE = r"""
exports.handler = async (event, context) => {
  if (event && event.fail) throw new TypeError(String(event.fail));
  console.log('hello from ' + context.functionVersion);
  if (event && event.print) console.log('x'.repeat(event.print));
  return {
    event,
    version: context.functionVersion,
    arn: context.invokedFunctionArn,
    client: context.clientContext ?? null,
    colour: process.env.COLOUR ?? null,
    memory: context.memoryLimitInMB,
    message: MESSAGE,
  };
};
"""

STREAMING = r"""
exports.handler = awslambda.streamifyResponse(async (event, stream) => {
  stream.setContentType('text/plain');
  stream.write('one ');
  stream.write('two ');
  if (event.fail) throw new Error('broke off');
  stream.write('three');
  stream.end();
});
"""

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)


def zipped(files):
    """A zip of files by name."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def code(message="first"):
    return zipped({"index.js": CODE.replace("MESSAGE", json.dumps(message))})


def client(service, **more):
    return boto3.client(
        service,
        endpoint_url=os.environ["AWS_ENDPOINT_URL"],
        config=Config(retries={"total_max_attempts": 1}, parameter_validation=False, **more),
    )


class Api:
    """boto3's client of a service, every answer of which is checked. `call` expects success, `refuse` an error."""

    def __init__(self, service, invalid):
        """`invalid` is the error that refuses a parameter by name."""
        self.client = client(service)
        self.invalid = invalid
        self.checker = Checker(self.client)
        self.unsupported = {}
        self.failures = []

    def call(self, operation, **params):
        method = getattr(self.client, snake(operation))
        try:
            return method(**params)
        except ClientError as error:
            answer = error.response
            self.failures.append(
                f"{operation} {brief(params)}: {answer['ResponseMetadata']['HTTPStatusCode']} "
                f"{answer['Error']['Code']}: {answer['Error']['Message']}"
            )
            raise Refused(operation) from error

    def refuse(self, code_wanted, status, operation, **params):
        """@returns the message"""
        try:
            getattr(self.client, snake(operation))(**params)
        except ClientError as error:
            answer = error.response
            found = (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"])
            if found != (code_wanted, status):
                self.failures.append(
                    f"{operation} {brief(params)}: wanted {code_wanted} {status}, got {found}: {answer['Error']['Message']}"
                )
            return answer["Error"]["Message"]
        self.failures.append(f"{operation} {brief(params)}: wanted {code_wanted} {status}, but it worked")
        return ""

    def lacks(self, operation, parameter, **params):
        """A parameter that is refused by name."""
        message = self.refuse(self.invalid, 400, operation, **params)
        name = parameter.split(".")[-1]
        if name.lower() not in message.lower():
            self.failures.append(f"{operation}: the refusal of {parameter} does not name it: {message}")
        self.unsupported.setdefault(operation, set()).add(parameter)

    def lacks_operation(self, operation, **params):
        self.refuse("UnknownOperationException", 404, operation, **params)

    def same(self, what, found, wanted):
        if found != wanted:
            self.failures.append(f"{what}: {found!r} is not {wanted!r}")

    def report(self):
        sets = lambda table: {name: sorted(values) for name, values in sorted(table.items())}
        return {
            "answers": self.checker.answers,
            "problems": sorted(set(self.checker.problems)),
            "failures": self.failures,
            "answered": sets(self.checker.answered),
            "refused": sets(self.checker.refused),
            "unsupported": sets(self.unsupported),
        }


class Refused(Exception):
    """What should have worked did not; it is in the list of failures already."""


def snake(operation):
    from botocore import xform_name

    return xform_name(operation)


def brief(params):
    text = repr({k: v for k, v in params.items() if k not in ("Code", "ZipFile", "Content")})
    return text if len(text) < 200 else f"{text[:200]}…"


def section(run, *arguments):
    """Runs a part of the scenario; one that fails does not keep the others from running."""
    try:
        run(*arguments)
    except Refused:
        pass
    except Exception as error:  # noqa: BLE001 the next part is to run whatever happened
        import traceback

        line = traceback.extract_tb(sys.exc_info()[2])[-1]
        arguments[0].failures.append(f"{run.__name__}: {type(error).__name__}: {error} (line {line.lineno} of {os.path.basename(line.filename)})")
