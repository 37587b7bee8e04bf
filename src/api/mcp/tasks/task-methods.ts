import { type ClientCapabilities, ProtocolError, type Server, type ServerContext } from "@modelcontextprotocol/server";
import * as z from "zod";
import { operations } from "../../contract/index.ts";
import { callerOf } from "../caller-info.ts";
import { INVALID_PARAMS } from "../errors.ts";
import type { RunCalls } from "../tools/run-calls.ts";
import { runResult } from "../tools/run-result.ts";
import { extensionTaskOf, RELATED_TASK, takesTasks, taskOf, TASKS_EXTENSION } from "./task.ts";

const MISSING_CAPABILITY = -32_021;
/** Tasks in a page of the list. */
const PAGE = 50;

const Named = z.object({ taskId: z.string().min(1) });
const Page = z.object({ cursor: z.string().optional() });

/** Reports failures as JSON-RPC errors. */
type Guard = <Result>(handle: () => Promise<Result>) => Promise<Result>;

/** The methods of tasks of 2025-11-25. A task is a run: its id is that of the run, and it lasts as long. */
export function serveTasks(server: Server, runs: RunCalls, guarded: Guard): void {
  server.setRequestHandler("tasks/get", { params: Named }, ({ taskId }, context) =>
    guarded(async () => {
      const { run, waiting } = await runs.standing(callerOf(context), taskId);
      return taskOf({ ...run, id: taskId, state: waiting.state });
    }),
  );
  server.setRequestHandler("tasks/result", { params: Named }, ({ taskId }, context) =>
    guarded(async () => {
      const result = await runs.outcome(taskId, context);
      const { _meta: meta } = result;
      return { ...result, _meta: { ...meta, [RELATED_TASK]: { taskId } } };
    }),
  );
  server.setRequestHandler("tasks/list", { params: Page }, ({ cursor }, context) =>
    guarded(async () => {
      const { items, next } = await callerOf(context).perform(operations.run.list, { limit: PAGE, cursor });
      return { tasks: items.map(taskOf), ...(next !== null && { nextCursor: next }) };
    }),
  );
  server.setRequestHandler("tasks/cancel", { params: Named }, ({ taskId }, context) =>
    guarded(async () => {
      const run = await runs.current(callerOf(context), taskId);
      if (run.ended_at !== null) throw new ProtocolError(INVALID_PARAMS, `task ${taskId} has ended: ${run.state}`);
      return taskOf({ ...(await cancel(context, run.id)), id: taskId, state: "cancelled" });
    }),
  );
}

/** The methods of the tasks extension of 2026-07-28. */
export function serveExtensionTasks(
  server: Server,
  runs: RunCalls,
  { guarded, capabilities }: { readonly guarded: Guard; readonly capabilities: () => ClientCapabilities | undefined },
): void {
  const checked: Guard = (handle) =>
    guarded(async () => {
      if (!takesTasks(capabilities())) throw missingExtension();
      return handle();
    });
  server.setRequestHandler("tasks/get", { params: Named }, ({ taskId }, context) =>
    checked(async () => {
      const { run, waiting } = await runs.standing(callerOf(context), taskId);
      const inputRequests = runs.asked(waiting, context);
      const task = extensionTaskOf({ ...run, id: taskId, state: waiting.state }, inputRequests);
      return {
        ...task,
        ...(task.status === "completed" && { result: runResult({ run, waiting }) }),
        ...(task.status === "input_required" && { inputRequests }),
      };
    }),
  );
  server.setRequestHandler("tasks/update", { params: Named }, ({ taskId }, context) =>
    checked(async () => {
      const [problem] = await runs.answer(taskId, context.mcpReq.inputResponses ?? {}, context);
      if (problem !== undefined) throw new ProtocolError(INVALID_PARAMS, problem);
      return {};
    }),
  );
  server.setRequestHandler("tasks/cancel", { params: Named }, ({ taskId }, context) =>
    checked(async () => {
      const { id, ended_at: endedAt } = await runs.current(callerOf(context), taskId);
      if (endedAt === null) await cancel(context, id);
      return {};
    }),
  );
}

const cancel = (context: ServerContext, id: string) => callerOf(context).perform(operations.run.cancel, { id });

const missingExtension = (): ProtocolError =>
  new ProtocolError(
    MISSING_CAPABILITY,
    `this method needs the extension ${TASKS_EXTENSION} in the client's capabilities`,
    {
      requiredCapabilities: { extensions: { [TASKS_EXTENSION]: {} } },
    },
  );
