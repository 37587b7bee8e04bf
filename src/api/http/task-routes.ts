import * as z from "zod";
import { TaskId } from "../../kernel/ids.ts";
import { ROUTES, tasks } from "../contract/index.ts";
import { cancelTask, createTask, distributeTask, getTask, listPerformance, listTasks } from "../operations/index.ts";
import { speakerOf } from "./caller.ts";
import { clientGone } from "./client-gone.ts";
import type { Http, HttpContext } from "./context.ts";
import { askedIds } from "./idempotency.ts";
import { failures } from "./responses.ts";

const tags = ["tasks"];
const params = z.object({ id: z.string() });

export function taskRoutes(http: Http, context: HttpContext): void {
  recordRoutes(http, context);
  workRoutes(http, context);
}

function recordRoutes(http: Http, { services }: HttpContext): void {
  http.post(
    ROUTES.tasks,
    {
      schema: {
        tags,
        summary: "Create a task, and perhaps distribute it at once",
        description: "On disk when answered. With distribute the answer does not wait for proposals.",
        body: tasks.CreateTaskBody,
        response: { 201: tasks.Task, ...failures },
      },
    },
    async (request, reply) => {
      // In its owner's name messages go out.
      speakerOf(request, services).mustBe(request.body.owner);
      return reply.status(201).send(await createTask(services, request.body, askedIds(request)));
    },
  );
  http.get(
    ROUTES.tasks,
    {
      schema: {
        tags,
        summary: "List tasks, newest first",
        querystring: tasks.TaskListQuery.extend({ cursor: TaskId.optional() }),
        response: { 200: tasks.TaskPage, ...failures },
      },
    },
    async ({ query }) => listTasks(services, query),
  );
  http.get(
    ROUTES.task,
    {
      schema: {
        tags,
        summary: "One task; with after_version once it has changed",
        params,
        querystring: tasks.TaskQuery,
        response: { 200: tasks.Task, ...failures },
      },
    },
    async ({ params: { id }, query }, reply) => getTask(services, id, query, clientGone(reply).signal),
  );
}

function workRoutes(http: Http, { services }: HttpContext): void {
  http.post(
    ROUTES.distributeTask,
    {
      schema: {
        tags,
        summary: "Ask for proposals; answers when somebody has got the task, or nobody will",
        description: "The task goes on when the caller leaves. 409 TASK_STATE when it was distributed already.",
        params,
        querystring: tasks.TaskPlaceQuery,
        body: tasks.DistributeBody.nullish(),
        response: { 200: tasks.TaskDistribution, ...failures },
      },
    },
    async (request, reply) => {
      const place = { id: request.params.id, workspace: request.query.workspace };
      const asking = { signal: clientGone(reply).signal, asked: askedIds(request) };
      return distributeTask(services, place, request.body ?? {}, asking);
    },
  );
  http.post(
    ROUTES.cancelTask,
    {
      schema: {
        tags,
        summary: "Call a task off",
        params,
        querystring: tasks.TaskPlaceQuery,
        response: { 200: tasks.Task, ...failures },
      },
    },
    async ({ params: { id }, query: { workspace } }) => cancelTask(services, { id, workspace }),
  );
  http.get(
    ROUTES.performance,
    {
      schema: {
        tags,
        summary: "How providers did with tasks so far; older ones count less",
        querystring: tasks.TaskPlaceQuery,
        response: { 200: tasks.PerformanceList, ...failures },
      },
    },
    async ({ query: { workspace } }) => listPerformance(services, workspace),
  );
}
