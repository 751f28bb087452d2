"""What a look that breaks leaves on its publication: the reason, and after the last try `hub_error` (lifecycle §1). Pure."""

from __future__ import annotations

from dataclasses import replace

from placard.domain.apply import Folded
from placard.domain.causes import Cause
from placard.domain.events import Source
from placard.domain.lifecycle import Outcome, Word
from placard.domain.policy import Policy
from placard.domain.problems import Problem
from placard.domain.publication import Publication, Standing
from placard.domain.timeline import MESSAGES, Draft, draft, write

# More than a queue delivers one message. What breaks behind its call comes back under another message each time, which none
# of them would ever be the last of.
MOST_FAULTS = 12


def stumble(publication: Publication, reason: str, policy: Policy, now: int, *, last: bool) -> Folded:
    """Note a look that broke; `last`: its message goes to the DLQ now.

    From then on it is tried hourly (`Policy.again`), and every open revision says `hub_error` once.
    """
    told = last or publication.faults + 1 >= MOST_FAULTS
    faults = max(publication.faults + 1, MOST_FAULTS) if told else publication.faults + 1
    publication = replace(publication, faults=faults, fault=reason, look=False, due=now + policy.again)
    if not is_given_up(publication):
        return Folded(publication, (), Outcome.APPLIED)
    problem = Problem.of(Cause.BROKEN)
    news = [
        _with_problem(standing, problem)
        for standing in publication.standings.values()
        if standing.open and (standing.latest is None or problem not in standing.latest.problems)
    ]
    publication, entries = write(publication, news, now=now, source=Source.HUB)
    return Folded(publication, entries, Outcome.APPLIED)


def is_given_up(publication: Publication) -> bool:
    """Whether looks at it break for so long that only the hourly one is worth it."""
    return publication.faults >= MOST_FAULTS


def _with_problem(standing: Standing, problem: Problem) -> Draft:
    if standing.acted_on:
        return draft(replace(standing, problems=(*standing.problems, problem)))
    held = replace(standing, problems=(problem,))
    return Draft(held, Word.RECEIVED, standing.seen, f"{MESSAGES[Word.RECEIVED]}; {problem.detail}", (problem,))
