import type { DescFile, DescMethod, Message } from "@bufbuild/protobuf";
import { type ConnectRouter, createConnectRouter, createContextValues, type HandlerContext } from "@connectrpc/connect";
import type { UniversalHandler } from "@connectrpc/connect/protocol";
import { universalRequestFromNodeRequest, universalResponseToNodeResponse } from "@connectrpc/connect-node";
import type { Principal } from "../../access/index.ts";
import { CaxtonError } from "../../kernel/errors.ts";
import { isJsonObject } from "../../kernel/json.ts";
import { log } from "../../kernel/log.ts";
import { LIMITS } from "../../kernel/quantities.ts";
import { DOCUMENTS, Download } from "../contract/index.ts";
import type { RpcExchange } from "../http/index.ts";
import type { ApiServices } from "../operations/index.ts";
import { admit, callOf, failing, GIVEN, openPublic, refusalOf, sent, throwIfCutOff } from "./calls.ts";
import { fieldsOf, messageOf } from "./convert.ts";
import { isServerStreaming, isUnary } from "./describe-file.ts";
import { errorFile } from "./errors.ts";
import { bindHealth, healthFile } from "./health.ts";
import { bindJson, type JsonService } from "./json-service.ts";
import { keyed, streamedAgain } from "./keyed.ts";
import type { Method } from "./methods.ts";
import { currentSchema } from "./proto.ts";
import { bindReflection, reflectionFiles } from "./reflection.ts";
import { type GrpcSchema, PACKAGE } from "./schema.ts";

/** Bytes of one piece of a file. */
const PIECE_BYTES = 64 * 1024;
/** The longest deadline of a call; a stream without one has none. */
const DEADLINE_MS_MAX = 2 ** 31 - 1;

/** Answers gRPC, gRPC-Web and Connect. */
export class GrpcService {
  readonly schema: GrpcSchema;
  readonly #handlers: ReadonlyMap<string, UniversalHandler>;

  constructor(services: ApiServices, foreign: readonly JsonService[]) {
    this.schema = currentSchema();
    const open = new Set([healthFile, ...reflectionFiles].flatMap(namesOf));
    const router = createConnectRouter({
      readMaxBytes: LIMITS.bodyBytesMax,
      writeMaxBytes: 2 ** 31 - 1,
      maxTimeoutMs: DEADLINE_MS_MAX,
      // Health and reflection are public, like /health and /caxton.proto.
      requestGate: (context) => admit(context, open.has(context.service.typeName)),
    });
    const described = new Map(
      this.schema.file.services.flatMap(({ name, methods }) => methods.map((each) => [`${name}/${each.name}`, each])),
    );
    for (const method of this.schema.methods) {
      const desc = described.get(`${method.service}/${method.name}`);
      if (desc === undefined) throw new Error(`${method.service}/${method.name} is not described`);
      bind(router, { desc, method, schema: this.schema, services });
    }
    const others = foreign.map((service) => bindJson(router, service));
    const files = [this.schema.file, ...others, healthFile, errorFile, ...reflectionFiles];
    const known = new Set(files.flatMap(namesOf));
    bindHealth(router, { known, services, open: openPublic });
    bindReflection(router, files, openPublic);
    this.#handlers = new Map(router.handlers.map((each) => [each.requestPath, each]));
  }

  async answer(exchange: RpcExchange): Promise<void> {
    const { request, response } = exchange;
    const [path = ""] = (request.url ?? "").split("?");
    const handler = this.#handlers.get(path);
    if (handler === undefined) return unknown(exchange, path);
    const values = createContextValues().set(GIVEN, { exchange, principal: undefined });
    try {
      const given = universalRequestFromNodeRequest(request, response, undefined, values);
      const answer = await handler({ ...given, body: bodyOf(exchange) });
      await universalResponseToNodeResponse(answer, response);
    } catch (error) {
      // Its client has gone.
      log.debug({ requestId: exchange.id, err: error }, "a gRPC response could not be sent");
      response.destroy();
    }
  }
}

const namesOf = ({ services }: DescFile): readonly string[] => services.map(({ typeName }) => typeName);

function unknown({ response, request }: RpcExchange, path: string): void {
  request.resume();
  // Clients read it as UNIMPLEMENTED.
  response.writeHead(404, { "content-type": "text/plain; charset=utf-8" });
  response.end(`there is no method ${path}; ${DOCUMENTS.proto} lists those of ${PACKAGE}\n`);
}

/** The body as it is read. Throws a ConnectError if there is no memory for it. */
async function* bodyOf(exchange: RpcExchange): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* exchange.body();
  } catch (error) {
    throw error instanceof CaxtonError ? refusalOf(exchange, error) : error;
  }
}

type Bound = {
  readonly desc: DescMethod;
  readonly method: Method;
  readonly schema: GrpcSchema;
  readonly services: ApiServices;
};

function bind(router: ConnectRouter, { desc, method, schema, services }: Bound): void {
  if (isUnary(desc))
    router.rpc(desc, async (message, context) => {
      const call = begin(schema, method, message, context);
      return failing(call.exchange, async () => {
        const key = context.requestHeader.get("idempotency-key") ?? undefined;
        const output = await keyed(services, { ...call, operation: method.operation, key }, (asked) =>
          call.caller.perform(method.operation, call.input, { asked }),
        );
        return messageOf(schema, method.response, method.field === undefined ? output : { [method.field]: output });
      });
    });
  else if (isServerStreaming(desc))
    router.rpc(desc, (message, context) =>
      method.kind === "file" ? file(schema, method, message, context) : events(schema, method, message, context),
    );
}

type Begun = {
  readonly exchange: RpcExchange;
  readonly principal: Principal;
  readonly caller: ReturnType<RpcExchange["caller"]>;
  readonly input: object;
};

function begin(schema: GrpcSchema, { request }: Method, message: Message, context: HandlerContext): Begun {
  const { exchange, principal, caller } = callOf(context);
  const { body, ...fields } = fieldsOf(schema, request, message);
  // A body that is a union, or any JSON, is a field of its own.
  const input = isJsonObject(body) ? { ...fields, ...body } : fields;
  return { exchange, principal, input, caller };
}

async function* events(
  schema: GrpcSchema,
  method: Method,
  message: Message,
  context: HandlerContext,
): AsyncGenerator<Message> {
  const { exchange, principal, caller, input } = begin(schema, method, message, context);
  try {
    if (method.operation.retry !== "safe" && context.requestHeader.has("idempotency-key")) throw streamedAgain();
    const controller = exchange.openStream(principal);
    try {
      const lastEventId = context.requestHeader.get("last-event-id") ?? undefined;
      const { signal } = controller;
      const found = await caller.stream(method.operation, input, { signal, lastEventId });
      for await (const { id, event } of found)
        yield* sent(exchange, messageOf(schema, method.response, { event_id: id, event }));
      throwIfCutOff(context);
    } finally {
      controller.abort();
    }
  } catch (error) {
    throw refusalOf(exchange, error);
  }
}

async function* file(
  schema: GrpcSchema,
  method: Method,
  message: Message,
  context: HandlerContext,
): AsyncGenerator<Message> {
  const { exchange, caller, input } = begin(schema, method, message, context);
  try {
    const { mediaType, content } = Download.parse(await caller.perform(method.operation, input));
    let type: string | undefined = mediaType;
    for await (const part of content instanceof Uint8Array ? [content] : content) {
      const bytes = Buffer.from(part);
      for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
        const data = bytes.subarray(at, at + PIECE_BYTES).toString("base64");
        yield* sent(exchange, messageOf(schema, method.response, { media_type: type, data }));
        type = undefined;
      }
    }
  } catch (error) {
    throw refusalOf(exchange, error);
  }
}
