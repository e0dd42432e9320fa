"""Calls the service by the client that openapi-python-client makes. Prints what it saw."""

import json
import sys
from http import HTTPStatus

from client import AuthenticatedClient
from client.api.groups import create_group, find_group, list_groups, look_up_group
from client.models import CreateGroup, Error, Group

base_url, key = sys.argv[1:]
body = CreateGroup(name="openapi_python_client", token="298fbgv479bv", admin_id=1)


def group(parsed):
    assert isinstance(parsed, Group), parsed
    return parsed.to_dict()


def groups(parsed):
    assert isinstance(parsed, list), parsed
    return [group(item) for item in parsed]


with AuthenticatedClient(base_url, token=key, auth_header_name="GoChat-Token", prefix="") as client:
    created = create_group.sync(client=client, body=body, idempotency_key="key-1")
    again = create_group.sync_detailed(client=client, body=body, idempotency_key="key-1")
    found = find_group.sync(created.id, client=client)
    name = look_up_group.sync(client=client, name=body.name)
    uuid = look_up_group.sync(client=client, uuid=created.uuid)
    page = list_groups.sync(client=client, limit=1)
    after = list_groups.sync(client=client, limit=1, after=created.id)
    refused = create_group.sync_detailed(client=client, body=body)
    assert refused.status_code == HTTPStatus.CONFLICT and isinstance(refused.parsed, Error), refused
    seen = {
        "created": group(created),
        "replayed": group(again.parsed),
        "is_replayed": again.headers["idempotency-replayed"],
        "found": [group(found), group(name), group(uuid)],
        "pages": [groups(page), groups(after)],
        "refused": [refused.status_code, refused.parsed.code, refused.parsed.field],
    }
    print(json.dumps(seen))
