"""An S3 server in a process of its own, and a look at its objects beside the product's."""

import functools
import itertools
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import boto3
from botocore.config import Config

T = TypeVar("T")

_SECONDS = 30
_buckets = itertools.count(1)


@dataclass(frozen=True)
class S3Server:
    """Moto's server: objects are in its memory and gone with it."""

    process: subprocess.Popen[bytes]
    url: str

    @property
    def environment(self) -> dict[str, str]:
        """What the product and any other client need."""
        return {
            "AWS_ACCESS_KEY_ID": "key-of-the-tests",
            "AWS_SECRET_ACCESS_KEY": "secret-of-the-tests",
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": self.url,
        }

    @functools.cached_property
    def client(self) -> Any:
        return boto3.client(
            "s3",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id="key-of-the-tests",
            aws_secret_access_key="secret-of-the-tests",
            config=Config(retries={"total_max_attempts": 1}),
        )

    def new_bucket(self) -> str:
        """A bucket that no other test has."""
        bucket = f"lake-{os.getpid()}-{next(_buckets)}"
        self.client.create_bucket(Bucket=bucket)
        return bucket

    def objects(self, bucket: str, prefix: str = "") -> dict[str, bytes]:
        """Every object below the prefix by the rest of its key."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        keys = [each["Key"] for page in pages for each in page.get("Contents", ())]
        return {
            key.removeprefix(prefix): self.client.get_object(Bucket=bucket, Key=key)["Body"].read()
            for key in sorted(keys)
        }

    def uploads(self, bucket: str) -> list[tuple[str, int]]:
        """Uploads begun and not ended: the key, and how many of the parts are there."""
        found = self.client.list_multipart_uploads(Bucket=bucket).get("Uploads", [])
        return [
            (
                each["Key"],
                len(
                    self.client.list_parts(
                        Bucket=bucket, Key=each["Key"], UploadId=each["UploadId"]
                    ).get("Parts", [])
                ),
            )
            for each in found
        ]

    @contextmanager
    def silent(self) -> Iterator[None]:
        """It takes connections and answers none."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)


@contextmanager
def s3_server(folder: Path, **environment: str) -> Iterator[S3Server]:
    """Start a server and stop it; its log is in the folder."""
    log = folder / "s3.log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"],
            env=os.environ | environment,
            stdout=stream,
            stderr=stream,
        )
    try:

        def address() -> str | None:
            assert process.poll() is None, log.read_text()
            found = re.search(r"Running on (http://[\d.:]+)", log.read_text())
            return found[1] if found else None

        yield S3Server(process, soon(address))
    finally:
        process.kill()
        process.wait()


def soon(ask: Callable[[], T | None]) -> T:
    """The first answer that is one, asked for again and again up to a deadline."""
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        answer = ask()
        if answer:
            return answer
        time.sleep(0.01)
    raise AssertionError(f"no answer within {_SECONDS} s")
