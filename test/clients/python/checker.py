"""Holds every answer that boto3 gets against botocore's own model of the service.

An answer may have no member that the model does not know, every member must have the model's type, required
members must be there and enumerations must hold; an error must be one that the model lists for the operation (or
one that every service may give), with the model's HTTP status. boto3 itself checks none of this: it reads what it
finds.
"""
import base64
import json
import re

COMMON = {
    "AccessDeniedException": 403,
    "ExpiredTokenException": 403,
    "IncompleteSignatureException": 400,
    "InvalidSignatureException": 403,
    "MissingAuthenticationTokenException": 403,
    "UnknownOperationException": 404,
    "UnrecognizedClientException": 403,
    "ValidationException": 400,
    "RequestEntityTooLargeException": 413,  # what AWS sends where the model has RequestTooLargeException
}
# What a service answers beside its model, as AWS does.
BESIDE = {
    "sqs": {"InvalidParameterValueException": 400, "MissingRequiredParameterException": 400},
}


class Checker:
    """What was called, with which parameters, and what was wrong with the answers."""

    def __init__(self, client):
        self.client = client
        self.problems = []
        self.answered = {}
        self.refused = {}
        self.answers = 0
        client.meta.events.register("before-parameter-build", self._note)
        client.meta.events.register("after-call", self._check)
        self._params = {}

    def _note(self, params, model, **_):
        self._params = {"operation": model.name, "paths": sorted(paths(params, model.input_shape))}

    def _check(self, http_response, parsed, model, **_):
        self.answers += 1
        status = http_response.status_code
        where = f"{model.name} ({status})"
        paths_used = self._params["paths"] if self._params.get("operation") == model.name else []
        if status >= 300:
            self._error(where, http_response, model)
            code = parsed.get("Error", {}).get("Code", "?")
            self.refused.setdefault(model.name, set()).add(code)
            return
        wanted = model.http.get("responseCode", 200)
        shape = model.output_shape
        members = {} if shape is None else shape.members
        chooses = any(member.serialization.get("location") == "statusCode" for member in members.values())
        if not chooses and status != wanted:
            self.problems.append(f"{where}: the model says {wanted}")
        self.answered.setdefault(model.name, set()).update(paths_used)
        if shape is None:
            return
        self._headers(where, http_response, shape)
        if shape.serialization.get("payload") is not None:
            return  # a blob or a stream: its events are checked by whoever reads them
        body = http_response.content
        if not body:
            present = {}
        else:
            try:
                present = json.loads(body)
            except ValueError:
                self.problems.append(f"{where}: the body is not JSON: {body[:200]!r}")
                return
        in_body = {
            name: member
            for name, member in shape.members.items()
            if member.serialization.get("location") is None
        }
        self._structure(where, present, in_body, [r for r in shape.required_members if r in in_body])

    def _error(self, where, response, model):
        metadata = model.service_model.metadata
        code = self._code(where, response, metadata)
        if not code:
            return
        if "x-amzn-requestid" not in response.headers:
            self.problems.append(f"{where}: no x-amzn-requestid")
        known = {shape.name: shape for shape in model.error_shapes}
        common = {**COMMON, **BESIDE.get(metadata["endpointPrefix"], {})}
        if code in common and code not in known:
            if response.status_code != common[code]:
                self.problems.append(f"{where}: {code} is {common[code]}")
            return
        if code not in known:
            self.problems.append(f"{where}: {code} is no error of this operation")
            return
        shape = known[code]
        wanted = shape.metadata.get("error", {}).get("httpStatusCode")
        if wanted is not None and wanted != response.status_code:
            self.problems.append(f"{where}: {code} is {wanted}")
        try:
            body = json.loads(response.content)
        except ValueError:
            self.problems.append(f"{where}: the body is not JSON: {response.content[:200]!r}")
            return
        members = {
            name: member
            for name, member in shape.members.items()
            if member.serialization.get("location") is None
        }
        lowered = {"message" if name.lower() == "message" else name: value for name, value in members.items()}
        body = {"message" if name.lower() == "message" else name: value for name, value in body.items() if name != "__type"}
        if not body.get("message"):
            self.problems.append(f"{where}: {code} has no message")
        self._structure(f"{where} {code}", body, lowered, [])

    def _code(self, where, response, metadata):
        if metadata["protocol"] != "json":
            code = response.headers.get("x-amzn-errortype", "").split(":")[0]
            if not code:
                self.problems.append(f"{where}: no x-amzn-errortype")
            return code
        if "awsQueryCompatible" in metadata and not re.fullmatch(
            r"[A-Za-z.]+;(Sender|Receiver)", response.headers.get("x-amzn-query-error", "")
        ):
            self.problems.append(f"{where}: no x-amzn-query-error")
        try:
            code = json.loads(response.content).get("__type", "").split("#")[-1]
        except ValueError:
            code = ""
        if not code:
            self.problems.append(f"{where}: no __type: {response.content[:200]!r}")
        return code

    def _headers(self, where, response, shape):
        for name, member in shape.members.items():
            if member.serialization.get("location") != "header":
                continue
            value = response.headers.get(member.serialization.get("name", name))
            if value is not None and member.type_name == "string":
                self._string(f"{where}.{name}", value, member)

    def _structure(self, where, value, members, required):
        by_wire_name = {m.serialization.get("name", n): (n, m) for n, m in members.items()}
        for key, item in value.items():
            if key not in by_wire_name:
                self.problems.append(f"{where}: member {key} is not in the model")
                continue
            name, member = by_wire_name[key]
            self._value(f"{where}.{name}", item, member)
        for name in required:
            if members[name].serialization.get("name", name) not in value:
                self.problems.append(f"{where}: required member {name} is missing")

    def _value(self, where, value, shape):
        if value is None:
            return  # AWS leaves members null where it has nothing to say
        kind = shape.type_name
        if kind == "structure":
            if self._is(where, value, dict, kind):
                self._structure(where, value, shape.members, shape.required_members)
        elif kind == "list":
            if self._is(where, value, list, kind):
                for item in value:
                    self._value(f"{where}[]", item, shape.member)
        elif kind == "map":
            if self._is(where, value, dict, kind):
                for key, item in value.items():
                    self._string(f"{where} key", key, shape.key)
                    self._value(f"{where}{{}}", item, shape.value)
        elif kind in ("integer", "long"):
            if not isinstance(value, int) or isinstance(value, bool):
                self.problems.append(f"{where}: {value!r} is no {kind}")
        elif kind in ("float", "double"):
            if not isinstance(value, (int, float)) or isinstance(value, bool):
                self.problems.append(f"{where}: {value!r} is no {kind}")
        elif kind == "boolean":
            self._is(where, value, bool, kind)
        elif kind == "timestamp":
            if not isinstance(value, (int, float)) or isinstance(value, bool):
                self.problems.append(f"{where}: {value!r} is no timestamp in seconds")
        elif kind == "blob":
            if self._is(where, value, str, kind):
                base64.b64decode(value, validate=True)
        elif self._is(where, value, str, kind):
            self._string(where, value, shape)

    def _string(self, where, value, shape):
        if shape.enum and value not in shape.enum:
            self.problems.append(f"{where}: {value!r} is not one of {shape.enum}")
        pattern = shape.metadata.get("pattern")
        # Python's expressions know no classes of Unicode, which tags are allowed by.
        if pattern and "\\p{" not in pattern and not re.fullmatch(pattern, value):
            self.problems.append(f"{where}: {value!r} does not match {pattern}")
        for bound, wrong in (("min", lambda n: len(value) < n), ("max", lambda n: len(value) > n)):
            if bound in shape.metadata and wrong(shape.metadata[bound]):
                self.problems.append(f"{where}: {value!r} has not the {bound} of {shape.metadata[bound]}")

    def _is(self, where, value, wanted, kind):
        if isinstance(value, wanted):
            return True
        self.problems.append(f"{where}: {value!r} is no {kind}")
        return False


def paths(params, shape):
    """Names of what was given: `VpcConfig`, and one level below it `VpcConfig.SubnetIds`."""
    if shape is None:
        return
    for name, value in params.items():
        if name not in shape.members:
            continue
        yield name
        member = shape.members[name]
        if member.type_name == "structure":
            yield from (f"{name}.{inner}" for inner in value)
        elif member.type_name == "list" and member.member.type_name == "structure":
            yield from {f"{name}.{inner}" for item in value for inner in item}
