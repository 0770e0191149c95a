"""What a function prints, marked with the request it belongs to.

Every message of `logging`, and every line of a plain print, is one record on descriptor 1, written
before the statement that prints it returns. The form is in docs/guest-protocol.md.
"""

import io
import os
import select
import sys
import time

_MAX_PARTIAL_BYTES = 64 * 1024
_current = {"request": "-"}


def set_request(request_id):
    """Prints belong to this request from now on."""
    _current["request"] = request_id


def _write_fully(data):
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(1, view) :]
        except BlockingIOError:
            select.select([], [1], [], 1)
        except InterruptedError:
            pass
        except OSError:
            return


def _head(level, length):
    return b"\x1e%s\t%s\t%d\t%d\n" % (_current["request"].encode(), level, int(time.time() * 1000), length)


def record(level, data):
    if len(data) < 65536:
        _write_fully(_head(level, len(data)) + data + b"\n")
    else:
        _write_fully(_head(level, len(data)))
        _write_fully(data)
        _write_fully(b"\n")


def _record_lines(data):
    """One record a line, and one write for many short ones."""
    if b"\n" not in data:
        record(b"-", data)
        return
    pieces = []
    size = 0
    for line in data.split(b"\n"):
        pieces += (_head(b"-", len(line)), line, b"\n")
        size += len(line)
        if size > 65536:
            _write_fully(b"".join(pieces))
            pieces = []
            size = 0
    _write_fully(b"".join(pieces))


class _Lines(io.RawIOBase):
    """Cuts what is printed into lines. `flush` keeps an unfinished line: it is one line, not two."""

    def __init__(self, fd):
        self._fd = fd
        self._partial = b""

    def writable(self):
        return True

    def fileno(self):
        return self._fd

    def isatty(self):
        return False

    def write(self, data):
        data = bytes(data)
        end = data.rfind(b"\n")
        if end >= 0:
            _record_lines(self._partial + data[:end])
            self._partial = data[end + 1 :]
        else:
            self._partial += data
        if len(self._partial) > _MAX_PARTIAL_BYTES:
            self.let_go()
        return len(data)

    def let_go(self):
        if self._partial:
            partial, self._partial = self._partial, b""
            record(b"-", partial)


def replace_streams():
    import atexit

    lines = [_Lines(1), _Lines(2)]
    streams = [
        io.TextIOWrapper(raw, encoding="utf-8", errors="backslashreplace", write_through=True) for raw in lines
    ]
    sys.stdout, sys.stderr = streams
    sys.__stdout__, sys.__stderr__ = streams

    def let_go():
        for raw in lines:
            raw.let_go()

    atexit.register(let_go)
    return let_go


def install_logging():
    import logging

    levels = {"CRITICAL": b"FATAL", "ERROR": b"ERROR", "WARNING": b"WARN", "INFO": b"INFO", "DEBUG": b"DEBUG"}

    class Records(logging.Handler):
        def emit(self, message):
            try:
                text = self.format(message)
            except Exception:
                self.handleError(message)
                return
            record(levels.get(message.levelname, b"INFO"), text.encode("utf-8", "backslashreplace"))

    class WithRequest(logging.Filter):
        def filter(self, message):
            message.aws_request_id = "" if _current["request"] == "-" else _current["request"]
            return True

    logging.Formatter.converter = time.gmtime
    handler = Records()
    handler.addFilter(WithRequest())
    logging.getLogger().addHandler(handler)
