import { CaxtonError } from "../../kernel/errors.ts";
import { mint, RunId, ToolCallId } from "../../kernel/ids.ts";
import type { JsonObject } from "../../kernel/json.ts";
import type { ToolCatalogues } from "./catalogues.ts";

type Named = { readonly server: string; readonly tool: string };

/** The operator's workspace. */
const WORKSPACE = "default";

/** Returns a function that calls a tool outside of any run, in a session of its own. It does not reject for what the tool does. */
export const toolCaller =
  (catalogues: ToolCatalogues) => async (called: Named, given: JsonObject, signal: AbortSignal) => {
    const tools = catalogues.of(WORKSPACE);
    const { server, tool: name } = called;
    const session = mint(RunId);
    try {
      const tool = tools.tool(server, name);
      const context = { session, workspace: WORKSPACE, agent: undefined, files: [] };
      const call = { id: mint(ToolCallId), server, tool: name, arguments: given, context };
      const result = await tools.call(tool, call, signal);
      if (result.type === "failed") return result;
      const texts = result.content.flatMap((part) => (part.type === "bytes" ? [] : [part.text]));
      return { type: "done" as const, text: texts.join("\n"), structured: result.structured };
    } catch (error) {
      if (!(error instanceof CaxtonError)) throw error;
      return { type: "failed" as const, reason: "unknown-tool", message: `${error.message}. ${error.hint}` };
    } finally {
      tools.endSession(session);
    }
  };
