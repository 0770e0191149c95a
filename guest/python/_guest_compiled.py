"""Compiled code of a version: kept from its first instance, read by all later ones.

The interpreter asks where the compiled form of a file is, and hands over what it has compiled to be
written. Both questions are answered here while the handler is loaded, and by nobody else afterwards:
only init is recorded, since its code has seen no event.

Never fails: without it an init takes longer, and that is all.
"""

import os
import struct
import time
from _imp import source_hash
from importlib import _bootstrap_external as loading

# What loads faster than this, in seconds, is not worth the sending.
_MIN_LOAD = 0.004
_MAX_BYTES = 32 * 1024 * 1024


def _name_of(path):
    return source_hash(0, os.fsencode(path)).hex()


class Nothing:
    def finish(self, listener, token):
        pass


class _Recording:
    def __init__(self):
        self._files = []
        self._bytes = 0
        self._original = loading.SourceFileLoader._cache_bytecode
        loading.SourceFileLoader._cache_bytecode = lambda _, source, __, data: self._take(source, data)
        self._began = time.perf_counter()

    def _take(self, source, data):
        if self._bytes + len(data) <= _MAX_BYTES:
            self._bytes += len(data)
            self._files.append((source, data))

    def finish(self, listener, token):
        took = time.perf_counter() - self._began
        loading.SourceFileLoader._cache_bytecode = self._original
        if took < _MIN_LOAD or not self._files:
            return
        pieces = [_name_of(source).encode() + struct.pack(">I", len(data)) + data for source, data in self._files]
        listener.request("POST", "/guest/compiled", b"".join(pieces), f"Authorization: {token}\r\n")


class _Using:
    def __init__(self, folder):
        self._original = original = loading.cache_from_source
        names = set(os.listdir(folder))

        def cached(path, *more, **options):
            name = _name_of(path)
            return f"{folder}/{name}" if name in names else original(path, *more, **options)

        loading.cache_from_source = cached

    def finish(self, listener, token):
        loading.cache_from_source = self._original


def start(order):
    """Call `finish` on what it returns, once the handler is loaded."""
    try:
        if order is None:
            return Nothing()
        return _Recording() if order.get("record") else _Using(order["use"])
    except OSError:
        return Nothing()
