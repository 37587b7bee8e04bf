import type { Command } from "commander";
import * as z from "zod";
import { type GrantUse, grants, operations } from "../../api/contract/index.ts";
import { systemClock } from "../../kernel/clock.ts";
import {
  act,
  examples,
  type Invocation,
  limitOption,
  LIST_FORMATS,
  pagesOf,
  commandPath,
  instantOf,
  showPages,
} from "../frame/index.ts";
import { type Column, showAge, showBytes, showSpan, type Tone } from "../terminal/index.ts";

const TONES: { readonly [Outcome in GrantUse["outcome"]]: Tone } = {
  allowed: "green",
  denied: "red",
  failed: "yellow",
};

const columns = (nowMs: number): readonly Column<GrantUse>[] => [
  { title: "AGE", value: ({ at }) => showAge(Date.parse(at), nowMs) },
  { title: "OUTCOME", value: ({ outcome }) => outcome, tone: ({ outcome }) => TONES[outcome] },
  { title: "KIND", value: ({ kind }) => kind },
  { title: "OPERATION", value: ({ operation }) => operation },
  { title: "TARGET", value: ({ target }) => target, shrinks: true },
  { title: "REASON", value: ({ reason }) => reason },
  { title: "TIMES", value: ({ count }) => String(count), align: "right", wide: true },
  { title: "AGENT", value: ({ agent }) => agent ?? "", wide: true },
  { title: "RUN", value: ({ session }) => session, wide: true },
  { title: "BYTES", value: ({ bytes }) => (bytes === 0 ? "" : showBytes(bytes)), align: "right", wide: true },
  { title: "TIME", value: ({ duration_ms: ms }) => (ms === 0 ? "" : showSpan(ms)), align: "right", wide: true },
];

const Input = z.object({
  server: z.string(),
  denied: z.boolean().default(false),
  kind: grants.UseKind.optional(),
  since: z.string().optional(),
  limit: z.number(),
});

/** `caxton tool audit` */
export function audit(command: Command, invocation: Invocation): void {
  command
    .summary("audit a tool server's grant usage")
    .description("List each file, address, key, secret and clock that a tool server used or was refused, newest first.")
    .argument("<server>", "name of the tool server")
    .option("--denied", "only refused attempts")
    .addOption(command.createOption("--kind <kind>", "only uses of this kind").choices(grants.UseKind.options))
    .option("--since <time>", "only uses since this time: 10m, 2h, 7d, or a date and time")
    .addOption(limitOption(50));
  examples(command, [
    ["caxton tool audit http_client", ""],
    ["caxton tool audit http_client --denied --since 1h", "recent refused attempts"],
  ]);
  act(command, invocation, {
    input: Input,
    formats: LIST_FORMATS,
    run: async (context, { server, denied, kind, since, limit }) => {
      const nowMs = systemClock.nowMs();
      const query = {
        name: server,
        outcome: denied ? ("denied" as const) : undefined,
        kind,
        since: since === undefined ? undefined : await instantOf(since, nowMs, commandPath(command)),
      };
      await showPages(context, pagesOf(operations.toolServer.uses, query), {
        limit,
        columns: columns(nowMs),
        name: ({ target }) => target,
        empty: denied ? `${server} was refused nothing` : `${server} has used none of its grants`,
        more: "older uses",
      });
    },
  });
}
