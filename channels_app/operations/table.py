"""Every operation by its name."""

from __future__ import annotations

from channels_app.operations.base import Operation
from channels_app.operations.embeddings import Embeddings
from channels_app.operations.images import ImageEdits, Images, ImageVariations
from channels_app.operations.moderations import Moderations
from channels_app.operations.rerank import Rerank
from channels_app.operations.speech import Speech
from channels_app.operations.transcriptions import Transcriptions, Translations

OPERATIONS: dict[str, Operation] = {
    one.name: one
    for one in (
        Embeddings(),
        Moderations(),
        Rerank(),
        Images(),
        ImageEdits(),
        ImageVariations(),
        Speech(),
        Transcriptions(),
        Translations(),
    )
}
