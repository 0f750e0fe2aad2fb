"""Every Avro record that driftwise writes, as tables; `schemas/avro/*.avsc` is generated from them and committed.

Rules (contracts 8): growing vocabularies are strings, unions are only [null, T], every field that does not identify the
record has a default, instants are timestamp-micros, money is decimal(38, 9) bytes with currency and basis.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from schemas.entities import ENTITIES, MONEY_TYPES, Attribute, Entity

Schema = dict[str, Any]
FOLDER = Path(__file__).parent / "avro"

INSTANT: Schema = {"type": "long", "logicalType": "timestamp-micros"}
MONEY: Schema = {
    "type": "record",
    "name": "Money",
    "namespace": "q2c",
    "doc": "An exact amount in a currency; basis is net, tax or gross, of the document or of the ledger.",
    "fields": [
        {"name": "amount", "type": {"type": "bytes", "logicalType": "decimal", "precision": 38, "scale": 9}},
        {"name": "currency", "type": "string"},
        {"name": "basis", "type": "string"},
    ],
}
_TYPES: dict[str, tuple[Any, Any]] = {
    # name: (Avro type, default)
    "text": ("string", ""),
    "integer": ("long", 0),
    "flag": ("boolean", False),
    "instant": (INSTANT, 0),
    "raw": ("bytes", ""),
    "texts": ({"type": "map", "values": "string"}, {}),
    "nullable_texts": ({"type": "map", "values": ["null", "string"]}, {}),
    "instants": ({"type": "map", "values": INSTANT}, {}),
    "counts": ({"type": "map", "values": "long"}, {}),
    "names": ({"type": "array", "items": "string"}, []),
}


class _Seen:
    """Avro defines a named type once a schema and refers to it by name afterwards."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def define(self, schema: Schema) -> Any:
        full = f"{schema['namespace']}.{schema['name']}"
        if full in self.names:
            return full
        self.names.add(full)
        return schema


def _field(spec: tuple[Any, ...], seen: _Seen) -> Schema:
    """(name, type, doc) where type is a key of _TYPES, `?key` for nullable, `!key` for identifying (no default),
    `[Record` for an array of a nested record, `money` or `?money`. A `#` in front: it may hold personal data."""
    name, kind, doc = spec
    if kind.startswith("#"):
        return _field((name, kind[1:], doc), seen) | {"pii": True}
    if kind.startswith("["):
        return {"name": name, "type": {"type": "array", "items": _nested(kind[1:], seen)}, "default": [], "doc": doc}
    if kind in ("?money",):
        return {"name": name, "type": ["null", seen.define(MONEY)], "default": None, "doc": doc}
    avro, default = _TYPES[kind.lstrip("?!")]
    if kind.startswith("?"):
        return {"name": name, "type": ["null", avro], "default": None, "doc": doc}
    said = {} if kind.startswith("!") else {"default": default}
    return {"name": name, "type": avro, **said, "doc": doc}


def _record(name: str, namespace: str, doc: str, fields: list[tuple[Any, ...]], seen: _Seen | None = None) -> Schema:
    seen = seen or _Seen()
    return {
        "type": "record",
        "name": name,
        "namespace": namespace,
        "doc": doc,
        "fields": [_field(f, seen) for f in fields],
    }


def _nested(name: str, seen: _Seen) -> Any:
    doc, fields = _PARTS[name]
    return seen.define(_record(name, "q2c", doc, fields, seen))


_PARTS: dict[str, tuple[str, list[tuple[Any, ...]]]] = {
    "Watermark": (
        "How far one source object has been heard.",
        [
            ("system", "!text", "system instance"),
            ("object", "!text", "entity, or * for all entities of the system"),
            ("epoch", "integer", "rises when the watermark was withdrawn"),
            ("phase", "text", "snapshot, streaming or gap; only streaming carries a watermark"),
            ("watermark", "?instant", "every change committed up to then was processed"),
        ],
    ),
    "Link": (
        "One native customer that another one names.",
        [("system", "!text", "system instance"), ("native_customer", "!text", "its native id")],
    ),
    "Evidence": (
        "One record version that a verdict rests on.",
        [
            ("system", "!text", "system instance"),
            ("entity", "!text", "canonical entity"),
            ("native_id", "!text", "the record"),
            ("version", "text", "position in the source's order"),
            (
                "native_version",
                "text",
                "as the source names it: transaction id (PostgreSQL), SystemModstamp (Salesforce)",
            ),
            ("committed_at", "instant", "source commit time"),
            ("field", "text", "what was compared"),
            ("value", "#?text", "its value, null where absent"),
        ],
    ),
    "CorrectedAttribute": (
        "One attribute with the value of its system of record.",
        [
            ("name", "!text", "canonical attribute"),
            ("value", "#?text", "JSON text of the owner's value; null where the owner has none"),
            ("owner", "text", "system instance that owns it"),
            ("native_id", "text", "the owner's record"),
            ("version", "text", "the owner's version"),
            ("committed_at", "?instant", "when the owner committed it"),
            ("agree", "names", "systems with the same value"),
            ("diverge", "#texts", "system -> its other value"),
            ("unheard", "names", "systems that should have it and were not heard"),
        ],
    ),
    "Condition": (
        "A Kubernetes-style condition of a customer's process.",
        [
            ("type", "!text", "e.g. InvoicesPosted"),
            ("status", "text", "True, False or Unknown"),
            ("reason", "text", "CamelCase word"),
            ("last_transition_at", "?instant", "event time of the last change of status"),
        ],
    ),
}

_SUBJECT: list[tuple[Any, ...]] = [
    ("canonical_id", "!text", "canonical customer"),
    ("system", "!text", "system instance of the subject"),
    ("entity", "!text", "canonical entity of the subject"),
    ("native_id", "!text", "the subject's native id"),
]

_PLAIN: dict[str, tuple[str, str, list[tuple[Any, ...]]]] = {
    # record: (namespace, doc, fields)
    "PolledRow": (
        "q2c.source",
        "A row that a polling connector read, with every selected field as exact text.",
        [
            ("system", "!text", "system instance"),
            ("object", "!text", "the vendor's object name"),
            ("id", "!text", "native record id"),
            ("customer", "!text", "native customer id that the row carries"),
            ("operation", "text", "upsert, delete, moved_out, moved_in or presumed_deleted"),
            ("modified_at", "instant", "the vendor's modification time"),
            ("poll", "integer", "number of the poll; orders rows of equal modification time"),
            ("snapshot", "flag", "read by the first full pass"),
            ("changed_by", "?text", "the vendor's user id"),
            ("fields", "#nullable_texts", "field -> text as sent, null where the vendor says null"),
        ],
    ),
    "SourceProgress": (
        "q2c.source",
        "How far a polling connector has read one object, written to every partition.",
        [
            ("system", "!text", "system instance"),
            ("object", "!text", "the vendor's object name"),
            ("partition", "!integer", "partition it was written to"),
            ("epoch", "integer", "rises when the watermark was withdrawn"),
            ("phase", "text", "snapshot, streaming or gap"),
            ("watermark", "?instant", "server time when the query began, floored, minus look-back"),
            ("observed_at", "instant", "wall clock of the connector"),
        ],
    ),
    "MappingPublished": (
        "q2c.source",
        "How the rows of a source are read from here on; those known already are read again.",
        [
            ("system", "!text", "system instance"),
            ("version", "!text", "hash of the document"),
            ("published_at", "instant", "wall clock; 0 where a worker found it in its folder"),
            ("by", "text", "who published it"),
            ("document", "!text", "the mapping, as canonical JSON"),
        ],
    ),
    "RowToRead": (
        "q2c.source",
        "A row that is known, and that the mapping in force could not read, is to be read.",
        [
            ("system", "!text", "system instance"),
            ("entity", "!text", "canonical entity"),
            ("native_customer", "!text", "the native customer it belongs to"),
            ("native_id", "!text", "the row"),
        ],
    ),
    "SourceProbe": (
        "q2c.source",
        "A question written behind everything the source has sent: how old is the watermark here?",
        [("system", "!text", "system instance"), ("observed_at", "instant", "wall clock of the asker")],
    ),
    "LinkAsserted": (
        "q2c.identity",
        "A customer record, and the records of other systems that it names.",
        [
            ("system", "!text", "system instance"),
            ("native_customer", "!text", "native id"),
            ("links", "[Link", "what it names now; empty withdraws all"),
            ("version", "text", "version of the customer record"),
            ("committed_at", "instant", "source commit time"),
            ("present", "flag", "false once the record is deleted"),
        ],
    ),
    "ParentAsserted": (
        "q2c.identity",
        "A customer record belongs to another customer of its system, or to none any more.",
        [
            ("system", "!text", "system instance"),
            ("native_customer", "!text", "native id"),
            ("parent", "?text", "native id of the parent"),
            ("version", "text", "version of the customer record"),
            ("committed_at", "instant", "source commit time"),
            ("snapshot", "flag", "read by the source's first full pass"),
        ],
    ),
    "BusinessKeyAsserted": (
        "q2c.identity",
        "A record that has a business key: others that have it are compared with it.",
        [
            ("key", "!text", "what the key is made of, and the hash of it"),
            ("system", "!text", "system instance"),
            ("entity", "!text", "canonical entity"),
            ("native_id", "!text", "the record"),
            ("native_customer", "text", "native customer that the record carries"),
            ("canonical_id", "text", "canonical customer, as known"),
            ("present", "flag", "false once the record lacks the key, is out of use or deleted"),
            ("version", "text", "version of the record"),
            ("effective_at", "instant", "when it became a fact of this customer: commit time, or the later link"),
            ("began_at", "instant", "since when it is in use or live; 0 where it is not known"),
            ("snapshot", "flag", "read by the source's first full pass"),
            ("fields", "#texts", "what is compared, normalised"),
            ("amount", "?money", "what the record is worth"),
        ],
    ),
    "RouteAssigned": (
        "q2c.identity",
        "The canonical id of a native customer.",
        [
            ("system", "!text", "system instance"),
            ("native_customer", "!text", "native id"),
            ("canonical_id", "!text", "id of the senior member of its cluster"),
            ("route_version", "integer", "rises with every change of route of this native customer"),
            ("routed_at", "instant", "commit time of the link that caused it"),
        ],
    ),
    "Watermarks": (
        "q2c.change",
        "What one upstream partition has processed, written behind the changes it covers.",
        [
            ("partition", "!integer", "upstream partition"),
            ("watermarks", "[Watermark", "entries that changed"),
        ],
    ),
    "SourceObserved": (
        "q2c.change",
        "How old a source's watermark was at an instant of the wall clock, in one partition.",
        [
            ("system", "!text", "system instance"),
            ("partition", "!integer", "partition of the source topic"),
            ("observed_at", "instant", "wall clock"),
            ("watermark", "?instant", "lowest watermark of the system in that partition"),
        ],
    ),
    "CanaryBroken": (
        "q2c.change",
        "Something was broken on purpose: detection has to find it.",
        [
            ("system", "!text", "system instance"),
            ("partition", "!integer", "partition of the source topic"),
            ("broken_at", "instant", "wall clock"),
        ],
    ),
    "CanaryDrifted": (
        "q2c.change",
        "What was broken on purpose has drifted: detection works.",
        [
            ("system", "!text", "system instance"),
            ("partition", "!integer", "partition of the source topic"),
            ("broken_at", "instant", "wall clock"),
            ("opened_at", "instant", "event time"),
        ],
    ),
    "GovernancePublished": (
        "q2c.change",
        "A governance version: what is judged by it follows from event time, not from when this arrives.",
        [
            ("version", "!text", "hash of the document"),
            ("in_force_at", "instant", "event time: instants from then on are judged by it"),
            ("published_at", "instant", "wall clock"),
            ("by", "text", "who published it"),
            ("document", "!text", "all of it, as canonical JSON"),
        ],
    ),
    "LetterWritten": (
        "q2c.change",
        "A record that may be of a financial document went to the dead letters.",
        [
            ("letter_id", "!text", "the letter"),
            ("system", "!text", "system instance"),
            ("entity", "text", "entity, or * if unreadable"),
            ("reason", "text", "one word: what kind of fault"),
            ("written_at", "instant", "wall clock"),
        ],
    ),
    "LetterResolved": (
        "q2c.change",
        "A dead letter was dealt with.",
        [("letter_id", "!text", "the letter"), ("how", "text", "replayed or dismissed")],
    ),
    "CorrectionAsked": (
        "q2c.change",
        "A drift whose correction is to be performed: its effect is awaited. Or one whose correction would be, but for "
        "what restrains it.",
        [
            ("drift_id", "!text", "the drift"),
            ("kind", "!text", "name in the catalogue"),
            *_SUBJECT,
            ("owner_system", "text", "system instance that is to act"),
            ("expected", "text", "in words for a finance person"),
            ("amount_at_stake", "?money", "what the subject is worth"),
            ("target_system", "text", "system instance that the command goes to"),
            ("restraint", "text", "as the drift says; empty: it is to be performed"),
        ],
    ),
    "DriftEnded": (
        "q2c.change",
        "A drift whose correction was to be performed has ended.",
        [
            ("drift_id", "!text", "the drift"),
            ("closed_at", "instant", "event time"),
            ("how", "text", "as the drift says"),
        ],
    ),
    "KindSurged": (
        "q2c.change",
        "How many customers of one partition newly drifted in a kind within a window of event time.",
        [
            ("kind", "!text", "name in the catalogue"),
            ("partition", "!integer", "partition of the changes"),
            ("window_at", "instant", "event time at which the window begins"),
            ("drifting", "integer", "customers that newly drifted"),
            ("customers", "integer", "customers of the partition"),
        ],
    ),
    "HaltAsked": (
        "q2c.change",
        "Somebody stops corrections of a kind or to a system, or lets them go on.",
        [
            ("scope", "!text", "kind or system"),
            ("name", "!text", "which"),
            ("halted", "flag", "false: they go on"),
            ("by", "text", "who"),
            ("reason", "text", "why"),
            ("at", "instant", "wall clock"),
        ],
    ),
    "BreakerTurned": (
        "q2c.change",
        "Corrections of a kind or to a system stop, or go on: while they stop, commands are only proposed.",
        [
            ("scope", "!text", "kind or system"),
            ("name", "!text", "which"),
            ("drift_id", "!text", "what stops them"),
            ("opened_at", "instant", "as the drift says"),
            ("closed_at", "?instant", "as the drift says"),
        ],
    ),
    "CorrectionReleased": (
        "q2c.change",
        "What stopped the correction of a drift has ended: it is asked for once more, if the drift still stands.",
        [
            ("drift_id", "!text", "the drift"),
            ("kind", "!text", "name in the catalogue"),
            *_SUBJECT,
            ("released_at", "instant", "event time from which it may be asked for"),
        ],
    ),
    "CorrectionApproved": (
        "q2c.change",
        "Somebody approved a correction that was only proposed: exactly that command is to be performed.",
        [
            ("command_id", "!text", "what is approved"),
            ("drift_id", "!text", "why it was proposed"),
            ("kind", "!text", "name in the catalogue"),
            *_SUBJECT,
            ("by", "text", "who"),
            ("reason", "text", "why"),
            ("at", "instant", "wall clock"),
            ("lifts", "?instant", "the rejection of this command that it lifts, by when that was given"),
            ("only_lifts", "flag", "it is proposed once more; not performed, as no executor does that"),
        ],
    ),
    "CorrectionRejected": (
        "q2c.change",
        "Somebody rejected a correction: exactly that command is not to be performed.",
        [
            ("command_id", "!text", "what is rejected"),
            ("drift_id", "!text", "the drift that asks for it"),
            ("kind", "!text", "name in the catalogue"),
            *_SUBJECT,
            ("by", "text", "who"),
            ("reason", "text", "why"),
            ("at", "instant", "wall clock; an approval names by it what it lifts"),
        ],
    ),
    "EntityMoved": (
        "q2c.change",
        "A record left this canonical customer for another.",
        [
            ("canonical_id", "!text", "the customer it leaves"),
            ("system", "!text", "system instance"),
            ("entity", "!text", "canonical entity"),
            ("native_id", "!text", "the record"),
            ("route_version", "integer", "the route that sends it away"),
            ("native_customer", "text", "native customer under which it was here"),
            ("version", "text", "of the row, where the row itself went to another native customer"),
            ("moved_at", "instant", "event time of the move"),
            ("moved_to", "text", "the customer it goes to, where known"),
        ],
    ),
    "CustomerFrozen": (
        "q2c.change",
        "It is in conflict who this customer is: no command about it is issued meanwhile.",
        [
            ("canonical_id", "!text", "canonical customer"),
            ("system", "!text", "system instance of the record in conflict"),
            ("native_customer", "!text", "its native id"),
            ("drift_id", "!text", "the conflict"),
            ("frozen_at", "instant", "event time"),
            ("frozen_until", "?instant", "event time of its end"),
        ],
    ),
    "HoleOpened": (
        "q2c.change",
        "A record was diverted: evidence is missing from here on.",
        [
            ("canonical_id", "text", "customer, empty if unreadable"),
            ("system", "!text", "system instance"),
            ("entity", "text", "entity, * if unreadable"),
            ("letter_id", "!text", "the dead letter"),
            ("partition", "integer", "upstream partition"),
            ("opened_at", "instant", "evidence is complete up to then"),
        ],
    ),
    "HoleClosed": (
        "q2c.change",
        "A diverted record came home or was dismissed.",
        [
            ("canonical_id", "text", "customer, empty if unreadable"),
            ("system", "!text", "system instance"),
            ("entity", "text", "entity, * if unreadable"),
            ("letter_id", "!text", "the dead letter"),
            ("how", "text", "replayed or dismissed; moved: its native customer is another's now"),
            ("moved_at", "?instant", "moved: of instants before that it is lacking here still"),
        ],
    ),
    "Drift": (
        "q2c",
        "A drift at its present stage: open, or closed with how.",
        [
            ("drift_id", "!text", "hash of kind, subject and trigger version"),
            ("kind", "!text", "name in the catalogue"),
            ("kind_number", "text", "number in the catalogue"),
            *_SUBJECT,
            ("status", "text", "open or closed; baseline for what stood before go-live"),
            ("severity", "text", "S1 to S4"),
            ("finance_impacting", "flag", "counts in the manual-intervention KPI"),
            ("amount_at_stake", "?money", "what the subject is worth"),
            ("owner_system", "text", "system instance that owns the missing or right value"),
            ("owner_team", "text", "who acts on it"),
            ("trigger_version", "text", "version of the fact that started it"),
            ("triggered_at", "instant", "event time"),
            ("due_at", "instant", "event time: deadline, or end of grace"),
            ("opened_at", "instant", "event time"),
            ("closed_at", "?instant", "event time"),
            ("how", "text", "corrected, self_healed, withdrawn, moved, retracted, rules_changed, accepted or expired"),
            ("expected", "text", "in words for a finance person"),
            ("observed", "text", "in words for a finance person"),
            ("evidence", "[Evidence", "record versions the verdict rests on"),
            ("watermarks", "instants", "system/object -> how far it had been heard"),
            ("command_id", "?text", "the correction asked for"),
            ("mode", "text", "execute, propose or alert"),
            (
                "restraint",
                "text",
                "what keeps its command back: rejected, identity_conflict, presumed_deleted (not issued meanwhile), "
                "over_limit, rejected_before, breaker, oscillation, books_closing, outside_posting_window, "
                "unmapped_product with the products, or unreadable_record (proposed only)",
            ),
            (
                "approved_by",
                "text",
                "who decided that what was only proposed is performed; empty: governance",
            ),
            ("released_at", "?instant", "event time at which a command that was kept back was issued"),
            ("recalled_at", "?instant", "event time from which a command that was issued was kept back"),
            ("causes", "names", "kinds that explain it, where it sums up others"),
            ("correlation_id", "text", "the business transaction, where the evidence names one"),
            ("segment", "text", "the customer's segment, where one is governed"),
            (
                "rejected_command_id",
                "?text",
                "the command that somebody rejected; while command_id is another, one that it asked for before",
            ),
            ("rejected_by", "text", "who rejected it"),
            ("rejected_reason", "text", "why"),
            ("rejected_at", "?instant", "when, by the wall clock"),
        ],
    ),
    "Command": (
        "q2c",
        "A correction to perform or to propose.",
        [
            ("command_id", "!text", "hash of drift, type, target, desired values and evidence versions"),
            ("idempotency_key", "!text", "command id and attempt epoch"),
            ("drift_id", "!text", "why"),
            ("kind", "text", "of the drift: what governance must have switched on"),
            ("type", "!text", "e.g. erp.customer.upsert"),
            ("sort", "text", "copy or ask"),
            ("target_system", "!text", "system instance"),
            ("target_entity", "text", "canonical entity"),
            ("target_id", "text", "native id, or the business key to find it by"),
            ("canonical_id", "text", "customer"),
            ("mode", "text", "execute or propose: what may be done by now; an id issued again may carry the other"),
            ("desired", "#nullable_texts", "field -> value"),
            ("expected", "#nullable_texts", "field -> value that the command rests on, compared at the verify read"),
            ("evidence_versions", "texts", "system/entity/id -> version"),
            ("not_after", "?instant", "not performed later than that; empty: it does not expire"),
            ("approved_by", "text", "who decided that it is performed; empty: governance"),
        ],
    ),
    "CommandResult": (
        "q2c",
        "What became of a command.",
        [
            ("command_id", "!text", "the command"),
            ("drift_id", "text", "why it was issued"),
            ("type", "text", "command type"),
            ("target_system", "text", "system instance"),
            ("status", "text", "applied, noop_already_right, fenced, rejected, expired, failed or withheld"),
            ("reason", "text", "what the target said"),
            ("native_id", "text", "the record written or found"),
            ("attempt", "integer", "1 for the first, 0 where none was made"),
            ("finished_at", "instant", "wall clock of the executor"),
        ],
    ),
    "ObligationSettled": (
        "q2c",
        "An obligation's answer. To count a result: the records that have it, less those that amend it.",
        [
            ("drift_id", "!text", "the id its drift has or would have"),
            ("kind", "!text", "name in the catalogue"),
            *_SUBJECT,
            ("triggered_at", "instant", "event time"),
            ("due_at", "instant", "event time"),
            ("settled_at", "instant", "event time of the answer"),
            ("result", "text", "met, missed, late, withdrawn, ignored, baseline or retracted"),
            (
                "amends",
                "text",
                "the result told before under this drift id, which this takes the place of; empty: none",
            ),
            ("amount", "?money", "what the subject is worth"),
            (
                "answered_at",
                "?instant",
                "event time of the answer; of a deadline that was met, the last change by then of what answers it; "
                "empty: there is none, no record gives it, or that record changed behind the deadline",
            ),
        ],
    ),
    "CorrectionDecided": (
        "q2c",
        "Somebody decided whether a correction is performed.",
        [
            ("command_id", "!text", "the command"),
            ("drift_id", "!text", "the drift that asks for it"),
            ("kind", "!text", "name in the catalogue"),
            *_SUBJECT,
            ("decision", "text", "approved, rejected, or lifted: rejected no more, and proposed again"),
            ("reason", "text", "why"),
            ("by", "text", "who decided"),
            ("decided_at", "instant", "wall clock"),
            ("lifts", "?instant", "the rejection that this lifts, by when that was decided"),
        ],
    ),
    "LetterDismissed": (
        "q2c",
        "Somebody decided that a diverted record is not needed: its hole in the evidence is closed.",
        [
            ("letter_id", "!text", "the dead letter"),
            ("system", "text", "system instance"),
            ("entity", "text", "entity, * if unreadable"),
            ("canonical_id", "text", "customer, empty if unreadable"),
            ("reason", "text", "why nobody needs it"),
            ("by", "text", "who decided"),
            ("dismissed_at", "instant", "wall clock"),
        ],
    ),
    "DeadLetter": (
        "q2c",
        "Input that could not be read or mapped, with its origin and the original bytes.",
        [
            ("letter_id", "!text", "topic-partition-offset of its first trip"),
            ("topic", "!text", "where it came from"),
            ("partition", "!integer", "where it came from"),
            ("offset", "!integer", "where it came from"),
            ("stage", "text", "which stage refused it"),
            ("reason", "text", "one word: what kind of fault"),
            ("detail", "text", "what exactly, and what to do"),
            ("system", "text", "system instance"),
            ("entity", "text", "entity where readable, else *"),
            ("hops", "integer", "how often it has been refused"),
            ("status", "text", "new or needs_fix"),
            ("diverted_at", "instant", "wall clock"),
            ("original_key", "#?raw", "bytes as received"),
            ("original_value", "#?raw", "bytes as received"),
            ("original_headers", "nullable_texts", "headers as received, latin-1"),
        ],
    ),
    "CorrectedEntity": (
        "q2c",
        "The truth about an entity while systems still disagree.",
        [
            *_SUBJECT[:1],
            ("entity", "!text", "canonical entity"),
            ("native_id", "!text", "the record; the canonical id itself for the merged customer"),
            ("revision", "integer", "never falls"),
            ("complete_until", "?instant", "every source heard up to then"),
            ("attributes", "[CorrectedAttribute", "one an attribute"),
        ],
    ),
    "ProcessState": (
        "q2c",
        "Where a customer's process stands.",
        [
            *_SUBJECT[:1],
            ("revision", "integer", "never falls"),
            ("stage", "text", "prospect, won, provisioned, active, churned"),
            ("complete_until", "?instant", "every source heard up to then"),
            ("members", "names", "system:native id of every record of this customer"),
            ("open_drifts", "counts", "kind -> number open"),
            ("conditions", "[Condition", "one an aspect of the process"),
        ],
    ),
}

_ENVELOPE: list[tuple[Any, ...]] = [
    ("canonical_id", "!text", "canonical customer; the record's key"),
    ("system", "!text", "system instance"),
    ("native_id", "!text", "native record id"),
    ("native_customer", "text", "native customer id that the record carries"),
    ("operation", "text", "upsert, delete or presumed_deleted"),
    ("version", "text", "position in the source's order; comparable within one record only"),
    ("native_version", "text", "as the source names it: transaction id (PostgreSQL), SystemModstamp (Salesforce)"),
    ("committed_at", "instant", "source commit time"),
    ("effective_at", "instant", "when it became a fact of this customer: commit time, or the later link"),
    ("route_version", "integer", "the route that brought it here"),
    ("snapshot", "flag", "read by the source's first full pass"),
    ("changed_by", "text", "person, integration, driftwise or unknown"),
    ("since", "texts", "governed fact -> instant/version in which it first held"),
    ("source", "text", "topic-partition@offset it was read from"),
    ("letter_id", "?text", "set when it comes back from the dead letters"),
    ("effective_until", "?instant", "told after its native customer had gone: from then on it was another's"),
]


def change_record_name(entity: str) -> str:
    return "".join(word.capitalize() for word in entity.split("_")) + "Changed"


def _attribute_field(attribute: Attribute, seen: _Seen) -> Schema:
    if attribute.type in MONEY_TYPES:
        avro: Any = seen.define(MONEY)
    elif attribute.type == "date":
        avro = "string"
    else:
        avro = _TYPES[attribute.type][0]
    field = {"name": attribute.name, "type": ["null", avro], "default": None, "doc": attribute.meaning}
    return field | {"pii": True} if attribute.pii else field


def _change_record(entity: Entity) -> Schema:
    seen = _Seen()
    name = change_record_name(entity.name)
    record = _record(name, "q2c.change", entity.meaning, _ENVELOPE, seen)
    attributes = {
        "type": "record",
        "name": name.removesuffix("Changed") + "Attributes",
        "namespace": "q2c.change",
        "fields": [_attribute_field(a, seen) for a in entity.attributes],
    }
    record["fields"].append(
        {"name": "attributes", "type": ["null", attributes], "default": None, "doc": "null once it is deleted"}
    )
    return record


def all_records() -> dict[str, Schema]:
    """Short record name -> Avro schema, for every record that driftwise writes."""
    plain = {name: _record(name, namespace, doc, fields) for name, (namespace, doc, fields) in _PLAIN.items()}
    changes = {change_record_name(e.name): _change_record(e) for e in ENTITIES.values()}
    return plain | changes


@cache
def present_fields() -> Mapping[str, Mapping[str, Schema]]:
    """Full name -> field name -> field, of every record of ours and every record within one."""
    return {full: fields for schema in all_records().values() for full, fields in fields_within(schema)}


def fields_within(schema: Any) -> Iterator[tuple[str, Mapping[str, Schema]]]:
    """Likewise, of this schema."""
    if isinstance(schema, list):
        for branch in schema:
            yield from fields_within(branch)
    elif isinstance(schema, dict):
        if schema["type"] == "record":
            yield f"{schema['namespace']}.{schema['name']}", {field["name"]: field for field in schema["fields"]}
        for within in (schema.get("items"), schema.get("values"), *(f["type"] for f in schema.get("fields", ()))):
            yield from fields_within(within)


@cache
def _fields(record: str) -> tuple[int, Schema]:
    """How many it has, and the defaults of those that have one."""
    fields = all_records()[record]["fields"]
    return len(fields), {field["name"]: field["default"] for field in fields if "default" in field}


def completed(record: str, value: dict[str, Any]) -> dict[str, Any]:
    """A record as an earlier release kept it in its state, with the defaults of the fields that came since."""
    count, defaults = _fields(record)
    return value if len(value) == count else {**defaults, **value}


@cache
def record_texts() -> Mapping[str, str]:
    """The schemas as texts, as they are registered."""
    return {name: json.dumps(schema) for name, schema in all_records().items()}


def avro_text(schema: Schema) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def write_files(folder: Path = FOLDER) -> list[Path]:
    """Write one .avsc a record; returns the files."""
    folder.mkdir(exist_ok=True)
    written = []
    for name, schema in all_records().items():
        path = folder / f"{name}.avsc"
        path.write_text(avro_text(schema))
        written.append(path)
    return written
