import type { IncomingHttpHeaders } from "node:http";
import { type DescFile, type DescMethod, fromJson, type JsonValue, type Message, toJson } from "@bufbuild/protobuf";
import { Code, ConnectError, type ConnectRouter } from "@connectrpc/connect";
import { Json } from "../../kernel/json.ts";
import type { RpcExchange } from "../http/index.ts";
import type { ApiServices, Caller } from "../operations/index.ts";
import { callOf, refusalOf, sent, throwIfCutOff } from "./calls.ts";
import { describeFile, type FileSpec, isServerStreaming, isUnary } from "./describe-file.ts";
import { statusError } from "./errors.ts";

/** A service that a standard owns, whose messages are handled in their form as JSON. */
export type JsonService = {
  readonly file: FileSpec;
  readonly answer: (method: string, input: Json, call: JsonCall) => Promise<unknown>;
  readonly stream: (method: string, input: Json, call: JsonCall) => AsyncGenerator<unknown, void, undefined>;
  /** The failure of the standard that an error stands for; others are answered as those of Caxton's own services. */
  readonly failureOf: (error: unknown) => JsonFailure | Error;
};

export type JsonCall = {
  readonly caller: Caller;
  readonly headers: IncomingHttpHeaders;
  /** Host and port at which the client reaches the server. */
  readonly authority: string;
  readonly isEncrypted: boolean;
};

export type JsonFailure = {
  readonly type: "failure";
  readonly code: keyof typeof Code;
  readonly message: string;
  readonly reason: string;
  readonly domain: string;
  readonly metadata: Readonly<Record<string, string>>;
};

/** Such a service, which is loaded with the first call. */
export type JsonProtocol = {
  /** Of its package, with `*` at the end. */
  readonly path: string;
  readonly load: (services: ApiServices) => Promise<JsonService>;
};

/** Binds the methods of a service. Returns the file that describes it. */
export function bindJson(router: ConnectRouter, service: JsonService): DescFile {
  const file = describeFile(service.file);
  for (const method of file.services.flatMap(({ methods }) => methods)) {
    if (isUnary(method))
      router.rpc(method, async (message, context) => {
        const { exchange, caller } = callOf(context);
        try {
          return encoded(method, await service.answer(method.name, decoded(method, message), given(exchange, caller)));
        } catch (error) {
          throw failed(service, exchange, error);
        }
      });
    else if (isServerStreaming(method))
      router.rpc(method, async function* (message, context) {
        const { exchange, principal } = callOf(context);
        try {
          const input = decoded(method, message);
          const controller = exchange.openStream(principal);
          try {
            const caller = exchange.caller(principal, AbortSignal.any([context.signal, controller.signal]));
            for await (const item of service.stream(method.name, input, given(exchange, caller)))
              yield* sent(exchange, encoded(method, item));
            throwIfCutOff(context);
          } finally {
            controller.abort();
          }
        } catch (error) {
          throw failed(service, exchange, error);
        }
      });
  }
  return file;
}

function given({ request }: RpcExchange, caller: Caller): JsonCall {
  const { headers, socket } = request;
  const authority = headers[":authority"] ?? headers.host ?? "localhost";
  return { caller, headers, authority: String(authority), isEncrypted: "encrypted" in socket };
}

/** Throws a ConnectError for a message that has no form as JSON, such as one with a time out of range. */
function decoded({ input }: DescMethod, message: Message): Json {
  try {
    return Json.parse(toJson(input, message));
  } catch (error) {
    throw new ConnectError(error instanceof Error ? error.message : String(error), Code.InvalidArgument);
  }
}

function encoded({ output }: DescMethod, value: unknown): Message {
  const json: JsonValue = JSON.parse(JSON.stringify(value));
  return fromJson(output, json, { ignoreUnknownFields: true });
}

function failed({ failureOf }: JsonService, exchange: RpcExchange, error: unknown): ConnectError {
  if (error instanceof ConnectError) return error;
  const failure = failureOf(error);
  if (failure instanceof Error) return refusalOf(exchange, failure);
  const { type: _, ...status } = failure;
  return statusError(status, exchange.id);
}
