"""Gives webhooks to WorkOS's official Python SDK, as a receiver would.

Reads one JSON object a line, {"body": ..., "header": ..., "secret": ...}; answers each with a line: the class that the SDK reads the event
as and the name of the event, or `refused` with the reason. tests/relay.rs runs it where the package `workos` is installed.
"""

import json
import sys

from workos import WorkOSClient

client = WorkOSClient(api_key="sk_test", client_id="client_test")

for line in sys.stdin:
    given = json.loads(line)
    try:
        event = client.webhooks.verify_event(
            event_body=given["body"], event_signature=given["header"], secret=given["secret"]
        )
    except ValueError as error:
        print("refused", str(error).replace("\n", " "))
        continue
    name = getattr(event, "event", None) or event.to_dict()["event"]
    print(type(event).__name__, name)
