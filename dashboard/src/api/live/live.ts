import type { InfiniteData, QueryClient } from "@tanstack/react-query";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { operations, type RunDetail, type RunSummary, type ServerEvent } from "../../../../src/api/contract/index.ts";
import { toolServerKeys } from "../tool-servers.ts";
import { isInherited } from "../inherited.ts";
import { placeRun } from "./place-run.ts";
import { readAgain, writeNews } from "./read-again.ts";
import { answeredApprovalsQuery, approvalsQuery, askingRunsQuery } from "../queries.ts";
import type { Page, RunFilter } from "../page.ts";
import { applyTurn } from "../threads/threads.ts";
import { subscribe } from "./subscribe.ts";

/** State of the event stream; `lastAtMs` is the last time the connection was known to be open. */
export type LiveState = {
  readonly state: "connecting" | "live" | "lost";
  readonly lastAtMs: number;
};

const LIVE_KEY = ["live"];
const CONNECTING: LiveState = { state: "connecting", lastAtMs: 0 };
/** Numbers on Home follow runs, at most this often. */
const STATUS_EVERY_MS = 1_000;

export function useLiveState(): LiveState {
  const { data } = useQuery({ queryKey: LIVE_KEY, queryFn: () => CONNECTING, staleTime: Number.POSITIVE_INFINITY });
  return data ?? CONNECTING;
}

/** Keeps every list of this tab current by the server's one stream of changes. Mount it once. */
export function useLiveUpdates(): void {
  const client = useQueryClient();
  useEffect(() => {
    const controller = new AbortController();
    const freshen = throttled(() => client.invalidateQueries({ queryKey: ["status"] }), STATUS_EVERY_MS);
    let isFirst = true;
    void subscribe<ServerEvent>(
      {
        path: operations.server.watch.http.path,
        after: "",
        onEvent: (event) => {
          // What was read before the stream began may be older than its first event.
          if (event.type === "ready" && isFirst) readLiveAgain(client);
          isFirst = false;
          applyServerEvent(client, event);
          freshen();
        },
        onLive: (live) => {
          const before = client.getQueryData<LiveState>(LIVE_KEY);
          // The moment of the first failure is the one that matters, not that of the latest attempt.
          if (live || before?.state !== "lost") {
            client.setQueryData<LiveState>(LIVE_KEY, { state: live ? "live" : "lost", lastAtMs: Date.now() });
          }
        },
      },
      controller.signal,
    );
    return () => {
      controller.abort();
      freshen.stop();
    };
  }, [client]);
}

/** What events of the server keep current. */
const FOLLOWED: ReadonlySet<unknown> = new Set([
  "agent",
  "agents",
  "approvals",
  "revisions",
  "run",
  "runs",
  "thread",
  "threads",
  "tools",
  "tool-server",
  "tool-servers",
]);
const readLiveAgain = (client: QueryClient): void =>
  readAgain(client, { predicate: ({ queryKey: [name] }) => FOLLOWED.has(name) });

export function applyServerEvent(client: QueryClient, event: ServerEvent): void {
  switch (event.type) {
    case "ready":
    // The page of a run has a stream of its own for what happens in it.
    case "step":
      return;
    case "approval":
    case "question":
      readAgain(client, { queryKey: ["approvals"] });
      // The stream of a run that rests is closed.
      return readAgain(client, { queryKey: ["run", event.type === "question" ? event.run : event.approval.run] });
    case "reset":
      // The server cannot replay all missed events.
      return readAgain(client, { predicate: ({ queryKey }) => queryKey[0] !== LIVE_KEY[0] });
    case "run":
      // What a run waits for begins with its state, and is over with it.
      if (["awaiting-approval", "awaiting-input"].includes(event.run.state) || isWaitedFor(client, event.run.id))
        readAgain(client, { queryKey: ["approvals"] });
      return applyRun(client, event.run);
    case "agent":
      for (const key of ["agent", "revisions"]) readAgain(client, { queryKey: [key, event.name] });
      return readAgain(client, { queryKey: ["agents"] });
    case "thread":
      readAgain(client, { queryKey: ["threads"] });
      return readAgain(client, { queryKey: ["thread", event.id] });
    // Asked for by the pages that show them.
    case "conversation":
    case "task":
      return;
    case "tool-server":
      for (const queryKey of toolServerKeys(event.name)) readAgain(client, { queryKey });
  }
}

/** Whether something of a run is among what is shown as waiting for a person, or may be in an answer on its way. */
const isWaitedFor = (client: QueryClient, run: string): boolean =>
  client.isFetching({ queryKey: ["approvals"] }) > 0 ||
  [approvalsQuery, answeredApprovalsQuery].some(({ queryKey }) =>
    client.getQueryData(queryKey)?.items.some((approval) => approval.run === run && approval.state === "open"),
  ) ||
  client.getQueryData(askingRunsQuery.queryKey)?.items.some(({ id }) => id === run) === true;

/** Puts what is now known of a run into every cached list it belongs to, and takes it out of those it has left. */
export function applyRun(client: QueryClient, run: RunSummary): void {
  applyTurn(client, run);
  const lists = client.getQueriesData<InfiniteData<Page<RunSummary>>>({ queryKey: ["runs"] });
  for (const [key, data] of lists) {
    const filter: RunFilter = typeof key[1] === "object" && key[1] !== null ? key[1] : {};
    if (data === undefined) readAgain(client, { queryKey: key, exact: true });
    else writeNews(client, key, { ...data, pages: placeRun(data.pages, run, filter) });
  }
  const queryKey = ["run", run.id];
  const detail = client.getQueryData<RunDetail>(queryKey);
  if (detail !== undefined && hasEnded(detail)) return;
  // A summary has neither the answer nor what waits for a person: a run that has stopped is read whole.
  if (detail === undefined || !isMoving(run)) readAgain(client, { queryKey });
  else writeNews<RunDetail>(client, queryKey, { ...detail, ...run });
}

/** Whether its duration grows: not when it has ended, nor while it waits for a person or an agent. */
export const isMoving = (run: Pick<RunSummary, "state" | "resting">): boolean => !hasEnded(run) && !run.resting;

/** What a run has used so far. Its own sums are only as new as the last change of its state, its steps are current. */
export function usedSoFar(run: RunDetail): {
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Whether a provider reported no tokens, so that the sums are estimates. */
  readonly estimated: boolean;
  readonly toolCalls: number;
  readonly cost: { readonly usd: number; readonly unpriced_calls: number };
} {
  const steps = run.step_list.filter((step) => !isInherited(run, step));
  const models = steps.filter((step) => step.kind === "model");
  return {
    inputTokens: Math.max(run.input_tokens, sum(models.map(inputOf))),
    outputTokens: Math.max(run.output_tokens, sum(models.map(outputOf))),
    estimated: run.cost.estimated_calls > 0 || models.some((step) => step.cost?.estimated === true),
    cost: {
      usd: Math.max(run.cost.usd, sum(models.map((step) => step.cost?.usd ?? 0))),
      unpriced_calls: models.filter((step) => step.cost !== null && step.cost.usd === null).length,
    },
    toolCalls: Math.max(run.tool_calls, steps.length - models.length),
  };
}

type Turn = Extract<RunDetail["step_list"][number], { kind: "model" }>;
const inputOf = ({ input_tokens: reported, cost }: Turn): number | null => reported ?? cost?.input_tokens ?? null;
const outputOf = ({ output_tokens: reported, cost }: Turn): number | null => reported ?? cost?.output_tokens ?? null;

const sum = (numbers: readonly (number | null)[]): number =>
  numbers.reduce<number>((total, one) => total + (one ?? 0), 0);

export const hasEnded = ({ state }: Pick<RunSummary, "state">): boolean =>
  state === "completed" || state === "failed" || state === "cancelled";

/** At most one call in `everyMs`, and always one after the last request. */
function throttled(action: () => unknown, everyMs: number): { (): void; stop(): void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const request = () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      action();
    }, everyMs);
  };
  return Object.assign(request, { stop: () => clearTimeout(timer) });
}
