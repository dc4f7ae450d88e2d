"""The panel of supervisors: calls today and in two weeks, how fast they popped up, requests done and in progress."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from markupsafe import Markup
from werkzeug.wrappers import Response

from soap_service.screens.visit import Visit
from soap_service.store import DayOfWork, GroupLoad, HourOfCalls, add_delays, percentile

_DAYS = 14
_AGENTS_SHOWN = 100


@dataclass(frozen=True)
class Stretch:
    """The calls of an hour of today or of a day: announced, seen, missed; median and 95th percentile in milliseconds.

    `begins_at` is local.
    """

    begins_at: datetime
    announced: int
    seen: int
    missed: int
    median: float | None
    slowest: float | None


@dataclass(frozen=True)
class AgentWork:
    """The requests that an agent opened and resolved, today and in all days shown."""

    name: str
    opened_today: int
    resolved_today: int
    opened: int
    resolved: int


def show_panel(visit: Visit) -> Response:
    """Show the figures."""
    zone = visit.premises.pages.zone
    now = visit.store.now().astimezone(zone)
    first = now.date() - timedelta(days=_DAYS - 1)
    hours = visit.store.panel.list_hours(datetime.combine(first, time(), zone).astimezone(UTC))
    by_day: dict[date, list[HourOfCalls]] = {first + timedelta(days=n): [] for n in range(_DAYS)}
    by_hour: dict[int, list[HourOfCalls]] = {hour: [] for hour in range(24)}
    for hour in hours:
        local = hour.begins_at.astimezone(zone)
        by_day.setdefault(local.date(), []).append(hour)
        if local.date() == now.date():
            by_hour[local.hour].append(hour)
    days = [_stretch(datetime.combine(day, time(), zone), found) for day, found in by_day.items()]
    today = [_stretch(datetime.combine(now.date(), time(hour), zone), found) for hour, found in by_hour.items()]
    loads = visit.store.panel.list_group_loads()
    dates = [first + timedelta(days=n) for n in range(_DAYS + 1)]
    work = visit.store.work_done.list_days([datetime.combine(day, time(), zone).astimezone(UTC) for day in dates])
    return visit.render(
        "panel.html",
        today=today,
        days=days,
        loads=loads,
        work=work,
        agents=_by_agent(work)[:_AGENTS_SHOWN],
        now=now,
        share_of_day=(now.hour + 1) / 24,
        charts=_charts(visit, today, days, loads, work),
    )


def _by_agent(work: Sequence[DayOfWork]) -> list[AgentWork]:
    """Return what each agent did, who resolved most first."""
    opened, resolved = (
        sum((Counter(getattr(day, what)) for day in work), Counter()) for what in ("opened", "resolved")
    )
    today = work[-1]
    found = [
        AgentWork(name, today.opened.get(name, 0), today.resolved.get(name, 0), opened[name], resolved[name])
        for name in {*opened, *resolved}
    ]
    return sorted(found, key=lambda one: (-one.resolved, -one.opened, one.name))


def _charts(
    visit: Visit,
    today: Sequence[Stretch],
    days: Sequence[Stretch],
    loads: Sequence[GroupLoad],
    work: Sequence[DayOfWork],
) -> dict[str, Markup]:
    # Here and not at the start: svg.py is a seventh of what the service imports, and one page needs it.
    from soap_service.screens.charts import Bar, draw_bars, draw_pairs, draw_rows

    gettext, formats, number = visit.gettext, visit.formats, visit.formats.number
    every_third = [str(one.begins_at.hour) if one.begins_at.hour % 3 == 0 else "" for one in today]
    dates = [formats.short_day(one.begins_at) for one in days]
    hourly = [Bar(label, one.seen, one.missed) for label, one in zip(every_third, today, strict=True)]
    daily = [Bar(label, one.seen, one.missed) for label, one in zip(dates, days, strict=True)]
    delays = [
        Bar(label, one.median or 0, (one.slowest or 0) - (one.median or 0))
        for label, one in zip(dates, days, strict=True)
    ]
    done = [
        Bar(label, sum(day.opened.values()), sum(day.resolved.values())) for label, day in zip(dates, work, strict=True)
    ]
    groups = [Bar(load.name, load.in_progress - load.late, load.late) for load in loads]
    return {
        "hours": draw_bars("hours", gettext("Ligações por hora, hoje"), hourly, number),
        "days": draw_bars("days", gettext("Ligações por dia, nos últimos 14 dias"), daily, number),
        "delays": draw_bars("delays", gettext("Tempo até a tela, em milissegundos"), delays, number),
        "work": draw_pairs("work", gettext("Solicitações por dia, nos últimos 14 dias"), done, number),
        "loads": draw_rows("loads", gettext("Solicitações em andamento por grupo"), groups, number),
    }


def _stretch(begins_at: datetime, hours: Sequence[HourOfCalls]) -> Stretch:
    delays = add_delays(hours)
    median, slowest = percentile(delays, 0.5), percentile(delays, 0.95)
    return Stretch(
        begins_at,
        sum(hour.announced for hour in hours),
        sum(hour.seen for hour in hours),
        sum(hour.missed for hour in hours),
        None if median is None else round(median),
        None if slowest is None else round(slowest),
    )
