import { randomUUID } from "node:crypto";
import { type Command, Option } from "commander";
import * as z from "zod";
import { operations, MESSAGE_SOCKET } from "../../api/contract/index.ts";
import {
  act,
  type Context,
  examples,
  type Invocation,
  ONE_FORMATS,
  onInterrupt,
  showOne,
  wholeNumber,
} from "../frame/index.ts";
import { progressBar } from "../terminal/index.ts";
import { measure, type Measured, type Program } from "./load.ts";

const IN_FLIGHT = 4_000;
const PER_BATCH_MAX = 100;
const NAME_CHARS = 8;
const EXIT_INTERRUPTED = 130;

const Options = z.object({ rate: z.int(), seconds: z.int(), mailboxes: z.int(), batch: z.int(), size: z.int() });
const number = (
  flags: string,
  description: string,
  of: { readonly min: number; readonly max: number; readonly standard: number },
) => new Option(flags, description).argParser((text) => wholeNumber(text, of.min, of.max)).default(of.standard);

/** `caxton bench messages` */
export function messagesBench(command: Command, invocation: Invocation): void {
  command
    .summary("measure message throughput and latency")
    .description(
      "Send messages to the running server over one WebSocket, receive and settle them over another, and print throughput and latency. Only messages written to disk count. The messages are kept until messages.retention ends.",
    )
    .addOption(number("--rate <n>", "messages per second; 0: no limit", { min: 0, max: 1_000_000, standard: 0 }))
    .addOption(number("--seconds <n>", "duration in seconds", { min: 1, max: 3_600, standard: 5 }))
    .addOption(number("--mailboxes <n>", "number of receiving programs", { min: 1, max: 1_000, standard: 10 }))
    .addOption(number("--batch <n>", "messages per frame", { min: 1, max: PER_BATCH_MAX, standard: 50 }))
    .addOption(number("--size <n>", "characters of content per message", { min: 1, max: 60_000, standard: 400 }));
  examples(command, [
    ["caxton bench messages", "as many as go, for 5 seconds"],
    ["caxton bench messages --rate 1000 --batch 1", "how long each takes at a usual rate"],
    ["caxton bench messages --seconds 60 -o json", "for other programs"],
  ]);
  act(command, invocation, {
    input: Options,
    formats: ONE_FORMATS,
    run: async (context, load) => {
      await using programs = await openPrograms(context, load.mailboxes);
      const stop = new AbortController();
      using interrupt = onInterrupt(() => stop.abort());
      void interrupt;
      const { client, terminal } = context;
      const url = client.url(MESSAGE_SOCKET);
      url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
      const onProgress = (doneMs: number, allMs: number) =>
        terminal.status(progressBar("messages", doneMs / 1_000, allMs / 1_000, (seconds) => `${seconds.toFixed(0)} s`));
      const measured = await measure(
        { url, headers: client.headers },
        { sender: programs.sender, mailboxes: programs.mailboxes, load: { ...load, inFlight: IN_FLIGHT } },
        { signal: stop.signal, onProgress },
      );
      terminal.status(undefined);
      const figures = figuresOf(measured);
      await showOne(context, {
        raw: figures,
        name: String(figures.delivered_per_second),
        human: () => resultText(figures),
      });
      if (measured.broke !== undefined) throw measured.broke;
      return stop.signal.aborted ? EXIT_INTERRUPTED : 0;
    },
  });
}

type Programs = AsyncDisposable & { readonly sender: Program; readonly mailboxes: readonly Program[] };

/** Programs of this measurement's own, until it is over. */
async function openPrograms({ client, terminal }: Context, wanted: number): Promise<Programs> {
  await using stack = new AsyncDisposableStack();
  const own = randomUUID().slice(0, NAME_CHARS);
  let left = 0;
  // Deferred first, so done last.
  stack.defer(() => {
    if (left > 0)
      terminal.note(`${left} programs named bench-${own}-… are still registered: caxton participant delete`);
  });
  const open = async (name: string): Promise<Program> => {
    const description = "made by caxton bench";
    const { value } = await client.call(operations.participant.register, { name: `bench-${own}-${name}`, description });
    stack.defer(async () => {
      try {
        await client.call(operations.participant.delete, { name: value.name });
      } catch {
        // What went wrong before is what matters; how many stay is said at the end.
        left += 1;
      }
    });
    return { name: value.name, token: value.token ?? undefined };
  };
  const sender = await open("sender");
  const mailboxes: Program[] = [];
  for (let index = 0; index < wanted; index += 1) mailboxes.push(await open(String(index)));
  const owned = stack.move();
  return { sender, mailboxes, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

const at = (sorted: readonly number[], share: number): number | null =>
  round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]);
const round = (ms: number | undefined): number | null => (ms === undefined ? null : Math.round(ms * 100) / 100);

const figuresOf = ({ sent, accepted, refused, delivered, seconds, receiptsMs, deliveriesMs }: Measured) => ({
  seconds: Math.round(seconds * 100) / 100,
  sent,
  accepted,
  refused,
  delivered,
  accepted_per_second: Math.round(accepted / seconds),
  delivered_per_second: Math.round(delivered / seconds),
  receipt_ms: { p50: at(receiptsMs, 0.5), p99: at(receiptsMs, 0.99) },
  delivery_ms: { p50: at(deliveriesMs, 0.5), p99: at(deliveriesMs, 0.99) },
});

const PERCENTILES = ["p50", "p99"] as const;
const times = (of: { readonly [Name in (typeof PERCENTILES)[number]]: number | null }): string =>
  PERCENTILES.map((name) => `${name} ${of[name] === null ? "–" : `${of[name]} ms`}`).join(", ");

function resultText(figures: ReturnType<typeof figuresOf>): string {
  const rows = [
    ["sent", `${figures.sent} in ${figures.seconds} s${figures.refused > 0 ? `, ${figures.refused} refused` : ""}`],
    ["on disk", `${figures.accepted_per_second}/s; until the receipt ${times(figures.receipt_ms)}`],
    ["delivered", `${figures.delivered_per_second}/s; until there ${times(figures.delivery_ms)}`],
  ];
  return rows.map(([name = "", value = ""]) => `${name.padEnd(10)}${value}\n`).join("");
}
