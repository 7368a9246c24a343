"""Measure thera-lint beside cfn-lint, as whole processes, and hold it to its limits.

    python scripts/bench.py [FOLDER] [--runs 5] [--scale]

Runs both by turns, each `--runs` times after a run to warm up, on templates of 1, 60 and 500
resources made for it, and on FOLDER (every template in it), and prints the medians of wall
time, CPU (user and system) and peak memory. Both come from the virtual environment of this
interpreter; cfn-lint runs stock, as `cfn-lint FILE`. Install thera-lint there without `-e`:
an editable install costs both programs 15 ms of start-up that no user pays.

cfn-lint's whole run dies of one template that it can't bear (an empty `Parameters:`), so it
is given FOLDER in batches; a batch that dies is halved until the file is alone. CPU is what
all the processes took, dead ones left out.

With `--scale`, only thera-lint, from 10 to 10,000 resources: milliseconds for each resource
more, so that start-up and the import of rules are left out. Exits with 1 if a limit is missed.
"""
from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from collections.abc import Sequence
from typing import NamedTuple

from thera_lint.discovery import discovered
from thera_lint.source import decode
from thera_lint.source import read
from thera_lint.source import SourceError
from thera_lint.template import is_template

# What we promise: at most this share of what cfn-lint takes.
LIMITS = {
    ('1 resource', 'wall'): 1 / 8,
    ('1 resource', 'memory'): 1 / 2.5,
    ('500 resources', 'wall'): 1 / 20,
    ('folder', 'CPU'): 1 / 40,
}
# Time per resource stays flat: where it is dearest, by where it is cheapest.
FLAT = 2
BATCH = 50
MEBIBYTE = 1024 * 1024
# ru_maxrss counts bytes on macOS and kibibytes elsewhere.
MAXRSS_UNIT = 1 if sys.platform == 'darwin' else 1024

HEAD = """\
AWSTemplateFormatVersion: '2010-09-09'
Description: Made by scripts/bench.py
Parameters:
  Environment:
    Type: String
    AllowedValues: [dev, prod]
    Default: dev
Conditions:
  IsProd: !Equals [!Ref Environment, prod]
Resources:
"""
TAGS = """\
      Tags:
        - { Key: Project, Value: thera }
        - { Key: Environment, Value: !Ref Environment }
"""
# Ten resources of a pipeline; `@` is the number of the pipeline.
PIPELINE = (
    """\
  Pull@:
    Type: AWS::Lambda::Function
    Properties:
      FunctionName: !Sub thera-${Environment}-pull-@
      Runtime: python3.12
      Handler: app.handler
      Role: !GetAtt Role@.Arn
      MemorySize: !If [IsProd, 2048, 512]
      Timeout: 300
      Architectures: [arm64]
      Code: { S3Bucket: !Ref Bronze@, S3Key: pull.zip }
      Environment:
        Variables: { TABLE: !Ref Companies@, LOG_LEVEL: !If [IsProd, INFO, DEBUG] }
""" + TAGS,
    """\
  PullLogs@:
    Type: AWS::Logs::LogGroup
    Properties:
      LogGroupName: !Sub /aws/lambda/${Pull@}
      RetentionInDays: !If [IsProd, 90, !Ref AWS::NoValue]
""" + TAGS,
    """\
  Role@:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: '2012-10-17'
        Statement:
          - Effect: Allow
            Principal: { Service: [lambda.amazonaws.com, states.amazonaws.com] }
            Action: sts:AssumeRole
      Policies:
        - PolicyName: data
          PolicyDocument:
            Version: '2012-10-17'
            Statement:
              - Effect: Allow
                Action: [s3:GetObject, s3:PutObject]
                Resource: !Sub arn:${AWS::Partition}:s3:::${Bronze@}/*
""" + TAGS,
    """\
  Bronze@:
    Type: AWS::S3::Bucket
    Properties:
      VersioningConfiguration: { Status: Enabled }
      LifecycleConfiguration:
        Rules:
          - Id: tiers
            Status: Enabled
            Transitions: [{ StorageClass: STANDARD_IA, TransitionInDays: 30 }]
            ExpirationInDays: 365
""" + TAGS,
    """\
  Companies@:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: !If [IsProd, PROVISIONED, PAY_PER_REQUEST]
      ProvisionedThroughput: !If
        - IsProd
        - { ReadCapacityUnits: 20, WriteCapacityUnits: 10 }
        - !Ref AWS::NoValue
      AttributeDefinitions: [{ AttributeName: company_id, AttributeType: S }]
      KeySchema: [{ AttributeName: company_id, KeyType: HASH }]
""" + TAGS,
    """\
  Pipeline@:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      StateMachineName: !Sub thera-${Environment}-@
      RoleArn: !GetAtt Role@.Arn
      DefinitionSubstitutions: { PullArn: !GetAtt Pull@.Arn }
      DefinitionString: |
        {
          "StartAt": "Pull",
          "States": {
            "Pull": {
              "Type": "Task",
              "Resource": "${PullArn}",
              "Retry": [{"ErrorEquals": ["States.TaskFailed"], "MaxAttempts": 3}],
              "Next": "FanOut"
            },
            "FanOut": {
              "Type": "Map",
              "ItemsPath": "$.companies",
              "MaxConcurrency": 10,
              "ItemProcessor": {
                "StartAt": "Enrich",
                "States": {
                  "Enrich": {"Type": "Task", "Resource": "${PullArn}", "End": true}
                }
              },
              "End": true
            }
          }
        }
      Tags:
        - { Key: Project, Value: thera }
""",
    """\
  Daily@:
    Type: AWS::Events::Rule
    Properties:
      ScheduleExpression: cron(0 6 * * ? *)
      State: !If [IsProd, ENABLED, DISABLED]
      Targets:
        - { Id: pipeline, Arn: !Ref Pipeline@, RoleArn: !GetAtt Role@.Arn }
""",
    """\
  Failed@:
    Type: AWS::CloudWatch::Alarm
    Properties:
      Namespace: AWS/States
      MetricName: ExecutionsFailed
      Dimensions: [{ Name: StateMachineArn, Value: !Ref Pipeline@ }]
      Statistic: Sum
      Period: 300
      EvaluationPeriods: 1
      Threshold: 1
      ComparisonOperator: GreaterThanOrEqualToThreshold
      AlarmActions: [!Ref Alerts@]
""",
    """\
  Alerts@:
    Type: AWS::SNS::Topic
    Properties:
      TopicName: !Join ['-', [thera, !Ref Environment, '@']]
""" + TAGS,
    """\
  Workgroup@:
    Type: AWS::Athena::WorkGroup
    Properties:
      Name: !Sub thera-${Environment}-@
      WorkGroupConfiguration:
        BytesScannedCutoffPerQuery: 1099511627776
        ResultConfiguration: { OutputLocation: !Sub 's3://${Bronze@}/results/' }
""",
)
SINGLE = """\
AWSTemplateFormatVersion: '2010-09-09'
Resources:
  Bronze:
    Type: AWS::S3::Bucket
    Properties:
      VersioningConfiguration: { Status: Enabled }
"""


class Usage(NamedTuple):
    """What a process took: seconds, seconds, bytes."""

    wall: float
    cpu: float
    memory: float
    status: int


def made(resources: int) -> str:
    """A template of so many resources."""
    if resources == 1:
        return SINGLE
    blocks = (
        PIPELINE[number % len(PIPELINE)].replace('@', str(number // len(PIPELINE)))
        for number in range(resources)
    )
    return HEAD + ''.join(blocks)


def program(name: str) -> str:
    """The command of this name beside this interpreter."""
    path = os.path.join(os.path.dirname(sys.executable), name)
    if not os.path.exists(path):
        raise SystemExit(f'{path} is missing: install {name} into this virtual environment')
    return path


def measured(arguments: Sequence[str]) -> Usage:
    """Run a process to its end, its output thrown away.

    Without PYTHON variables: one that forbids bytecode files would be measured as start-up.
    """
    environment = {key: value for key, value in os.environ.items() if key[:6] != 'PYTHON'}
    start = time.perf_counter()
    process = subprocess.Popen(
        arguments, env=environment,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    return Usage(
        wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * MAXRSS_UNIT, process.returncode,
    )


def median(usages: Sequence[Usage]) -> Usage:
    return Usage(
        statistics.median(usage.wall for usage in usages),
        statistics.median(usage.cpu for usage in usages),
        statistics.median(usage.memory for usage in usages),
        usages[0].status,
    )


def crashed(usage: Usage) -> bool:
    """cfn-lint's mask of findings is even; 1 and signals are failures."""
    return usage.status < 0 or usage.status % 2 == 1


def templates(folder: str) -> list[str]:
    """Every file below a folder that our reader takes for a template."""
    found = []
    for filename in discovered(folder).files:
        try:
            with open(filename, 'rb') as stream:
                data = read(filename, decode(stream.read())).data
        except SourceError:
            continue
        if is_template(data):
            found.append(filename)
    return found


def in_batches(command: str, names: Sequence[str], broken: list[str]) -> Iterator[Usage]:
    """cfn-lint over all of these, whatever single ones do to it."""
    usage = measured([command, '--', *names])
    if not crashed(usage):
        yield usage
    elif len(names) == 1:
        broken.append(names[0])
    else:
        half = len(names) // 2
        yield from in_batches(command, names[:half], broken)
        yield from in_batches(command, names[half:], broken)


def row(name: str, ours: Usage, theirs: Usage) -> list[str]:
    """Print one comparison; returns the limits that it misses."""
    missed = []
    for kind, mine, other, scale, unit in (
            ('wall', ours.wall, theirs.wall, 1000, 'ms'),
            ('CPU', ours.cpu, theirs.cpu, 1000, 'ms'),
            ('memory', ours.memory, theirs.memory, 1 / MEBIBYTE, 'MiB'),
    ):
        limit = LIMITS.get((name, kind))
        verdict = ''
        if limit is not None:
            held = mine <= other * limit
            verdict = f'  {"holds" if held else "MISSES"} 1/{1 / limit:g}'
            if not held:
                missed.append(f'{name}, {kind}')
        print(
            f'{name:14} {kind:7} {mine * scale:10.1f} {other * scale:10.1f} {unit:4}'
            f' 1/{other / mine:.1f}{verdict}',
            flush=True,
        )
    return missed


def compare(runs: int, folder: str | None) -> list[str]:
    """Print the comparison; returns the limits that are missed."""
    ours, theirs = program('thera-lint'), program('cfn-lint')
    missed = []
    print(f'{"":14} {"":7} {"thera-lint":>10} {"cfn-lint":>10}')
    with tempfile.TemporaryDirectory() as work:
        for count in (1, 60, 500):
            path = os.path.join(work, f'{count}.yaml')
            with open(path, 'w', encoding='utf-8') as stream:
                stream.write(made(count))
            usages: dict[str, list[Usage]] = {ours: [], theirs: []}
            for _ in range(runs + 1):
                for command, mine in usages.items():
                    mine.append(measured([command, path]))
                    if crashed(mine[-1]):
                        raise SystemExit(f'{command} failed on {count} resources')
            name = '1 resource' if count == 1 else f'{count} resources'
            missed += row(name, median(usages[ours][1:]), median(usages[theirs][1:]))
    if folder is not None:
        missed += compare_folder(ours, theirs, folder)
    return missed


def compare_folder(ours: str, theirs: str, folder: str) -> list[str]:
    """Once each: cfn-lint may need half an hour."""
    names = templates(folder)
    broken: list[str] = []
    mine = measured([ours, folder])
    if crashed(mine):
        raise SystemExit(f'{ours} failed on {folder}')
    usages = [
        usage
        for first in range(0, len(names), BATCH)
        for usage in in_batches(theirs, names[first:first + BATCH], broken)
    ]
    other = Usage(
        sum(usage.wall for usage in usages),
        sum(usage.cpu for usage in usages),
        max(usage.memory for usage in usages),
        0,
    )
    missed = row('folder', mine, other)
    print(
        f'{len(names)} templates; cfn-lint in {len(usages)} processes of up to {BATCH} files, '
        f'one after the other, and it failed on {len(broken)} files, which are left out of its '
        'numbers; thera-lint in one process, with all files of the folder',
    )
    return missed


def scale(runs: int) -> list[str]:
    """Print the time that each more resource takes; returns the limit that is missed."""
    command = program('thera-lint')
    each: list[float] = []
    before: tuple[int, float] | None = None
    with tempfile.TemporaryDirectory() as work:
        for count in (10, 100, 1000, 10000):
            path = os.path.join(work, f'{count}.yaml')
            with open(path, 'w', encoding='utf-8') as stream:
                stream.write(made(count))
            usage = median([measured([command, path]) for _ in range(runs + 1)][1:])
            if crashed(usage):
                raise SystemExit(f'{command} failed on {count} resources')
            print(
                f'{count:6} resources: {usage.wall * 1000:8.1f} ms wall, '
                f'{usage.memory / MEBIBYTE:6.1f} MiB',
                end='',
            )
            if before is not None:
                each.append((usage.cpu - before[1]) * 1000 / (count - before[0]))
                print(f', {each[-1]:.3f} ms CPU for each more than {before[0]}', end='')
            print(flush=True)
            before = count, usage.cpu
    spread = max(each) / min(each)
    held = spread <= FLAT
    print(f'dearest by cheapest: {spread:.2f}, {"holds" if held else "MISSES"} {FLAT}')
    return [] if held else ['time per resource']


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('folder', nargs='?')
    parser.add_argument('--runs', type=int, default=5)
    parser.add_argument('--scale', action='store_true')
    args = parser.parse_args()
    missed = scale(args.runs) if args.scale else compare(args.runs, args.folder)
    for one in missed:
        print(f'missed: {one}')
    return 1 if missed else 0


if __name__ == '__main__':
    sys.exit(main())
