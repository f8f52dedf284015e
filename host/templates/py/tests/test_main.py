import unittest
from pathlib import Path

from main import handler
from tailor_kit.testing import call, check_expected, read_fixtures

FIXTURES = Path(__file__).parent.parent / "fixtures"


class Goals(unittest.TestCase):
    def test_fixtures(self) -> None:
        # `tailor test` runs the same files in the component.
        for name, fixture in read_fixtures(FIXTURES):
            with self.subTest(name):
                check_expected(call(handler, fixture), fixture["expect"])

    def test_a_day_to_come_is_refused_before_anything_is_asked(self) -> None:
        request = {"path": "/ada/goals?date=2026-01-16"}
        answer = call(handler, {"request": request, "now": "2026-01-15T23:59:00Z"})
        self.assertEqual((answer.status, answer.calls), (400, []))

    def test_without_goals_the_answer_is_a_problem(self) -> None:
        request = {"path": "/ada/goals"}
        unknown = {"service": "goals", "path": "*", "reply": {"status": 404}}
        self.assertEqual(call(handler, {"request": request, "downstreams": [unknown]}).status, 404)
        silent = call(handler, {"request": request})
        self.assertEqual((silent.status, silent.headers["retry-after"]), (503, "5"))
