from __future__ import annotations

import json
import re
import runpy
from pathlib import Path
from typing import Any

import pytest

from thera_lint import prices
from thera_lint.prices import dollars
from thera_lint.prices import lambda_rate
from thera_lint.prices import price
from thera_lint.values import Map
from thera_lint.values import Seq
from thera_lint.values import UNKNOWN

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / 'thera_lint' / 'prices.json').read_text('utf-8')
BOOK = json.loads(TEXT)
SCRIPT = runpy.run_path(str(ROOT / 'scripts' / 'prices.py'))


def fact(**changes: Any) -> dict[str, Any]:
    return {
        'usd': 0.25, 'unit': 'job', 'region': 'us-east-1', 'as_of': '2026-08-16',
        'source': 'somebody who read the price list', 'verified': True, 'note': 'ten free',
        **changes,
    }


@pytest.mark.parametrize('id', BOOK)
def test_entry_is_priced_dated_and_sourced(id: str) -> None:
    entry = price(id)
    assert isinstance(entry.usd, (int, float)) and entry.usd >= 0
    assert entry.unit and entry.unit == entry.unit.strip()
    assert re.fullmatch(r'20\d\d(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?', entry.as_of)
    page = SCRIPT['PAGES'][id.partition('.')[0]]
    assert re.fullmatch(
        rf'https://aws\.amazon\.com/{re.escape(page)}/( \([a-z]{{2}}-[a-z]+-\d\))?', entry.source,
    )


@pytest.mark.parametrize(
    'id',
    [
        'ce.anomaly_detection', 'config.ci.periodic', 'cur.report', 'cw.metric_filter',
        'ddb.provisioned.ia.rcu_hour', 'ddb.provisioned.ia.wcu_hour',
        'eventbridge.scheduled_rule', 'rds.extended_support.y3', 's3.batch_operations.job',
        's3.batch_operations.object', 'sns.delivery.sqs_lambda',
        # Verified, but without a date or not from AWS.
        'ddb.dax.t3_small', 'eventbridge.replay', 'sagemaker.endpoint.ml_m5_large',
    ],
)
def test_unverified_is_absent(id: str) -> None:
    with pytest.raises(KeyError):
        price(id)


def test_book_is_as_the_script_renders_it() -> None:
    assert TEXT == SCRIPT['render'](dict(sorted(BOOK.items())))
    assert SCRIPT['render']({'a': {'usd': 1}, 'b': {}}) == '{\n"a": {"usd": 1},\n"b": {}\n}\n'


def test_script_takes_what_is_verified_and_cites_aws() -> None:
    facts = {
        's3.inventory': fact(usd=0.0025),
        'efs.ia': fact(as_of='2026-05', source_region='us-east-2'),
        's3.batch_operations.job': fact(verified=False, as_of='unknown', source='memory'),
        's3.batch_operations.object': fact(verified=False),
        'xray.trace_recorded': fact(as_of='undated'),
        'eventbridge.replay': fact(source='secondary'),
    }
    result = SCRIPT['book'](facts)
    assert list(result) == ['efs.ia', 's3.inventory']
    assert result['efs.ia']['source'] == 'https://aws.amazon.com/efs/pricing/ (us-east-2)'
    assert result['s3.inventory'] == {
        'usd': 0.0025, 'unit': 'job', 'as_of': '2026-08-16',
        'source': 'https://aws.amazon.com/s3/pricing/',
    }


def test_script_refuses_a_service_that_it_cannot_cite() -> None:
    with pytest.raises(KeyError, match='quantum'):
        SCRIPT['book']({'quantum.qubit_hour': fact()})


@pytest.mark.parametrize(
    ('amount', 'expected'),
    [
        (0, '$0'),
        (0.0000000021, '$0.0000000021'),
        (0.0000166667, '$0.000017'),
        (0.00190, '$0.0019'),
        (0.05, '$0.05'),
        (0.0600002, '$0.06'),
        (0.0563, '$0.056'),
        (0.5, '$0.50'),
        (0.123, '$0.12'),
        (0.994, '$0.99'),
        (0.999, '$1'),
        (1, '$1'),
        (1.5, '$1.50'),
        (16.6667, '$16.67'),
        (999.99, '$999.99'),
        (999.996, '$1,000'),
        (1234.4, '$1,234'),
        (1234567.8, '$1,234,568'),
        (-0.06, '-$0.06'),
        (-1234, '-$1,234'),
    ],
)
def test_dollars(amount: float, expected: str) -> None:
    assert dollars(amount) == expected


def function(*architectures: Any) -> Map:
    properties = Map()
    properties['Architectures'] = Seq(list(architectures), [() for _ in architectures])
    return properties


@pytest.mark.parametrize(
    ('properties', 'architecture', 'id'),
    [
        (Map(), 'x86_64', 'lambda.duration.x86.tier1'),
        (function('x86_64'), 'x86_64', 'lambda.duration.x86.tier1'),
        (function('arm64'), 'arm64', 'lambda.duration.arm.tier1'),
        (function(UNKNOWN), 'x86_64', 'lambda.duration.x86.tier1'),
    ],
)
def test_lambda_rate(properties: Map, architecture: str, id: str) -> None:
    rate = lambda_rate(properties)
    assert rate.architecture == architecture
    assert rate.gb_second == prices.price(id).usd
    assert rate.call(1024, 10) == pytest.approx(10 * price(id).usd + price('lambda.request').usd)
    assert architecture in rate.said()
