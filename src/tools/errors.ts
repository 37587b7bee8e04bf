import { type Problem, renderProblem } from "../documents/index.ts";
import { CaxtonError } from "../kernel/errors.ts";

export class ToolServerNotFoundError extends CaxtonError<{
  readonly server: string;
  readonly known: readonly string[];
}> {
  readonly code = "TOOL_SERVER_NOT_FOUND";
  readonly kind = "not-found";
  constructor(server: string, known: readonly string[]) {
    super(`there is no tool server "${server}"`, `Tool servers here: ${known.join(", ") || "none"}.`, {
      server,
      known,
    });
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
