"""The polling connector: `driftwise poll crm` runs `run` until it is told to stop.

What it promises to a reader of committed records: every image of a row that a poll saw, once; a watermark that never
says more than was read; and a crash that is repeated work, not lost work.
"""

import logging
import threading
from collections.abc import Callable

from connectors.errors import Refused, Retry, Stop
from connectors.salesforce import metadata
from connectors.salesforce.client import SalesforceClient
from connectors.salesforce.delivery import Delivery
from connectors.salesforce.memory import restore
from connectors.salesforce.object_poll import ObjectPoll
from connectors.salesforce.outbox import Encode, Outbox
from connectors.salesforce.pace import interval_seconds
from connectors.salesforce.settings import SalesforceSettings
from schemas.codec import Codec
from schemas.registry import HttpRegistry
from schemas.topics import cursor_topic, source_topic

logger = logging.getLogger(__name__)


def run(
    settings: SalesforceSettings,
    stop: threading.Event,
    encode: Encode | None = None,
    on_poll: Callable[[], None] = lambda: None,
) -> None:
    """Polls until `stop` is set. Raises Stop where an operator must act; outages are waited out.

    `encode` makes Avro of a record's name and value; by default with the registry of the settings. `on_poll` is called
    after each poll, also one that an outage cut short.
    """
    with connect(settings, stop) as client:
        while not checked(settings, client):  # before the opening below fences one that may be at work
            on_poll()
            if stop.wait(settings.poll_interval_seconds):
                return
        with Delivery(settings.client, transactional_id(settings)) as delivery:
            check_partitions(delivery, settings)
            memory = restore(settings.client, cursor_topic(settings.system))
            encode = encode or registered(settings)
            outbox = Outbox(settings.system, settings.partitions, settings.look_back_seconds, memory, encode, delivery)
            while not stop.is_set():
                pause_seconds = poll_once(settings, client, outbox)
                on_poll()
                stop.wait(pause_seconds)


def checked(settings: SalesforceSettings, client: SalesforceClient) -> bool:
    """Whether the org has been asked for what is to be polled, and has it; raises Stop if it lacks some."""
    try:
        metadata.check(client, settings.system, settings.objects)
    except Retry as error:
        logger.warning("%s: the org's metadata cannot be read: %s", settings.system, error)
        return False
    return True


def poll_once(settings: SalesforceSettings, client: SalesforceClient, outbox: Outbox) -> float:
    """Polls every object once and delivers what was found; returns the seconds to wait until the next poll.

    In an outage what was read is delivered, the cursors stay, and so do the watermarks.
    """
    pause_seconds = 0.0
    try:
        for polled in settings.objects:
            options = {"look_back_seconds": settings.look_back_seconds, "page_size": settings.page_size}
            ObjectPoll(client, polled, outbox, **options).run()
    except Retry as error:
        logger.warning("%s: poll cut short, the watermark stays: %s", settings.system, error)
        pause_seconds = error.after_seconds or 0.0
    except Refused as error:
        checked(settings, client)  # says it better, if it was there when we started and is no longer
        raise Stop(
            f"{settings.system}: {error}; compare the polled objects and fields with the org's metadata"
        ) from error
    outbox.flush()
    return max(pause_seconds, interval_seconds(settings.poll_interval_seconds, client.allowance))


def connect(settings: SalesforceSettings, stop: threading.Event) -> SalesforceClient:
    """A client whose waiting ends early when `stop` is set."""
    return SalesforceClient(
        settings.base_url,
        settings.client_id,
        settings.client_secret,
        api_version=settings.api_version,
        timeout_seconds=settings.timeout_seconds,
        sleep=stop.wait,
    )


def transactional_id(settings: SalesforceSettings) -> str:
    return f"driftwise-poll-{settings.system}"


def registered(settings: SalesforceSettings) -> Encode:
    """An encoder with the deployment's schema registry, its schemas registered beforehand."""
    codec, topic = Codec(HttpRegistry(settings.registry_url, settings.registry_client)), source_topic(settings.system)
    codec.prepare({topic: ("PolledRow", "SourceProgress")})
    return codec.encoder(topic)


def check_partitions(delivery: Delivery, settings: SalesforceSettings) -> None:
    topic = source_topic(settings.system)
    found = delivery.partitions_of(topic)
    if found != settings.partitions:
        raise Stop(
            f"the topic {topic} has {found} partitions, governance says {settings.partitions}; "
            "create it with that number, or correct the governed number"
        )
