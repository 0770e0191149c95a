"""Attacks in Python, and a neighbour that lives by the Runtime API over HTTP."""
import ctypes
import os
import socket

libc = ctypes.CDLL(None, use_errno=True)


def outcome(act):
    try:
        act()
        return "done"
    except OSError as error:
        return os.strerror(error.errno) if error.errno else str(error)


def call(name, *args):
    def act():
        if getattr(libc, name)(*args) == -1:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))

    return outcome(act)


def raw():
    socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)


def packet():
    socket.socket(socket.AF_PACKET, socket.SOCK_RAW)


def escape():
    os.mkdir("/tmp/jail")
    os.chroot("/tmp/jail")


def memory():
    kept = []
    while True:
        kept.append(b"x" * 8_000_000)


def bomb():
    while True:
        try:
            os.fork()
        except OSError:
            pass


DEEDS = {
    "nothing": lambda: "fine",
    "memory": memory,
    "fork bomb": bomb,
    "escapes": lambda: {
        "raw": outcome(raw),
        "packet": outcome(packet),
        "chroot": outcome(escape),
        "mount": call("mount", b"none", b"/tmp", b"tmpfs", 0, None),
        "setuid": outcome(lambda: os.setuid(0)),
        "nice": outcome(lambda: os.nice(-20)),
    },
}


def handler(event, context):
    return DEEDS[event["does"]]()
