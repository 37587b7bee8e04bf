import { setTimeout as sleep } from "node:timers/promises";
import { type DescFile, fromJson, type Message, toJson } from "@bufbuild/protobuf";
import { Code, ConnectError, type ConnectRouter, type HandlerContext } from "@connectrpc/connect";
import * as z from "zod";
import { type ApiServices, getReadiness } from "../operations/index.ts";
import { describeFile, isServerStreaming, isUnary } from "./describe-file.ts";
import { throwIfCutOff } from "./calls.ts";

/** Interval in which a watch compares the state with the last one that it sent. */
const WATCH_MS = 2_000;
const STATUSES = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"] as const;
type Status = (typeof STATUSES)[number];

/** grpc.health.v1 of grpc/health/v1/health.proto, which load balancers and Kubernetes call without credentials. */
export const healthFile: DescFile = describeFile({
  name: "grpc/health/v1/health.proto",
  package: "grpc.health.v1",
  messages: {
    HealthCheckRequest: { fields: { service: [1, "string"] } },
    HealthCheckResponse: { fields: { status: [1, "enum ServingStatus"] }, enums: { ServingStatus: STATUSES } },
  },
  services: {
    Health: {
      Check: { request: "HealthCheckRequest", response: "HealthCheckResponse", streams: "none" },
      Watch: { request: "HealthCheckRequest", response: "HealthCheckResponse", streams: "response" },
    },
  },
});

const Request = z.object({ service: z.string().default("") });

/** Binds the health of the server and of each of its services; `open` counts a stream. */
export function bindHealth(
  router: ConnectRouter,
  {
    known,
    services,
    open,
  }: {
    readonly known: ReadonlySet<string>;
    readonly services: ApiServices;
    readonly open: (context: HandlerContext) => AbortController;
  },
): void {
  const [health] = healthFile.services;
  if (health === undefined) throw new Error("grpc.health.v1 has no service");
  const statusOf = async (service: string): Promise<Status> => {
    if (service !== "" && !known.has(service)) return "SERVICE_UNKNOWN";
    return (await getReadiness(services)).status === "ready" ? "SERVING" : "NOT_SERVING";
  };
  for (const method of health.methods) {
    const serviceOf = (message: Message) => Request.parse(toJson(method.input, message)).service;
    const responseOf = (status: Status) => fromJson(method.output, { status });
    if (isUnary(method))
      router.rpc(method, async (message) => {
        const service = serviceOf(message);
        const status = await statusOf(service);
        if (status === "SERVICE_UNKNOWN") throw new ConnectError(`there is no service ${service}`, Code.NotFound);
        return responseOf(status);
      });
    else if (isServerStreaming(method))
      router.rpc(method, async function* (message, context) {
        const service = serviceOf(message);
        const controller = open(context);
        const signal = AbortSignal.any([controller.signal, context.signal]);
        let last: Status | undefined;
        try {
          while (!signal.aborted) {
            const status = await statusOf(service);
            if (status !== last) yield responseOf(status);
            last = status;
            await sleep(WATCH_MS, undefined, { signal, ref: false }).catch(() => undefined);
          }
          throwIfCutOff(context);
        } finally {
          controller.abort();
        }
      });
  }
}
