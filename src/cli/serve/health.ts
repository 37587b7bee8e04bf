import * as z from "zod";
import { type Ready, DOCUMENTS, system } from "../../api/contract/index.ts";
import { CaxtonError } from "../../kernel/errors.ts";
import { act, type CommandMaker, examples, reportError, showOne } from "../frame/index.ts";
import { oneLine, renderFields } from "../terminal/index.ts";

const PROBE_MS = 5_000;
const EXIT_UNWELL = 1;

/** `caxton health` */
export const health: CommandMaker = (command, invocation) => {
  command
    .description(
      "Exit with 0 if the server responds, else with 1. With --ready, check that it can serve requests: all its parts are started.",
    )
    .option("--ready", "check that it can serve requests");
  examples(command, [
    ["caxton health --ready", ""],
    ["HEALTHCHECK CMD caxton health -q", "in a container image"],
    ["until caxton health --ready -q; do sleep 1; done", "wait for a server to come up"],
  ]);
  act(command, invocation, {
    input: z.object({ ready: z.boolean().default(false) }),
    formats: ["table", "json", "yaml"],
    run: async (context, input) => {
      const timeoutMs = context.timeoutMs ?? PROBE_MS;
      try {
        if (!input.ready) {
          const { raw, value } = await context.client.request({
            path: DOCUMENTS.health,
            schema: system.Health,
            timeoutMs,
          });
          if (!context.terminal.quiet) {
            await showOne(context, { raw, name: value.status, human: () => `ok  version ${value.version}\n` });
          }
          return 0;
        }
        const request = { path: DOCUMENTS.ready, schema: system.Ready, timeoutMs, accepts: [503] };
        const { raw, value } = await context.client.request(request);
        if (!context.terminal.quiet) {
          await showOne(context, { raw, name: value.status, human: () => renderReady(value) });
        }
        return value.status === "ready" ? 0 : EXIT_UNWELL;
      } catch (error) {
        if (!(error instanceof CaxtonError)) throw error;
        // Probes know only well and unwell.
        reportError(error, context.terminal, { asJson: context.format === "json", debug: context.debug });
        return EXIT_UNWELL;
      }
    },
  });
};

const renderReady = (found: Ready): string =>
  `${found.status}\n` +
  renderFields(
    Object.entries(found.checks).map(([part, { ok, note }]) => [`  ${ok ? "●" : "✗"} ${part}`, oneLine(note)]),
  );
