"""A function that is a container image. The image is stored on the node first, as a registry would be pushed to."""
import hashlib
import io
import json
import os
import tarfile
from urllib.request import Request, urlopen


def images(api, role):
    digest = push(archive())
    uri = f"pictures@sha256:{digest}"
    start = {"EntryPoint": ["/bin/start"], "Command": ["pictures.handler"], "WorkingDirectory": "/pictures"}
    made = api.call(
        "CreateFunction",
        FunctionName="pictures", Role=role, PackageType="Image", Code={"ImageUri": uri}, ImageConfig=start,
    )
    api.same("how it starts", made["ImageConfigResponse"]["ImageConfig"], start)
    api.same("its code", api.call("GetFunction", FunctionName="pictures")["Code"]["ImageUri"], uri)
    start = {**start, "Command": ["other.handler"]}
    updated = api.call("UpdateFunctionConfiguration", FunctionName="pictures", ImageConfig=start)
    api.same("how it starts now", updated["ImageConfigResponse"]["ImageConfig"], start)
    api.call("UpdateFunctionCode", FunctionName="pictures", ImageUri=uri)
    unknown = f"pictures@sha256:{'0' * 64}"
    api.refuse("InvalidParameterValueException", 400, "UpdateFunctionCode", FunctionName="pictures", ImageUri=unknown)
    api.call("DeleteFunction", FunctionName="pictures")


def push(content):
    digest = hashlib.sha256(content).hexdigest()
    request = Request(
        f"{os.environ['AWS_ENDPOINT_URL']}/api/v1/artifacts/{digest}",
        data=content,
        method="PUT",
        headers={"Authorization": f"Bearer {os.environ['SKEIN_TOKEN']}", "Content-Type": "application/x-tar"},
    )
    with urlopen(request, timeout=30) as answer:
        answer.read()
    return digest


def archive():
    """What `docker save` writes of an image with one layer."""
    layer = tarred({"bin/start": b"#!/bin/sh\n"})
    config = json.dumps(
        {
            "architecture": "amd64" if os.uname().machine == "x86_64" else "arm64",
            "os": "linux",
            "config": {"Entrypoint": ["/bin/start"]},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
        }
    ).encode()
    name = f"{hashlib.sha256(config).hexdigest()}.json"
    manifest = json.dumps([{"Config": name, "RepoTags": ["pictures:latest"], "Layers": ["layer.tar"]}]).encode()
    return tarred({name: config, "layer.tar": layer, "manifest.json": manifest})


def tarred(files):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o755
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()
