"""Lambda's Python runtime, inside a sandbox.

Asks its instance's listener for its code, imports it, and then asks for one event after the other.
Standard library only, and little of it: every import here is paid for by a cold start.
"""

import json
import os
import re
import socket
import sys
import time

import _guest_compiled as compiled
import _guest_output as output



class _Fault(Exception):
    """A failure that the runtime itself has a name for."""

    def __init__(self, error_type, message, trace=None):
        super().__init__(message)
        self.error_type = error_type
        self.message = message
        self.trace = trace or []


# ---- The listener ----


class _Listener:
    """One connection, kept open. Every answer of the listener has a Content-Length."""

    def __init__(self, address):
        host, port = address.rsplit(":", 1)
        self._address = (host, int(port))
        self._host = address
        self._socket = None
        self._left = b""

    def request(self, method, path, body=None, headers=""):
        if self._socket is None:
            self._socket = socket.create_connection(self._address)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        head = f"{method} {path} HTTP/1.1\r\nHost: {self._host}\r\n{headers}"
        if body is None:
            self._socket.sendall(f"{head}\r\n".encode())
        else:
            self._socket.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        return self._answer()

    def _answer(self):
        data = self._left
        while b"\r\n\r\n" not in data:
            data += self._receive(65536)
        head, _, rest = data.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        status = int(lines[0].split(" ", 2)[1])
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        length = int(headers["content-length"])
        pieces, got = [rest], len(rest)
        while got < length:
            piece = self._receive(min(length - got, 1 << 20))
            pieces.append(piece)
            got += len(piece)
        body = b"".join(pieces)
        self._left = body[length:]
        return status, headers, body[:length]

    def _receive(self, size):
        data = self._socket.recv(size)
        if not data:
            os._exit(0)  # nobody left to work for
        return data


# ---- Results ----


class _Encoder(json.JSONEncoder):
    """Writes a Decimal as the number it is, digit by digit."""

    def __init__(self):
        super().__init__()
        self.decimals = []

    def default(self, value):
        decimal = sys.modules.get("decimal")
        if decimal is not None and isinstance(value, decimal.Decimal):
            if value.is_nan():
                return float("nan")
            self.decimals.append(str(value))
            return _MARK
        return super().default(value)

    def text(self, value):
        text = self.encode(value)
        if not self.decimals:
            return text
        digits = iter(self.decimals)
        return re.sub('"%s"' % _MARK, lambda _: next(digits), text)


# What nobody can write by chance or on purpose stands for a Decimal until the text is done.
_MARK = "decimal-" + os.urandom(16).hex()


def _marshal(result):
    if isinstance(result, bytes):
        return result, "application/unknown"
    try:
        return _Encoder().text(result).encode(), "application/json"
    except Exception as error:
        raise _Fault("Runtime.MarshalError", f"Unable to marshal response: {error}") from None


def _describe(error, request_id):
    if isinstance(error, _Fault):
        kind, message, trace = error.error_type, error.message, error.trace
    else:
        kind, message, trace = type(error).__name__, str(error), _trace_of(error)
    return {"errorMessage": message, "errorType": kind, "requestId": request_id, "stackTrace": trace}


def _trace_of(error):
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    theirs = [frame for frame in frames if frame.filename != __file__ and not frame.filename.startswith("<frozen")]
    return traceback.format_list(theirs)


def _log_error(described):
    lines = ["[ERROR] %s: %s" % (described["errorType"], described["errorMessage"])]
    if described["stackTrace"]:
        lines.append("Traceback (most recent call last):")
        lines.extend(line.rstrip("\n") for line in described["stackTrace"])
    output.record(b"ERROR", "\n".join(lines).encode("utf-8", "backslashreplace"))


def _post_error(listener, path, described):
    headers = f"Content-Type: application/json\r\nLambda-Runtime-Function-Error-Type: {_header(described['errorType'])}\r\n"
    listener.request("POST", path, json.dumps(described).encode(), headers)


def _header(text):
    return "".join(c if " " <= c <= "~" else "?" for c in text)


# ---- The context ----


class _Fields:
    """An object with fixed attributes, all None at first."""

    def __init__(self, names, values=None):
        for name in names:
            setattr(self, name, (values or {}).get(name))

    def __repr__(self):
        inner = ",".join(f"{name}={value}" for name, value in vars(self).items())
        return f"{type(self).__name__}([{inner}])"


class CognitoIdentity(_Fields):
    pass


class Client(_Fields):
    pass


class ClientContext(_Fields):
    pass


_CLIENT = ["installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name"]


class LambdaContext:
    """What a handler gets as its second argument."""

    def __init__(self, headers):
        env = os.environ
        self.aws_request_id = headers["lambda-runtime-aws-request-id"]
        self.log_group_name = env.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = env.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self.function_name = env.get("AWS_LAMBDA_FUNCTION_NAME")
        self.memory_limit_in_mb = env.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.function_version = env.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.invoked_function_arn = headers.get("lambda-runtime-invoked-function-arn")
        self.tenant_id = None
        self.client_context = _client_context(headers.get("lambda-runtime-client-context"))
        self.identity = _identity(headers.get("lambda-runtime-cognito-identity"))
        self._epoch_deadline_time_in_ms = int(headers["lambda-runtime-deadline-ms"])

    def get_remaining_time_in_millis(self):
        return max(0, self._epoch_deadline_time_in_ms - int(time.time() * 1000))

    def log(self, message):
        sys.stdout.write(str(message))

    def __repr__(self):
        inner = ",".join(f"{name}={value}" for name, value in vars(self).items() if not name.startswith("_"))
        return f"LambdaContext([{inner}])"


def _client_context(text):
    if text is None:
        return None
    values = _parse(text, "Client Context")
    context = ClientContext(["custom", "env", "client"], values)
    if context.client is not None:
        context.client = Client(_CLIENT, context.client)
    return context


def _identity(text):
    values = {} if text is None else _parse(text, "Cognito Identity")
    names = {
        "cognito_identity_id": values.get("cognitoIdentityId"),
        "cognito_identity_pool_id": values.get("cognitoIdentityPoolId"),
    }
    return CognitoIdentity(list(names), names)


def _parse(text, what):
    try:
        return json.loads(text)
    except ValueError as error:
        raise _Fault("Runtime.LambdaContextUnmarshalError", f"Unable to parse {what} JSON: {error}") from None


# ---- The handler ----


def _load_handler(handler):
    import importlib

    try:
        module_name, function_name = handler.rsplit(".", 1)
    except ValueError as error:
        raise _Fault("Runtime.MalformedHandlerName", f"Bad handler '{handler}': {error}") from None
    if module_name.split(".")[0] in sys.builtin_module_names:
        message = f"Cannot use built-in module {module_name} as a handler module"
        raise _Fault("Runtime.BuiltInModuleConflict", message)
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        message = f"Unable to import module '{module_name}': {error}"
        raise _Fault("Runtime.ImportModuleError", message) from None
    except SyntaxError as error:
        place = f'  File "{error.filename}" Line {error.lineno}\n    {error.text}'
        message = f"Syntax error in module '{module_name}': {error}"
        raise _Fault("Runtime.UserCodeSyntaxError", message, [place]) from None
    try:
        return getattr(module, function_name)
    except AttributeError:
        message = f"Handler '{function_name}' missing on module '{module_name}'"
        raise _Fault("Runtime.HandlerNotFound", message) from None


def _set_up(setup):
    os.environ.update(setup["environment"])
    time.tzset()
    os.chdir(setup["taskRoot"])
    # In front of all but this folder's place, as Lambda's own; this folder is not for functions.
    sys.path[0:1] = [setup["taskRoot"], *setup["paths"]]


def _handle(handler, headers, body):
    """Returns the handler's result, ready to send."""
    context = LambdaContext(headers)
    try:
        event = json.loads(body)
    except ValueError as error:
        raise _Fault("Runtime.UnmarshalError", f"Unable to unmarshal input: {error}") from None
    return _marshal(handler(event, context))


def _serve_one(listener, handler, let_go):
    _, headers, body = listener.request("GET", "/2018-06-01/runtime/invocation/next")
    request_id = headers["lambda-runtime-aws-request-id"]
    path = f"/2018-06-01/runtime/invocation/{request_id}"
    output.set_request(request_id)
    trace_id = headers.get("lambda-runtime-trace-id")
    if trace_id is not None:
        os.environ["_X_AMZN_TRACE_ID"] = trace_id
    else:
        os.environ.pop("_X_AMZN_TRACE_ID", None)
    try:
        result, content_type = _handle(handler, headers, body)
    except Exception as error:
        described = _describe(error, request_id)
        _log_error(described)
        let_go()
        _post_error(listener, f"{path}/error", described)
        return
    let_go()
    listener.request("POST", f"{path}/response", result, f"Content-Type: {content_type}\r\n")


def main():
    listener = _Listener(os.environ["AWS_LAMBDA_RUNTIME_API"])
    let_go = output.replace_streams()
    output.install_logging()
    token = os.environ["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
    _, _, body = listener.request("GET", "/guest/setup", headers=f"Authorization: {token}\r\n")
    setup = json.loads(body)
    _set_up(setup)
    keeper = compiled.start(setup["compileCache"])
    try:
        handler = _load_handler(setup["handler"])
    except Exception as error:
        described = _describe(error, "")
        _log_error(described)
        let_go()
        _post_error(listener, "/2018-06-01/runtime/init/error", described)
        sys.exit(1)
    let_go()
    keeper.finish(listener, token)
    while True:
        _serve_one(listener, handler, let_go)


if __name__ == "__main__":
    main()
