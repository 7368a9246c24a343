"""Lint every file below a folder and say how loud each rule is, with samples to read.

    python scripts/corpus.py FOLDER [--origin production,sample] [--rule WC1001] [--samples 20]

Each folder directly below FOLDER is one run, as a repository would be. An `index.tsv` in
FOLDER with the columns `file` and `origin`, if there is one, limits the run to some origins.
Prints time, crashes, unreadable files, and for each rule its findings, how many a hundred
templates, and random samples. Exits with 1 if anything crashed.
"""
from __future__ import annotations

import argparse
import csv
import os
import random
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator

from thera_lint import engine
from thera_lint import files
from thera_lint.engine import Found
from thera_lint.engine import Settings


def wanted(folder: str, origins: set[str]) -> set[str] | None:
    """The files of these origins by the index; None for every file."""
    index = os.path.join(folder, 'index.tsv')
    if not origins or not os.path.exists(index):
        return None
    with open(index, encoding='utf-8') as stream:
        return {
            os.path.join(folder, row['file'])
            for row in csv.DictReader(stream, delimiter='\t') if row['origin'] in origins
        }


def runs(folder: str, only: set[str] | None) -> Iterator[tuple[str, list[str]]]:
    """Name and files of each run."""
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        if not os.path.isdir(path):
            continue
        paths = [
            os.path.join(root, one)
            for root, _, names in os.walk(path) for one in sorted(names)
        ]
        paths = [one for one in paths if only is None or one in only]
        if paths:
            yield name, paths


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('folder')
    parser.add_argument('--origin', default='')
    parser.add_argument('--rule', default='', help='samples of the rules whose id begins so')
    parser.add_argument('--samples', type=int, default=5)
    parser.add_argument('--seed', type=int, default=0)
    args = parser.parse_args()
    only = wanted(args.folder, set(filter(None, args.origin.split(','))))
    settings = Settings(select=('E', 'W', 'I'))

    found: list[Found] = []
    crashes = checked = templates = skipped = unreadable = 0
    start = time.perf_counter()
    for name, paths in runs(args.folder, only):
        try:
            loaded = files.load(paths)
            result = engine.lint(loaded.project, settings)
        except Exception:
            crashes += 1
            print(f'CRASH in {name}\n{traceback.format_exc()}')
            continue
        for crash in result.crashes:
            crashes += 1
            print(f'CRASH {crash.rule.id} on {crash.filename}: {crash.error!r}')
            traceback.print_exception(crash.error)
        found += result.found
        checked += len(loaded.checked)
        skipped += len(loaded.skipped)
        templates += len(loaded.project.templates)
        unreadable += len({one.filename for one in loaded.unreadable})
        for one in loaded.unreadable:
            print(f'{one.filename}:{one.span.line + 1}:{one.span.column + 1} {one.message}')
    seconds = time.perf_counter() - start

    print(
        f'\n{checked} files checked ({templates} templates), {unreadable} unreadable, '
        f'{skipped} skipped, {crashes} crashes, {seconds:.1f} s',
    )
    counts = Counter(one.rule.id for one in found)
    names = {one.rule.id: one.rule.name for one in found}
    where = {id: len({one.filename for one in found if one.rule.id == id}) for id in counts}
    print(f'\n{"rule":8} {"name":36} {"findings":>8} {"files":>6} {"a hundred templates":>20}')
    for id in sorted(counts):
        rate = 100 * counts[id] / max(1, templates)
        print(f'{id:8} {names[id]:36} {counts[id]:8} {where[id]:6} {rate:20.1f}')

    chosen = random.Random(args.seed)
    for id in sorted(counts):
        if not id.startswith(args.rule):
            continue
        mine = [one for one in found if one.rule.id == id]
        print(f'\n--- {id} {names[id]}')
        for one in chosen.sample(mine, min(args.samples, len(mine))):
            print(f'{one.filename}:{one.span.line + 1}:{one.span.column + 1} {one.message}')
    return 1 if crashes else 0


if __name__ == '__main__':
    sys.exit(main())
