"""Write thera_lint/prices.json from a file of facts about prices.

    python scripts/prices.py [FACTS]

FACTS (../shared/facts/prices.json unless given) is {id: {usd, unit, as_of, source, verified,
...}}; its `source` says where a price was read. The product cites where AWS publishes it
instead: PAGES. So a price is taken only if it is verified and dated and what was read quotes
AWS. What is left out is said on standard error, with the reason.
"""
from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
FACTS = ROOT.parent / 'shared' / 'facts' / 'prices.json'
OUTPUT = ROOT / 'thera_lint' / 'prices.json'

# By the id's first part: the page on aws.amazon.com that publishes the price.
PAGES = {
    'alb': 'elasticloadbalancing/pricing',
    'apigw': 'api-gateway/pricing',
    'athena': 'athena/pricing',
    'aurora': 'rds/aurora/pricing',
    'budgets': 'aws-cost-management/aws-budgets/pricing',
    'ce': 'aws-cost-management/aws-cost-explorer/pricing',
    'cloudfront': 'cloudfront/pricing',
    'cloudtrail': 'cloudtrail/pricing',
    'codebuild': 'codebuild/pricing',
    'cognito': 'cognito/pricing',
    'config': 'config/pricing',
    'cw': 'cloudwatch/pricing',
    'ddb': 'dynamodb/pricing',
    'ebs': 'ebs/pricing',
    'ecr': 'ecr/pricing',
    'efs': 'efs/pricing',
    'eks': 'eks/pricing',
    'elasticache': 'elasticache/pricing',
    'emr': 'emr/pricing',
    'eventbridge': 'eventbridge/pricing',
    'fargate': 'fargate/pricing',
    'firehose': 'firehose/pricing',
    'glue': 'glue/pricing',
    'ipv4': 'vpc/pricing',
    'kinesis': 'kinesis/data-streams/pricing',
    'kms': 'kms/pricing',
    'lambda': 'lambda/pricing',
    'mwaa': 'managed-workflows-for-apache-airflow/pricing',
    'nat': 'vpc/pricing',
    'nlb': 'elasticloadbalancing/pricing',
    'opensearch': 'opensearch-service/pricing',
    'rds': 'rds/pricing',
    'redshift': 'redshift/pricing',
    'route53': 'route53/pricing',
    's3': 's3/pricing',
    'sagemaker': 'sagemaker/pricing',
    'secrets': 'secrets-manager/pricing',
    'sfn': 'step-functions/pricing',
    'sns': 'sns/pricing',
    'sqs': 'sqs/pricing',
    'ssm': 'systems-manager/pricing',
    'tgw': 'transit-gateway/pricing',
    'transfer': 'ec2/pricing/on-demand',
    'vpce': 'privatelink/pricing',
    'vpn': 'vpn/pricing',
    'waf': 'waf/pricing',
    'xray': 'xray/pricing',
}

# Verified, but read in a blog or somebody's own table only: naming AWS would be untrue.
SECONDHAND = frozenset({'ddb.dax.t3_small', 'eventbridge.replay'})


def left_out(id: str, fact: dict[str, Any]) -> str | None:
    """Why the product may not print this price; None if it may."""
    if fact['verified'] is not True:
        return 'unverified'
    if not re.fullmatch(r'\d{4}(-\d\d){0,2}', fact['as_of']):
        return 'undated'
    return 'second-hand' if id in SECONDHAND else None


def citation(id: str, fact: dict[str, Any]) -> str:
    """The page of AWS, and the region where that is not the one the book is for."""
    page = f'https://aws.amazon.com/{PAGES[id.partition(".")[0]]}/'
    region = fact.get('source_region')
    return f'{page} ({region})' if region else page


def book(facts: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What prices.json holds, sorted by id."""
    return {
        id: {
            'usd': fact['usd'],
            'unit': fact['unit'],
            'as_of': fact['as_of'],
            'source': citation(id, fact),
        }
        for id, fact in sorted(facts.items()) if left_out(id, fact) is None
    }


def render(prices: dict[str, dict[str, Any]]) -> str:
    """One price a line, so that a difference shows as one."""
    lines = (f'{json.dumps(id)}: {json.dumps(entry)}' for id, entry in prices.items())
    return '{\n' + ',\n'.join(lines) + '\n}\n'


def main() -> None:
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else FACTS
    facts = json.loads(path.read_text('utf-8'))
    prices = book(facts)
    OUTPUT.write_text(render(prices), 'utf-8')
    for id, fact in sorted(facts.items()):
        reason = left_out(id, fact)
        if reason is not None:
            print(f'left out: {id}: {reason}', file=sys.stderr)
    print(f'{len(prices)} of {len(facts)} prices in {OUTPUT.name}')


if __name__ == '__main__':
    main()
