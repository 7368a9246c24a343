"""The rules that no file below `rules/` can check: on reading and on ignoring.

They have the first ids, and run with the command only: cfn-lint reads and ignores by itself.
"""
from __future__ import annotations

from thera_lint.rule import Rule


class UnreadableFile(Rule):
    """A template or state machine that can't be read.

    ## Why it costs

    Nothing in the file was checked. CloudFormation may still accept what is not clean here
    (a key that stands twice: the last one wins, silently), so this is worth a look even if
    the stack deploys.

    ## When it is right

    Never in a file that is deployed. A template of a template (Jinja, cookiecutter) is best
    left out by path.

    ## References

    - https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html
    """

    id = 'EC0001'
    remedy = 'mend the file at this place'


class BrokenIgnore(Rule):
    """An ignore that names no rule, or one that does not exist.

    ## Why it costs

    It drops nothing, though somebody meant it to; or it would drop everything, what is found
    next year included.

    ## When it is right

    Never: name the rules, as `# thera-lint: ignore[WC4001] kept by contract` does.

    ## References

    - https://github.com/thera-lint/thera-lint/blob/main/docs/configuration.md
    """

    id = 'EC0002'
    remedy = 'write # thera-lint: ignore[WC4001] and the reason'


class IdleIgnore(Rule):
    """An ignore that drops nothing.

    ## Why it costs

    What it once excused is gone. It stays behind to hide the next waste of its kind at the
    same place, with a reason that was given for another.

    ## When it is right

    When the finding depends on files that this run did not read: lint the whole project, or
    name it with `--context`.

    ## References

    - https://github.com/thera-lint/thera-lint/blob/main/docs/configuration.md
    """

    id = 'WC0003'
    remedy = 'take the ignore out'


RULES: tuple[Rule, ...] = (UnreadableFile(), BrokenIgnore(), IdleIgnore())
