"""Which club each name means, before dbt builds the intermediate layer."""
