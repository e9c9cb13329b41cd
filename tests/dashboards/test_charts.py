"""Charts hold the numbers they were given."""

from __future__ import annotations

from datetime import date

from bokeh.models import ColumnDataSource

from dashboards.charts import lines, scores
from dashboards.theme import HOME, QUIET


def sources(plot):
    return [renderer.data_source.data for renderer in plot.renderers]


def results(*rows):
    return [{"home_id": home, "away_id": away, "outcome": outcome} for home, away, outcome in rows]


def test_points_run_up_by_three_for_a_win_and_one_for_a_draw():
    played = results(("a", "b", 0), ("b", "c", 1), ("c", "a", 2))
    assert lines.running_points(played, ["a", "b", "c"]) == {"a": [0, 3, 6], "b": [0, 0, 1], "c": [0, 1, 1]}


def test_a_race_draws_every_club_and_colours_those_shown():
    plot = lines.points_race(results(("a", "b", 0), ("c", "a", 2)), {"a": "A", "b": "B", "c": "C"}, ["a"])
    others, shown = sources(plot)
    assert (list(others["name"]), set(others["colour"])) == (["B", "C"], {QUIET})
    assert (list(shown["name"]), list(shown["y"]), list(shown["total"])) == (["A"], [[0, 3, 6]], [6])


def test_a_race_before_the_first_match_is_drawn_too():
    assert sources(lines.points_race([], {"a": "A"}, ["a"]))[1]["y"] == [[0]]


def test_ratings_have_one_line_for_each_club_at_its_dates():
    rows = [{"match_date": date(2024, 1, 1), "elo": 1500.0}, {"match_date": date(2024, 1, 8), "elo": 1512.0}]
    first, second = sources(lines.ratings([("A", rows), ("B", [])]))
    assert list(first["y"]) == [1500.0, 1512.0]
    assert str(first["x"][1])[:10] == "2024-01-08"
    assert len(second["x"]) == 0


def test_dots_are_drawn_first_on_top_and_ours_stands_out():
    plot = scores.dots([scores.Dot("us", 1.0, 0.9, 1.1, 10, True), scores.Dot("them", 1.2, 1.1, 1.3, 10)], "log-loss")
    assert plot.y_range.factors == ["them", "us"]
    assert list(sources(plot)[-1]["colour"]) == [HOME, QUIET]


def test_reliability_shows_every_bin_with_its_interval():
    plot = scores.reliability([scores.Claims(0.3, 0.31, 0.28, 0.34, 900), scores.Claims(0.6, 0.58, 0.5, 0.66, 90)])
    found = [data for data in sources(plot) if isinstance(data, dict) and "low" in data]
    assert [list(data["low"]) for data in found] == [[0.28, 0.5]]
    whiskers = plot.select({"type": ColumnDataSource})
    assert len(list(whiskers)) >= 1
