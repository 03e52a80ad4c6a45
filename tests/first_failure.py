"""Shows the first failure when it happens, and not after the last test: the suite takes minutes."""

import pytest


class FirstFailure:
    """A plugin for pytest. In a worker of xdist, which has no terminal, it does nothing."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._is_shown = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        terminal = self._config.pluginmanager.get_plugin("terminalreporter")
        if self._is_shown or not report.failed or terminal is None:
            return
        self._is_shown = True
        terminal.ensure_newline()
        terminal.write_sep("=", f"THE FIRST FAILURE: {report.nodeid}", red=True)
        report.toterminal(terminal._tw)
        terminal.write_sep("=", "the tests go on", red=True)


def pytest_configure(config: pytest.Config) -> None:
    """For `-p tests.first_failure`."""
    config.pluginmanager.register(FirstFailure(config))
