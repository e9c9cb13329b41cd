{{ config(materialized='view') }}
-- Grain: one row per adjustment of points by a ruling: what a table's points differ by from those won.
select
    adjustments.league,
    adjustments.season,
    adjustments.team_id,
    teams.name as team_name,
    adjustments.points,
    adjustments.effective_on,
    adjustments.reason,
    adjustments.source
from {{ ref('int_points_adjustments') }} as adjustments
inner join {{ ref('dim_teams') }} as teams on adjustments.team_id = teams.team_id
