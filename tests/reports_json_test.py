"""cfn-lint's JSON."""
from __future__ import annotations

import json

from reports_test import found
from reports_test import rendered
from reports_test import Run

from thera_lint.rule import Cost
from thera_lint.rule import Declare
from thera_lint.rule import Fix
from thera_lint.rule import Remove
from thera_lint.rule import Set
from thera_lint.source import Span


def test_it_is_ascii_and_its_ids_differ() -> None:
    run = Run([found(message='é\ud800', filename='b\udcff.yaml'), found(message='other')])
    text = rendered('json', run)
    assert text.isascii()
    first, second = json.loads(text)
    assert (first['Message'], first['Filename']) == ('é\ud800', 'b\udcff.yaml')
    assert first['Id'] != second['Id']


def test_a_match_has_the_shape_of_cfn_lint_and_cost_and_fix() -> None:
    one = found(
        Span(1, 2, 3, 4), cost=Cost('basis', 1.5),
        fix=Fix('mend', True, (Set(('a', 0), 1), Remove(('b',)), Declare('New', {'Type': 'T'}))),
    )
    [match] = json.loads(rendered('json', Run([one])))
    assert (match.pop('Id').count('-'), match['Rule'].pop('Description')[:9]) == (4, 'A sample.')
    assert match == {
        'Cost': {'basis': 'basis', 'monthly_usd': 1.5, 'per_run_usd': None},
        'Filename': 'a.yaml',
        'Fix': {'Title': 'mend', 'Safe': True, 'Edits': [
            {'Set': ['a', 0], 'Value': 1}, {'Remove': ['b']},
            {'Set': ['Resources', 'New'], 'Value': {'Type': 'T'}},
        ]},
        'Level': 'Warning',
        'Location': {
            'Start': {'LineNumber': 2, 'ColumnNumber': 3},
            'End': {'LineNumber': 4, 'ColumnNumber': 5},
            'Path': ['Resources', 'A'],
        },
        'Message': 'said',
        'ParentId': None,
        'Rule': {
            'Id': 'WC9901', 'ShortDescription': 'A sample.',
            'Source': 'https://github.com/thera-lint/thera-lint/blob/main/docs/rules/sample.md',
        },
    }
