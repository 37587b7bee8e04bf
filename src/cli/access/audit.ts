import { createReadStream } from "node:fs";
import { type Command, Option } from "commander";
import * as z from "zod";
import { verifyExport } from "../../access/audit/index.ts";
import { type AuditEntry, type AuditVerification, audit as contract, operations } from "../../api/contract/index.ts";
import { systemClock } from "../../kernel/clock.ts";
import { unreadable } from "../client/index.ts";
import {
  act,
  type CommandMaker,
  commandPath,
  download,
  examples,
  filterOf,
  type Invocation,
  limitOption,
  LIST_FORMATS,
  ONE_FORMATS,
  pagesOf,
  showOne,
  showPages,
  UsageError,
} from "../frame/index.ts";
import { type Column, countOf, oneLine, safeText, showAge, showBytes, type Tone } from "../terminal/index.ts";

const LONG_MS = 3_600_000;
const BROKEN = 1;

/** `caxton audit` */
export const audit: CommandMaker = (command, invocation) => {
  command.description(
    "Read the audit log of the server: refused requests, and operations that changed something. Each record contains the hash of the previous one, so that a change is found.",
  );
  examples(command, [
    ["caxton audit list --outcome denied --since 1h", ""],
    ["caxton audit export audit.jsonl", ""],
    ["caxton audit verify audit.jsonl", "without a server"],
  ]);
  list(command.command("list"), invocation);
  exportTo(command.command("export"), invocation);
  verify(command.command("verify"), invocation);
};

const TONES: Readonly<Record<string, Tone>> = { allowed: "green", denied: "red", failed: "yellow" };

const targetOf = ({ target }: AuditEntry): string => safeText(Object.values(target).join(" "));

const columns = (nowMs: number): readonly Column<AuditEntry>[] => [
  { title: "SEQ", value: ({ seq }) => String(seq), align: "right", wide: true },
  { title: "AGE", value: ({ time }) => showAge(Date.parse(time), nowMs) },
  { title: "OUTCOME", value: ({ outcome }) => outcome, tone: ({ outcome }) => TONES[outcome] },
  { title: "PRINCIPAL", value: ({ principal, name }) => safeText(name === "" ? principal : name) },
  { title: "OPERATION", value: ({ operation }) => safeText(operation) },
  { title: "TARGET", value: targetOf, shrinks: true },
  { title: "CODE", value: ({ code }) => safeText(code ?? "") },
  { title: "TIMES", value: ({ count }) => String(count), align: "right", wide: true },
  { title: "EVENT", value: ({ event }) => safeText(event), wide: true },
  { title: "ADDRESS", value: ({ address }) => safeText(address), wide: true },
];

function list(command: Command, invocation: Invocation): void {
  command
    .summary("list audit records")
    .description("List audit records, newest first.")
    .option("--principal <id>", "only records of this principal, such as key_4GfTq1x9ZbLk")
    .option("--operation <name>", "only records of this operation, such as agent.deploy")
    .addOption(
      new Option("--outcome <outcome>", "only records with this outcome").choices(contract.AuditOutcome.options),
    )
    .option("--since <time>", "only records since this time: 10m, 2h, 7d, or a date and time")
    .option("--until <time>", "only records before this time: 10m, 2h, 7d, or a date and time")
    .addOption(limitOption(50));
  examples(command, [
    ["caxton audit list --outcome denied --since 1h", ""],
    ["caxton audit list --operation agent.deploy", ""],
  ]);
  act(command, invocation, {
    input: z.object({
      principal: z.string().optional(),
      operation: z.string().optional(),
      outcome: contract.AuditOutcome.optional(),
      since: z.string().optional(),
      until: z.string().optional(),
      limit: z.number(),
    }),
    formats: LIST_FORMATS,
    run: async (context, { limit, ...filter }) => {
      const query = await filterOf(filter, commandPath(command));
      await showPages(context, pagesOf(operations.audit.list, query), {
        limit,
        columns: columns(systemClock.nowMs()),
        name: ({ seq }) => String(seq),
        empty: "there are no audit records",
        more: "older records",
      });
    },
  });
}

function exportTo(command: Command, invocation: Invocation): void {
  command
    .summary("export the audit log to a file")
    .description(
      "Export all audit records with their signed checkpoints as JSON lines. The file is written completely or not at all. Default: standard output.",
    )
    .argument("[file]", "target file");
  examples(command, [["caxton audit export audit.jsonl", ""]]);
  act(command, invocation, {
    input: z.object({ file: z.string().optional() }),
    formats: ["text"],
    run: async (context, { file }) => {
      const { bytes, lines } = await download(context, { operation: operations.audit.export, file });
      if (file === undefined) return;
      context.terminal.note(`exported to ${oneLine(file)}: ${countOf(lines, "line")}, ${showBytes(bytes)}`);
    },
  });
}

function verify(command: Command, invocation: Invocation): void {
  command
    .summary("verify the audit log")
    .description(
      "Check the hash of every record and the signature of every checkpoint, on the server or in an exported file. Exits with 1 if a record is missing or was changed.",
    )
    .argument("[file]", "exported file; needs no server");
  examples(command, [
    ["caxton audit verify", ""],
    ["caxton audit verify audit.jsonl", ""],
  ]);
  act(command, invocation, {
    input: z.object({ file: z.string().optional() }),
    formats: ONE_FORMATS,
    run: async (context, { file }) => {
      const options = { timeoutMs: LONG_MS };
      const value =
        file === undefined
          ? (await context.client.call(operations.audit.verify, {}, options)).value
          : await verifyFile(file, commandPath(command));
      await showOne(context, {
        raw: value,
        name: value.intact ? "intact" : "broken",
        human: () => verifiedText(value),
      });
      return value.intact ? 0 : BROKEN;
    },
  });
}

/** Throws UnreadableFileError, and UsageError if the file is not an export. */
async function verifyFile(file: string, command: string): Promise<AuditVerification> {
  let found: Awaited<ReturnType<typeof verifyExport>>;
  try {
    found = await verifyExport(createReadStream(file, "utf8"));
  } catch (error) {
    throw unreadable(file, error);
  }
  if (found === undefined) throw new UsageError(`${file} is not an export of an audit log`, command);
  const { publicKey, broken = null, ...verified } = found;
  return { ...verified, intact: broken === null, public_key: publicKey, broken };
}

function verifiedText({ broken, records, first, last, checkpoints, public_key: key }: AuditVerification): string {
  if (broken !== null) return `record ${broken.seq}: ${safeText(broken.reason)}\n`;
  const range = records === 0 ? "" : ` (${first} to ${last})`;
  return `intact: ${countOf(records, "record")}${range}, ${countOf(checkpoints, "checkpoint")}, signed by ${safeText(key)}\n`;
}
