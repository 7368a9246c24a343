"""Write docs/terminal.svg: what the command prints on a terminal, in its colours.

    python scripts/picture.py

`tests/docs_test.py` fails while the picture differs from what this would write. It needs
no font: every run of letters is given the width that it has on a terminal.
"""
from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from xml.sax.saxutils import escape

ROOT = Path(__file__).parent.parent
PICTURE = ROOT / 'docs' / 'terminal.svg'
FOLDER = ROOT / 'examples' / 'thera-pipeline'
ARGUMENTS = ('--select', 'WC2008,WC3024,WC6002,WC7001', 'wasteful.yaml')

COLUMNS = 110
FONT_SIZE = 14
CELL = 8.4
LINE = 19
MARGIN = 16

TEXT, BACKGROUND, BORDER = '#e6edf3', '#161b22', '#3d444d'
COLOURS = {'31': '#ff7b72', '33': '#e3b341', '34': '#79c0ff', '36': '#76e3ea'}

Cell = tuple[str, str]
"""A letter, and how it is painted: the codes of its escape sequence."""


def session() -> str:
    """A prompt with the command, and what it prints when a terminal listens."""
    reader, terminal = pty.openpty()
    environment = {**os.environ, 'PYTHONPATH': str(ROOT), 'TERM': 'xterm'}
    environment.pop('NO_COLOR', None)
    with subprocess.Popen(
        [sys.executable, '-m', 'thera_lint.cli', *ARGUMENTS],
        cwd=FOLDER, env=environment, stdout=terminal, stderr=subprocess.PIPE,
    ) as command:
        os.close(terminal)
        printed = b''.join(_read(reader))
        os.close(reader)
        assert command.stderr is not None
        said = command.stderr.read()
    assert not said, said
    return f'$ thera-lint {" ".join(ARGUMENTS)}\n{printed.decode().replace(chr(13), "")}'


def _read(reader: int) -> Iterator[bytes]:
    try:
        while some := os.read(reader, 65536):
            yield some
    except OSError:  # Linux's way to say that the other end is closed
        return


def picture(printed: str) -> str:
    """The session as SVG."""
    rows = [row for line in printed.rstrip().split('\n') for row in _rows(_cells(line))]
    width = round(COLUMNS * CELL) + 2 * MARGIN
    height = len(rows) * LINE + 2 * MARGIN
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-size="{FONT_SIZE}" fill="{TEXT}" '
        'font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, '
        '\'DejaVu Sans Mono\', monospace">',
        f'<rect x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="8" '
        f'fill="{BACKGROUND}" stroke="{BORDER}"/>',
    ]
    for number, row in enumerate(rows):
        baseline = MARGIN + number * LINE + FONT_SIZE
        for column, text, codes in _runs(row):
            lines.append(
                f'<text x="{MARGIN + column * CELL:.1f}" y="{baseline}" '
                f'textLength="{len(text) * CELL:.1f}"{_painted(codes)}>'
                f'{escape(text)}</text>',
            )
    return '\n'.join([*lines, '</svg>']) + '\n'


def _cells(line: str) -> list[Cell]:
    cells: list[Cell] = []
    codes = ''
    for part in re.split(r'(\x1b\[[\d;]*m)', line):
        if part.startswith('\x1b'):
            codes = part[2:-1]
        else:
            cells += [(letter, codes) for letter in part]
    return cells


def _rows(cells: list[Cell]) -> Iterator[list[Cell]]:
    """A terminal breaks a line where its width ends."""
    for start in range(0, max(len(cells), 1), COLUMNS):
        yield cells[start:start + COLUMNS]


def _runs(row: list[Cell]) -> Iterator[tuple[int, str, str]]:
    """Column, text and codes of what is painted alike; words apart keep their columns."""
    column = 0
    for codes, group in groupby(row, lambda cell: cell[1]):
        text = ''.join(letter for letter, _ in group)
        for words in re.finditer(r'\S+(?: \S+)*', text):
            yield column + words.start(), words[0], codes
        column += len(text)


def _painted(codes: str) -> str:
    style = ''
    for code in codes.split(';'):
        if code == '1':
            style += ' font-weight="bold"'
        elif code in COLOURS:
            style += f' fill="{COLOURS[code]}"'
        else:
            assert code in ('', '0'), f'a colour that the picture does not know: {code}'
    return style


def main() -> None:
    PICTURE.write_text(picture(session()), encoding='utf-8')


if __name__ == '__main__':
    main()
