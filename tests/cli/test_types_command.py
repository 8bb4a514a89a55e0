"""`naiad types`: the table is what the package has."""

from __future__ import annotations

import json

from typer.testing import CliRunner

from naiad.cli.app import app
from naiad.grammar import GRAMMARS, REWRITERS
from naiad.mermaid.diagram_types import DIAGRAM_TYPES

runner = CliRunner()


def test_the_table_has_a_row_for_each_type() -> None:
    result = runner.invoke(app, ["types"])
    assert result.exit_code == 0
    listed = [line.split()[0] for line in result.stdout.splitlines()[1:]]
    assert listed == list(DIAGRAM_TYPES)


def test_json_says_what_there_is() -> None:
    families = json.loads(runner.invoke(app, ["types", "--json"]).stdout)["types"]
    assert {each["type"] for each in families if each["grammar"]} == set(GRAMMARS)
    assert {each["type"] for each in families if each["fixer"]} == set(REWRITERS)
