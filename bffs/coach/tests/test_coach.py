"""The fixtures, and what no fixture says."""

import unittest
from pathlib import Path
from typing import Any

from main import handler
from tailor_kit.testing import Answer, call, check_expected, read_fixtures

FIXTURES = Path(__file__).parent.parent / "fixtures"


class Coach(unittest.TestCase):
    def test_fixtures(self) -> None:
        for name, fixture in read_fixtures(FIXTURES):
            with self.subTest(name):
                check_expected(call(handler, fixture), fixture["expect"])

    def week(self, **replies: Any) -> Answer:
        """The week of ada, of services that answer so."""
        entries = [{"service": name, "path": "*", **reply} for name, reply in replies.items()]
        return call(
            handler, {"request": {"path": "/ada/week?to=2026-03-01"}, "downstreams": entries}
        )

    def test_a_week_is_one_round_of_calls_and_ends_today_by_default(self) -> None:
        answer = call(handler, {"request": {"path": "/ada/week"}, "now": "2026-03-01T00:00:00Z"})
        spans = [dict(made.query) for made in answer.calls if made.service != "profile"]
        span = {"from": "2026-02-23", "to": "2026-03-01"}
        self.assertEqual(spans, [span, span, span, {"date": "2026-03-01"}])

    def test_days_that_a_service_does_not_have_are_no_days_of_rest(self) -> None:
        days = [
            {"date": "2026-02-24", "steps": 1, "active_minutes": 0, "distance_m": 50},
            {"date": "2026-03-01", "steps": 2, "active_minutes": 61, "distance_m": 10_000},
        ]
        activity = self.week(activity={"reply": {"json": {"days": days}}}).json()["activity"]
        self.assertEqual(activity["active_minutes"], [None, 0, None, None, None, None, 61])
        self.assertEqual(
            (activity["total"], activity["kilometres"], activity["days_of_rest"]),
            ("PT1H1M", 10.1, 1),
        )

    def test_a_week_without_nights_has_no_shortest_one(self) -> None:
        sleep = self.week(sleep={"reply": {"json": {"nights": []}}}).json()["sleep"]
        self.assertEqual(
            (sleep["mean"], sleep["shortest_on"], sleep["mean_score"]), (None, None, None)
        )

    def test_the_change_of_the_resting_rate_needs_both_sides(self) -> None:
        for days, change in [
            ([("2026-02-27", 50), ("2026-02-28", 52), ("2026-03-01", 58)], 7),
            ([("2026-03-01", 58)], None),
            ([("2026-02-28", 52), ("2026-03-01", None)], None),
        ]:
            rows = [{"date": date, "resting_bpm": bpm} for date, bpm in days]
            heart = self.week(heart={"reply": {"json": {"days": rows}}}).json()["heart"]
            self.assertEqual(heart["change_bpm"], change)


if __name__ == "__main__":
    unittest.main()
