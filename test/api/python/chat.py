"""Uses a server by the packages openai and litellm, and prints what they return as JSON."""

import base64
import json
import os

import litellm
from openai import NotFoundError, OpenAI

BASE = os.environ["BASE_URL"]
KEY = os.environ["API_KEY"]
MESSAGES = [{"role": "user", "content": "What color is ink?"}]
SHORT = [{"role": "user", "content": "And?"}]
TOOL = {
    "type": "function",
    "function": {
        "name": "lookup",
        "description": "Looks a word up",
        "parameters": {"type": "object", "properties": {"word": {"type": "string"}}, "required": ["word"]},
    },
}

client = OpenAI(base_url=BASE, api_key=KEY, max_retries=0)
found = {"models": [model.id for model in client.models.list()]}

first = client.chat.completions.create(model="greeter", messages=MESSAGES, tools=[TOOL])
message = first.choices[0].message
call = message.tool_calls[0]
found["call"] = [first.choices[0].finish_reason, call.function.name, json.loads(call.function.arguments)]
results = [{"role": "tool", "tool_call_id": call.id, "content": "ink is black"}]
second = client.chat.completions.create(model="greeter", messages=[*MESSAGES, message, *results], tools=[TOOL])
found["answer"] = second.choices[0].message.content

pieces = client.chat.completions.create(
    model="greeter:text", messages=SHORT, stream=True, stream_options={"include_usage": True}
)
chunks = list(pieces)
found["stream"] = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
found["usage"] = chunks[-1].usage.total_tokens > 0

try:
    client.chat.completions.create(model="unknown", messages=MESSAGES)
except NotFoundError as error:
    found["error"] = [error.status_code, error.code]

response = client.responses.create(model="greeter", input="And?")
following = client.responses.create(model="greeter", input="And?", previous_response_id=response.id, stream=True)
found["responses"] = [response.output_text, list(following)[-1].response.output_text]
found["retrieved"] = client.responses.retrieve(response.id).output_text

vectors = [client.embeddings.create(model="static", input="ink", encoding_format=each) for each in ("float", "base64")]
raw = base64.b64decode(vectors[1].data[0].embedding)
found["embedding"] = [len(vectors[0].data[0].embedding), len(raw) // 4]

options = {"model": "openai/greeter:text", "messages": SHORT, "api_base": BASE, "api_key": KEY}
found["litellm"] = litellm.completion(**options).choices[0].message.content
streamed = litellm.completion(**options, stream=True)
found["litellm_stream"] = "".join(chunk.choices[0].delta.content or "" for chunk in streamed)
print(json.dumps(found))
