"""Uses an agent by the package a2a-sdk over each binding, and prints what it returns as JSON."""

import asyncio
import json
import os
import uuid

import grpc
import httpx
from a2a.client import A2ACardResolver, ClientConfig, ClientFactory
from a2a.client.client import ClientCallContext
from a2a.types import (
    DeleteTaskPushNotificationConfigRequest,
    GetTaskRequest,
    ListTaskPushNotificationConfigsRequest,
    Message,
    Part,
    Role,
    SendMessageRequest,
    TaskPushNotificationConfig,
    TaskState,
)
from a2a.utils.errors import TaskNotFoundError
from a2a.utils.signing import create_signature_verifier
from jwt import PyJWKSet

BASE = os.environ["BASE_URL"]
KEY = os.environ["API_KEY"]
RECEIVER = os.environ["RECEIVER"]


def message() -> SendMessageRequest:
    parts = [Part(text="hello"), Part(raw=b"a,b\n1,2\n", filename="table.csv", media_type="text/csv")]
    return SendMessageRequest(message=Message(message_id=str(uuid.uuid4()), role=Role.ROLE_USER, parts=parts))


async def use(binding: str, http: httpx.AsyncClient, card) -> list:
    config = ClientConfig(
        httpx_client=http,
        supported_protocol_bindings=[binding],
        grpc_channel_factory=grpc.aio.insecure_channel,
    )
    client = ClientFactory(config).create(card)
    context = ClientCallContext(service_parameters={"x-api-key": KEY})
    sent = message()
    async for event in client.send_message(sent, context=context):
        last = event
    task = await client.get_task(GetTaskRequest(id=last.status_update.task_id), context=context)
    try:
        await client.get_task(GetTaskRequest(id="unknown"), context=context)
    except TaskNotFoundError:
        missing = True
    config = TaskPushNotificationConfig(task_id=task.id, id="python", url=RECEIVER, token=binding)
    created = await client.create_task_push_notification_config(config, context=context)
    listing = ListTaskPushNotificationConfigsRequest(task_id=task.id)
    listed = await client.list_task_push_notification_configs(listing, context=context)
    second = TaskPushNotificationConfig(task_id=task.id, id="second", url=RECEIVER)
    await client.create_task_push_notification_config(second, context=context)
    deletion = DeleteTaskPushNotificationConfigRequest(task_id=task.id, id="second")
    await client.delete_task_push_notification_config(deletion, context=context)
    left = await client.list_task_push_notification_configs(listing, context=context)
    pushed = [created.url == RECEIVER, [each.id for each in listed.configs], [each.id for each in left.configs]]
    is_own = task.history[0].message_id == sent.message.message_id
    return [TaskState.Name(task.status.state), task.artifacts[0].parts[0].text, is_own, missing, *pushed]


async def main() -> None:
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {KEY}"}, timeout=60) as http:
        card = await A2ACardResolver(http, f"{BASE}/a2a/greeter").get_agent_card()
        keys = PyJWKSet.from_dict((await http.get(f"{BASE}/.well-known/jwks.json")).json())
        create_signature_verifier(lambda kid, _jku: keys[kid], ["ES256"])(card)
        found = {binding: await use(binding, http, card) for binding in ["JSONRPC", "HTTP+JSON", "GRPC"]}
        print(json.dumps({"name": card.name, **found}))


asyncio.run(main())
