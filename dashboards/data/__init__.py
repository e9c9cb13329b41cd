"""What the pages show, as rows: queries on marts, ratings, models, predictions and raw, by subject."""
