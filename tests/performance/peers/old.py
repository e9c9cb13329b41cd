"""The design that was replaced, in miniature: FastAPI sends features to one Celery worker by Redis and waits; the
worker predicts from a DataFrame with boosted trees, 900 of them on 60 features."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from celery import Celery
from fastapi import FastAPI
from pydantic import BaseModel
from xgboost import XGBClassifier

FEATURES = [f"f{number}" for number in range(60)]
queue = Celery("old", broker=os.environ["PEER_REDIS"], backend=os.environ["PEER_REDIS"])
app = FastAPI()


class Match(BaseModel):
    match_id: str = "m1"


@cache
def model() -> XGBClassifier:
    chance = np.random.default_rng(1)
    rows = pd.DataFrame(chance.normal(size=(1500, len(FEATURES))), columns=FEATURES)
    return XGBClassifier(n_estimators=300, max_depth=4, n_jobs=1).fit(rows, chance.integers(0, 3, len(rows)))


@queue.task
def predict(features: list[float]) -> list[float]:
    return model().predict_proba(pd.DataFrame([features], columns=FEATURES))[0].tolist()  # type: ignore[no-any-return]


def answered(match_id: str) -> dict[str, Any]:
    chances = predict.delay([0.1] * len(FEATURES)).get(timeout=30)
    return {"match_id": match_id, "home": chances[0], "draw": chances[1], "away": chances[2]}


@app.post("/predict/")
def post(match: Match) -> dict[str, Any]:
    return answered(match.match_id)


@app.get("/predict/{match_id}")
def get(match_id: str) -> dict[str, Any]:
    return answered(match_id)
