{{ config(materialized='view') }}
-- Grain: one row per club and opponent it has met: how it fared so far. Asked for one pair, it is one index lookup.
select distinct on (team_id, opponent_id)
    team_id,
    opponent_id,
    latest_match_date,
    meetings,
    points_last_5
from {{ ref('int_head_to_head') }}
order by team_id asc, opponent_id asc, meetings desc
