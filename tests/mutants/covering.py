"""A pytest plugin that writes down which tests run which lines of the product.

Loaded by `-p tests.mutants.covering --covering FILE`. What is run while modules are imported belongs to no test.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from coverage import Coverage


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--covering", type=Path, help="write into this file which tests run which lines")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(_Recorder(config.rootpath, config.getoption("covering")))


class _Recorder:
    """Notes the lines that each test runs, its fixtures included."""

    def __init__(self, root: Path, output: Path) -> None:
        self._root = root
        self._output = output
        self._coverage = Coverage(data_file=None, config_file=False, source=[str(root / "soap_service")])
        self._coverage.set_option("run:disable_warnings", ["no-data-collected"])  # some tests look at files alone
        self._coverage.start()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self._coverage.switch_context(item.nodeid)
        return (yield)

    def pytest_unconfigure(self) -> None:
        self._coverage.stop()
        data = self._coverage.get_data()
        lines = {
            str(Path(file).relative_to(self._root)): {
                line: [test for test in tests if test] for line, tests in data.contexts_by_lineno(file).items()
            }
            for file in data.measured_files()
        }
        self._output.write_text(json.dumps(lines))
