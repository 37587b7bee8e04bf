import * as z from "zod";
import { CaxtonError, FAULTS, toFault } from "../../kernel/errors.ts";
import { ServerProblem } from "../client/index.ts";
import { oneLine, safeText, showSpan, type Terminal } from "../terminal/index.ts";

export type ReportOptions = {
  /** As a problem document on standard error, for programs. */
  readonly asJson: boolean;
  /** With the request's id and the stack. */
  readonly debug: boolean;
};

/** Prints an error with its cause and hint; returns the exit code. */
export function reportError(error: unknown, terminal: Terminal, options: ReportOptions): number {
  if (options.asJson) terminal.complain(JSON.stringify(problemOf(error)));
  else terminal.complain(describe(error, terminal, options).join("\n"));
  return error instanceof CaxtonError ? FAULTS[error.kind].exit : FAULTS.bug.exit;
}

function problemOf(error: unknown): object {
  if (error instanceof ServerProblem) return error.details;
  const { code, kind, message, hint, details } = localFault(error);
  const title = code.toLowerCase().replaceAll("_", " ");
  return {
    type: `/docs/errors#${code}`,
    title,
    status: FAULTS[kind].http,
    detail: message,
    code,
    hint,
    request_id: "",
    details,
  };
}

function describe(error: unknown, terminal: Terminal, options: ReportOptions): string[] {
  const style = terminal.noteStyle;
  const { code, message, hint, details, retryAfterMs } = localFault(error);
  const [first = "", ...more] = safeText(message).trimEnd().split("\n");
  const lines = [`${style("red", style("bold", "error:"))} ${first}`, ...indent(more), ...indent(places(details))];
  if (options.debug) lines.push(...indent(traces(error)).map((line) => style("dim", line)));
  if (hint !== "") lines.push(`  ${terminal.asCalled(oneLine(hint))}`);
  if (retryAfterMs !== undefined) lines.push(`  try again in ${showSpan(retryAfterMs)}`);
  const last = lines.pop() ?? "";
  return [...lines, `${last}  ${style("dim", `[${code}]`)}`];
}

const localFault = (error: unknown) =>
  error instanceof CaxtonError
    ? toFault(error)
    : {
        ...toFault(error),
        message: `this command failed inside: ${error instanceof Error ? error.message : String(error)}`,
        hint: "run it again with --debug and report what it prints",
      };

// What may be in `details` that shows a place in a file better than a sentence.
const Located = z.object({ problems: z.array(z.object({ rendered: z.string() })) });
const FromServer = z.object({ details: Located });

function places(details: object): string[] {
  const found = Located.safeParse(details).data ?? FromServer.safeParse(details).data?.details;
  return (found?.problems ?? []).flatMap(({ rendered }) => safeText(rendered).trimEnd().split("\n"));
}

const indent = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`);

function traces(error: unknown): string[] {
  if (error instanceof ServerProblem) return [`request ${error.details.request_id}`];
  if (!(error instanceof Error)) return [];
  const inner = error instanceof SuppressedError ? [error.error, error.suppressed] : [error.cause];
  return [...stackOf(error), ...inner.filter((each) => each instanceof Error).flatMap(causedBy)];
}

const causedBy = (error: Error): string[] => ["caused by:", ...traces(error)];

const stackOf = (error: Error): string[] => (error.stack ?? error.message).split("\n").map((line) => line.trimEnd());
