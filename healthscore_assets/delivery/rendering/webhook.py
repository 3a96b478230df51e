"""A document as JSON, for programs."""

import base64
import json

from healthscore_assets.delivery.documents.document import Document
from healthscore_assets.delivery.rendering.shown import shown


def webhook_body(document: Document, key: str) -> str:
    """The same text for the same document and key.

    Shape: ``id`` (the key), ``purpose``, ``title``, ``intro``, ``sections`` (each ``heading`` and
    ``lines``, each ``text``, ``detail`` and ``tone``), ``closing``, ``data`` and ``image``, which
    is null or ``png`` in base64 and ``says``. Texts are a line each, nothing is cut; ``data`` are
    what they are.
    """
    told = shown(document)
    image = told.image
    body = {
        "id": key,
        **json.loads(told.model_copy(update={"image": None}).as_json()),
        "image": image and {"png": base64.b64encode(image.png).decode(), "says": image.says},
    }
    return json.dumps(body, sort_keys=True, separators=(",", ":"))
