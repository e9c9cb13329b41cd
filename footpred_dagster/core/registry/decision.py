"""A decision of the promotion policy: the winner, and how every gate went."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one gate went for one candidate; ``says`` is a sentence for people."""

    gate: str
    passed: bool
    says: str


@dataclass(frozen=True, slots=True)
class Decision:
    """``winner`` is None when nobody passed; ``verdicts`` are those of every gate, by candidate."""

    winner: str | None
    verdicts: dict[str, list[Verdict]] = field(default_factory=dict)
    why: str = ""

    @property
    def reasons(self) -> dict[str, list[str]]:
        """What kept each candidate out, else that nothing did."""
        return {
            name: [verdict.says for verdict in verdicts if not verdict.passed] or ["passes all gates"]
            for name, verdicts in self.verdicts.items()
        }
