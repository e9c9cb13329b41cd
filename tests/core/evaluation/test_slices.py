"""Kinds of matches: each match in one value of each kind, and movers known by where they played before."""

from __future__ import annotations

import pandas as pd

from footpred_dagster.core.evaluation.slices import slices


def match(season: str, league: str, home: str, away: str, played: int = 20, gap: float = 0.0) -> dict[str, object]:
    sides = {"home_id": home, "away_id": away, "home_table_matches": played, "away_table_matches": played}
    return {"season": season, "league": league, "elo_difference": gap, **sides}


def test_a_club_that_changed_its_division_moved_and_one_without_a_past_did_not():
    frame = pd.DataFrame(
        [
            match("2022-23", "E0", "up", "old"),
            match("2022-23", "E1", "down", "rising"),
            match("2023-24", "E0", "rising", "up"),
            match("2023-24", "E0", "old", "up"),
            match("2023-24", "E1", "fallen", "down"),
            match("2023-24", "E0", "new", "old"),
        ]
    )
    frame.loc[len(frame)] = match("2022-23", "E0", "fallen", "old")
    assert slices(frame)["moved"].tolist() == [
        *("neither", "neither"),
        *("promoted", "neither", "relegated", "neither", "neither"),
    ]


def test_phases_are_the_first_three_and_the_last_five_matches_of_a_season_of_its_league():
    frame = pd.DataFrame([match("2023-24", "E0", "a", "b", played) for played in range(38)])
    phases = slices(frame)["phase"].tolist()
    assert phases == ["first three"] * 3 + ["between"] * 30 + ["last five"] * 5


def test_elo_gaps_have_no_sign_and_lower_bounds_belong_to_the_wider():
    frame = pd.DataFrame([match("2023-24", "E0", "a", "b", gap=gap) for gap in (-49.9, 50, -150, 400)])
    assert slices(frame)["elo_gap"].tolist() == ["under 50", "50 to 150", "over 150", "over 150"]
