"""Runs the tests beside this file and tells how many passed."""

import logging
import pathlib
import sys
import unittest

HERE = pathlib.Path(__file__).parent


class Result(unittest.TextTestResult):
    """Counts what passed, which unittest does not."""

    passed = 0

    def addSuccess(self, test):
        super().addSuccess(test)
        self.passed += 1


def main() -> int:
    """Answers the exit code: 0 if there were tests and all of them passed."""
    # Telethon tells of each reconnection, which the tests bring about on purpose.
    logging.getLogger("telethon").setLevel(logging.CRITICAL)
    loader = unittest.TestLoader()
    sys.path.insert(0, str(HERE))
    names = sys.argv[1:]
    suite = loader.loadTestsFromNames(names) if names else loader.discover(str(HERE))
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2, resultclass=Result).run(suite)
    # What fails outside of a test, such as a network that does not start, is not among the tests that ran.
    outside = sum(not isinstance(test, unittest.TestCase) for test, _ in result.errors)
    failed = result.testsRun - result.passed + outside
    print(f"{result.passed} passed, {failed} failed")
    return 0 if result.passed and not failed and result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
