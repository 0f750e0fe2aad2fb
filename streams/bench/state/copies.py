"""Copies of template customers: the same bytes with other ids, in key order, straight into the stores of shards."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from rocksdict import Rdict, SstFileWriter

from schemas import topics
from streams.bench.state.templates import FIRST_NUMBER, RUN, Template
from streams.bench.step.inprocess import KeyAndValue
from tables.state import options

Rewrite = Callable[[bytes], bytes]
DOCUMENTS = (b"I", b"INV", b"LP")
"""Prefixes of the ids of an invoice, its number, and its posting."""
_FILE_RECORDS = 2_000_000


def account(index: int) -> bytes:
    return b"001%012dAAA" % index


def marked(number: int) -> bytes:
    return f"-{RUN}-{number}".encode()


def customer(template: Template, index: int) -> Rewrite:
    """Gives the ids of copy `index` to whatever bytes of the template: keys, values, changes."""
    old_account, new_account = template.account, account(index)
    old, new = marked(template.number), marked(FIRST_NUMBER + index)
    return lambda data: data.replace(old_account, new_account).replace(old, new)


def document(template: Template, index: int) -> Rewrite:
    """Gives its invoice and posting other ids and leaves the customer's."""
    pairs = [(p + marked(template.number), p + marked(FIRST_NUMBER + index)) for p in DOCUMENTS]

    def rewrite(data: bytes) -> bytes:
        for old, new in pairs:
            data = data.replace(old, new)
        return data

    return rewrite


def shard_of(count: int, partitions: int) -> list[list[int]]:
    """Copies by the partition that their canonical id belongs to."""
    found: list[list[int]] = [[] for _ in range(partitions)]
    for index in range(count):
        found[topics.partition_for(f"crm:{account(index).decode()}", partitions)].append(index)
    return found


def in_key_order(templates: Sequence[Template], indices: Sequence[int]) -> Iterator[KeyAndValue]:
    """All records of these copies (rising indices), family by family: accounts rise as their indices do."""
    families = sorted({key[:2] for template in templates for key, _ in template.state})
    for family in families:
        own = [[record for record in template.state if record[0].startswith(family)] for template in templates]
        for index in indices:
            which = index % len(templates)
            rewrite = customer(templates[which], index)
            for key, value in own[which]:
                yield rewrite(key), rewrite(value)


def ingest(folder: Path, records: Iterable[KeyAndValue]) -> int:
    """A store with these records, which come in key order, as a long-lived one has them: sorted and compacted. Returns
    how many."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    files: list[str] = []
    writer, count = SstFileWriter(options()), 0
    for key, value in records:
        if count % _FILE_RECORDS == 0:
            if files:
                writer.finish()
            files.append(str(folder.parent / f"{folder.name}-{len(files)}.sst"))
            writer.open(files[-1])
        writer[key] = value
        count += 1
    writer.finish()
    store = Rdict(str(folder), options(), column_families={"default": options()})
    store.ingest_external_file(files)
    store.close()
    for file in files:
        Path(file).unlink(missing_ok=True)
    return count
