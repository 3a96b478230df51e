"""What went wrong in an object store, in one line that says what to do."""

import re

from obstore.exceptions import BaseError

from healthscore_assets.lake.refused import LakeRefused
from healthscore_assets.lake.unavailable import LakeUnavailable

PERMISSIONS = "s3:ListBucket, s3:GetObject, s3:PutObject and s3:DeleteObject"

_STATUS = re.compile(r"status code: ((\d{3}) [A-Za-z ]+)")
_CODE = re.compile(r"<Code>(\w+)</Code>")
_SERVER = re.compile(r"Error performing \w+ (https?://[^/ ]+)")
_CAUSE = re.compile(r'(?:message|error): "([^"]+)"')
_NO_CREDENTIALS = re.compile(r"/latest/(api/token|meta-data)")
"""Without any the library asks the machine it runs on, which knows some only in Amazon's cloud."""

_REGION = re.compile(r"redirect|region", re.IGNORECASE)
_LATER = {"408", "429"}


def plain_error(error: BaseError | OSError, what: str) -> LakeUnavailable | LakeRefused:
    """The error to raise instead: LakeUnavailable if it may pass, LakeRefused if it will not.

    Parameters: ``what`` was done to what, such as ``s3://b/x: reading``. The answer's text is not
    passed on but for its code, since it may repeat what was signed.
    """
    text = str(error)
    status, code = _STATUS.search(text), _CODE.search(text)
    server = found[1] if (found := _SERVER.search(text)) else "the object store"
    if _NO_CREDENTIALS.search(text):
        return LakeRefused(
            f"{what} needs credentials and there are none; "
            "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        )
    if status is None:
        return _without_an_answer(text, what, server)
    answer = f"{server} answers {status[1].strip()}" + (f" ({code[1]})" if code else "")
    number = status[2]
    if number.startswith("5") or number in _LATER:
        return LakeUnavailable(f"{what} failed: {answer}; wait until it is well and try again")
    if number in ("401", "403"):
        return LakeRefused(
            f"{what} is not allowed: {answer}; see AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
            f"and that they are given {PERMISSIONS}"
        )
    if number == "404":
        return LakeRefused(
            f"{what} failed: {answer}; create the bucket, or correct HEALTHSCORE_LAKE (--lake) "
            "or AWS_ENDPOINT_URL"
        )
    return LakeRefused(f"{what} failed: {answer}; see AWS_REGION and AWS_ENDPOINT_URL")


def _without_an_answer(text: str, what: str, server: str) -> LakeUnavailable | LakeRefused:
    (first, *_), causes = text.splitlines(), _CAUSE.findall(text)
    reason = "timed out" if "TimedOut" in text else causes[-1] if causes else first.split(" - ")[-1]
    if "certificate" in text:
        return LakeRefused(f"{what} failed: {reason}; see AWS_ENDPOINT_URL and its certificate")
    if "builder error" in text or _REGION.search(first):
        return LakeRefused(f"{what} failed: {reason}; see AWS_REGION and AWS_ENDPOINT_URL")
    return LakeUnavailable(
        f"{what} failed: no answer from {server} ({reason}); see that it is up and that "
        "AWS_ENDPOINT_URL is right, and try again"
    )
