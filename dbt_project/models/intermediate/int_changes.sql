{{ config(materialized='view') }}
-- Grain: one row per club and load that changed lines of it in a results file: what incremental models build again.
select
    changes.change_id,
    leagues.country,
    changes.league,
    changes.season,
    {{ team_id('aliases.team_id', 'leagues.country', 'changes.club') }} as team_id,
    changes.from_date
from {{ source('raw', 'changes') }} as changes
inner join {{ ref('leagues') }} as leagues on changes.league = leagues.league
left join {{ ref('team_aliases') }} as aliases
    on leagues.country = aliases.country and changes.club = aliases.name
