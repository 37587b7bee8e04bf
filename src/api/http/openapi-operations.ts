import { isJsonObject, type JsonObject } from "../../kernel/json.ts";
import { type Operation, SocketEvent, SocketRequest } from "../contract/index.ts";
import { EXAMPLES } from "./openapi-examples.ts";

/** An operation of the OpenAPI document with what its record says besides its schemas: the permission that it needs, and an example of its body. */
export function completed(described: JsonObject, operation: Operation): JsonObject {
  const { requestBody } = described;
  const example = EXAMPLES[operation.name];
  const content = isJsonObject(requestBody) ? requestBody["content"] : undefined;
  const json = isJsonObject(content) ? content["application/json"] : undefined;
  const hasExample = example !== undefined && isJsonObject(content) && isJsonObject(json);
  return {
    ...described,
    description: descriptionOf(operation),
    ...(hasExample &&
      isJsonObject(requestBody) && {
        requestBody: { ...requestBody, content: { ...content, "application/json": { ...json, example } } },
      }),
  };
}

function descriptionOf({ description = "", permission, scope, content }: Operation): string {
  const ended = /[.!:]$/.test(description) || description === "" ? description : `${description}.`;
  const place = scope === "server" ? " in every workspace" : "";
  return [
    ended,
    `Needs the permission \`${permission}\`${place}.`,
    content !== undefined &&
      content.permission !== permission &&
      `Without \`${content.permission}\`, its answer has no content.`,
  ]
    .filter((part) => part !== "" && part !== false)
    .join(" ");
}

const opsOf = (frames: typeof SocketRequest | typeof SocketEvent): string =>
  frames.options.map(({ shape }) => `\`${shape.op.value}\``).join(", ");

/** Describes the WebSocket for messages, for which OpenAPI has no operations. */
export const socketText = (path: string): string =>
  `A WebSocket at \`${path}\` sends, receives and settles messages, with the credentials of a request. Each frame is one JSON object. Of clients, \`op\` is one of ${opsOf(SocketRequest)}; of the server, one of ${opsOf(SocketEvent)}, with the \`ref\` of the frame that it answers.`;
