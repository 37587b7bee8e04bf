import { JsonRpcTransportHandler, ServerCallContext } from "@a2a-js/sdk/server";
import { LegacyJsonRpcTransportHandler } from "@a2a-js/sdk/compat/v0_3/server";
import type { Exchange } from "../http/index.ts";
import { isJsonObject, type Json } from "../../kernel/json.ts";
import { requestsOf } from "./addressed.ts";
import { checkLegacySending, checkPush, checkSending } from "./check-message.ts";
import { isOfTransport, translated } from "./errors.ts";
import type { Endpoint } from "./endpoint.ts";
import { rpcFailure } from "./failures.ts";
import { VERSION } from "./card.ts";
import { LEGACY_VERSION, type Version, versionOf } from "./versions.ts";

const CHECKS: Readonly<Record<string, (params: Json | undefined) => void>> = {
  SendMessage: checkSending,
  SendStreamingMessage: checkSending,
  CreateTaskPushNotificationConfig: checkPush,
  "message/send": checkLegacySending,
  "message/stream": checkLegacySending,
};

/** Answers a JSON-RPC request, with one object or with a stream of them. Its version is that of the header, else of the method's name. */
export async function answerRpc(exchange: Exchange, endpoint: Endpoint): Promise<object | undefined> {
  const { body, headers } = exchange.request;
  const request = isJsonObject(body) ? body : {};
  const { id = null, method } = request;
  const isLegacyMethod = typeof method === "string" && method.includes("/");
  let version: Version = isLegacyMethod ? LEGACY_VERSION : VERSION;
  const asError = (error: unknown) =>
    version === LEGACY_VERSION
      ? LegacyJsonRpcTransportHandler.mapToLegacyJSONRPCError(error)
      : JsonRpcTransportHandler.mapToJSONRPCError(error);
  const failed = (error: unknown) => ({ jsonrpc: "2.0", id, error: asError(error) });
  try {
    version = versionOf(headers) ?? version;
    if (typeof method === "string") CHECKS[method]?.(request["params"]);
  } catch (error) {
    return failed(translated(error));
  }
  const context = new ServerCallContext({ requestedVersion: version });
  const requests = requestsOf(exchange, endpoint, version);
  const Transport = version === LEGACY_VERSION ? LegacyJsonRpcTransportHandler : JsonRpcTransportHandler;
  const transport = new Transport(requests);
  const answer = await transport.handle(request, context);
  if (!isStream(answer)) {
    // The library answers every failure itself.
    if (requests.refusal) throw requests.refusal;
    return answer;
  }
  try {
    return await stream(exchange, { id, answer, failed });
  } catch (error) {
    if (requests.refusal) throw requests.refusal;
    if (isOfTransport(error)) throw error;
    return failed(error);
  }
}

type Responses = {
  readonly id: unknown;
  readonly answer: AsyncGenerator<object, unknown, undefined>;
  readonly failed: (error: unknown) => object;
};

/** Sends a stream. It begins when the exchange has a permit for one; a failure before its first event is thrown. */
const stream = (exchange: Exchange, { id, answer, failed }: Responses): Promise<undefined> =>
  exchange.stream<object>(
    {
      opening: "",
      frame: (item) => `data: ${JSON.stringify(item)}\n\n`,
      failed: (fault, requestId) => `data: ${JSON.stringify({ ...rpcFailure(fault, requestId).body, id })}\n\n`,
    },
    async () => rest(await answer.next(), answer, failed),
  );

async function* rest(
  first: IteratorResult<object, unknown>,
  others: AsyncGenerator<object, unknown, undefined>,
  failed: (error: unknown) => object,
): AsyncGenerator<object, void, undefined> {
  try {
    for (let next = first; next.done !== true; next = await others.next()) yield next.value;
  } catch (error) {
    yield failed(error);
  } finally {
    await others.return(undefined);
  }
}

const isStream = (answer: object): answer is AsyncGenerator<object, unknown, undefined> =>
  Symbol.asyncIterator in answer;
