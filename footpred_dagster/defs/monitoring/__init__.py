"""What watches the platform at work: drift of outcomes, features and forecasts."""
