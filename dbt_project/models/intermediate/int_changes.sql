{{ config(materialized='view') }}
-- Grain: one row per club and load that changed lines of it in a results file, or decision that changed what its name
-- means: what incremental models build again.
select
    changes.change_id,
    leagues.country,
    changes.league,
    changes.season,
    coalesce(
        changes.team_id, names.team_id, {{ unlisted_id('leagues.country', 'changes.club') }}
    ) as team_id,
    changes.from_date
from {{ source('raw', 'changes') }} as changes
inner join {{ ref('leagues') }} as leagues on changes.league = leagues.league
left join {{ source('intermediate', 'club_names') }} as names
    on
        leagues.country = names.country
        and changes.season = names.season
        and changes.club = names.name
