"""The same lookup in FastAPI, bare: a dictionary and its JSON, without key, limit or metrics."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from fastapi import FastAPI, HTTPException

app = FastAPI()
PREDICTIONS: dict[str, dict[str, Any]] = json.loads(Path(os.environ["PEER_PREDICTIONS"]).read_text())


@app.get("/predict/{match_id}")
async def predict(match_id: str) -> dict[str, Any]:
    found = PREDICTIONS.get(match_id)
    if found is None:
        raise HTTPException(404)
    return found
