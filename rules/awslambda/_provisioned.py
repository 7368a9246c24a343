"""Provisioned concurrency: what it costs, and of which function it is."""
from __future__ import annotations

from typing import NamedTuple

from thera_lint.prices import dollars
from thera_lint.prices import HOURS_PER_MONTH
from thera_lint.prices import lambda_rate
from thera_lint.prices import price
from thera_lint.project import Project
from thera_lint.template import Resource

HOLDERS = ('AWS::Lambda::Alias', 'AWS::Lambda::Version')
"""The types with a ProvisionedConcurrencyConfig."""

_DEFAULT_MEMORY_MB = 128


class Execution(NamedTuple):
    """One provisioned execution: None where the memory is unknown, or differs by condition."""

    memory_mb: float | None
    architecture: str

    @property
    def gb_month(self) -> float:
        """What a GB costs a month."""
        kind = 'arm' if self.architecture == 'arm64' else 'x86'
        return price(f'lambda.provisioned_concurrency.{kind}').usd * 3600 * HOURS_PER_MONTH

    def monthly(self, count: float) -> float | None:
        if self.memory_mb is None:
            return None
        return count * self.memory_mb / 1024 * self.gb_month

    def said(self, count: float) -> str:
        """`$21.90 a month`, or what of it is known."""
        monthly = self.monthly(count)
        if monthly is not None:
            return f'{dollars(monthly)} a month'
        each = dollars(count * self.gb_month)
        return f'{each} a month for each GB of its memory on {self.architecture}'

    def basis(self, count: float) -> str:
        """The sum in words, for a cost; calls come on top."""
        rate = f'{dollars(self.gb_month)} per GB-month ({self.architecture}, us-east-1)'
        if self.memory_mb is None:
            return f'{rate}, times the memory of {count} executions; calls are billed on top'
        gb = f'{self.memory_mb / 1024:.3f}'.rstrip('0').rstrip('.')
        return f'{count} times {gb} GB at {rate}; calls are billed on top'


def count(resource: Resource) -> float | None:
    """How many executions an alias or a version keeps ready; None where that is unknown."""
    config = resource.properties.map('ProvisionedConcurrencyConfig')
    return config.number('ProvisionedConcurrentExecutions') if config is not None else None


def functions(resource: Resource, project: Project) -> list[Resource]:
    """The function that an alias or a version is of, in each view that goes with it."""
    found = project.find(
        resource.properties.get('FunctionName'), resource.template, 'AWS::Lambda::Function',
    )
    return [function for function in found if function.agrees(resource)]


def execution(views: list[Resource]) -> Execution:
    """Of a function, whose views these are."""
    functions = [view.properties for view in views]
    sizes = {
        _DEFAULT_MEMORY_MB if function.absent('MemorySize') else function.number('MemorySize')
        for function in functions
    }
    kinds = {lambda_rate(function).architecture for function in functions}
    if len(sizes) == len(kinds) == 1:
        return Execution(sizes.pop(), kinds.pop())
    return Execution(None, 'x86_64')
