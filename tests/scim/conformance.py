"""Runs scim2-tester against a service that answers on this process's own streams.

A request goes out as one line of JSON, and its answer comes back as one line. What the tester has to say goes to standard error.
"""

import json
import sys

from scim2_client.engines.wsgi import WSGISCIMClient
from scim2_tester import Status, check_server


def application(environ, start_response):
    path = environ["PATH_INFO"]
    if environ["QUERY_STRING"]:
        path += "?" + environ["QUERY_STRING"]
    body = environ["wsgi.input"].read().decode()
    print(json.dumps([environ["REQUEST_METHOD"], path, body or None]), flush=True)
    answer = json.loads(sys.stdin.readline())
    start_response(f"{answer['status']} Answered", [("Content-Type", "application/scim+json")])
    return [json.dumps(answer["body"]).encode()] if "body" in answer else []


results = check_server(WSGISCIMClient(application))
counts = {}
for result in results:
    counts[result.status.name] = counts.get(result.status.name, 0) + 1
    if result.status not in (Status.SUCCESS, Status.COMPLIANT, Status.ACCEPTABLE):
        print(f"{result.status.name} {result.title} {result.resource_type or ''}: {result.reason} {result.data!r}"[:1500], file=sys.stderr)
print(counts, file=sys.stderr)
print(json.dumps({"done": counts}), flush=True)
