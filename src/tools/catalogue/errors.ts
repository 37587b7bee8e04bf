import { nearest, type Problem, renderProblem } from "../../text/documents/index.ts";
import { isReservedToolServer } from "./reserved-names.ts";
import { CaxtonError } from "../../kernel/errors.ts";

/** Tool servers that an error lists. */
const LISTED_MAX = 20;

export class ToolServerNotFoundError extends CaxtonError<{
  readonly server: string;
  readonly known: readonly string[];
}> {
  readonly code = "TOOL_SERVER_NOT_FOUND";
  readonly kind = "not-found";
  /** `failure`: why a built-in server of that name could not be deployed. */
  constructor(server: string, known: readonly string[], failure?: string) {
    const near = nearest(server, known);
    const listed = known.slice(0, LISTED_MAX);
    const more =
      known.length > LISTED_MAX ? ` and ${known.length - LISTED_MAX} more; \`caxton tool list\` lists them` : "";
    super(
      failure === undefined
        ? `there is no tool server "${server}"`
        : `the built-in tool server "${server}" could not be deployed: ${failure}`,
      failure !== undefined
        ? "Remove the cause. Caxton tries again every 10 seconds."
        : isReservedToolServer(server)
          ? "The built-in server of that name is part of the server itself, or disabled; `caxton tool list` lists what is there."
          : near.length > 0
            ? `Did you mean ${near.join(" or ")}?`
            : `Tool servers here: ${listed.join(", ") || "none"}${more}.`,
      { server, known: [...new Set([...near, ...listed])].slice(0, LISTED_MAX) },
    );
  }
}

export class ToolNotFoundError extends CaxtonError<{ readonly tool: string; readonly known: readonly string[] }> {
  readonly code = "TOOL_NOT_FOUND";
  readonly kind = "not-found";
}

/** "X is in state Y, and cannot do Z now." */
export class ToolManifestInvalidError extends CaxtonError<{
  readonly file: string;
  readonly problems: readonly (Problem & { readonly rendered: string })[];
}> {
  readonly code = "TOOL_MANIFEST_INVALID";
  readonly kind = "rejected";
  constructor(file: string, text: string, problems: readonly Problem[]) {
    const shown = problems.map((problem) => ({
      ...problem,
      rendered: renderProblem(problem, text, { colour: false }),
    }));
    const [first] = problems;
    super(
      `${file} is not a valid manifest${first === undefined ? "" : `: line ${first.line}: ${first.message}`}`,
      "docs/tools/building.md describes what a tool.toml holds.",
      { file, problems: shown },
    );
  }
}
