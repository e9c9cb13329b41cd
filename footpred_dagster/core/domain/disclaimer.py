"""The one sentence that goes with every prediction, wherever it is shown."""

DISCLAIMER = "Probabilities, not advice: nothing here is a tip, and betting on it loses money."
