import * as z from "zod";
import { memoryUpkeep, ROUTES } from "../contract/index.ts";
import {
  checkMemory,
  createSnapshot,
  deleteSnapshot,
  listSnapshots,
  pruneMemory,
  reindexMemory,
  restoreSnapshot,
} from "../operations/index.ts";
import type { Http, HttpContext } from "./context.ts";
import { failures } from "./responses.ts";

const params = z.object({ name: z.string() });
const tags = ["memory"];

/** Copies of memory, and what keeps it sound. */
export function memoryUpkeepRoutes(http: Http, context: HttpContext): void {
  snapshotRoutes(http, context);
  checkRoutes(http, context);
}

function snapshotRoutes(http: Http, { services }: HttpContext): void {
  http.get(
    ROUTES.memorySnapshots,
    {
      schema: {
        tags,
        summary: "Snapshots, newest first",
        response: { 200: memoryUpkeep.SnapshotPage, ...failures },
      },
    },
    async () => listSnapshots(services),
  );
  http.post(
    ROUTES.memorySnapshots,
    {
      schema: {
        tags,
        summary: "Copy memory as it is now",
        response: { 201: memoryUpkeep.Snapshot, ...failures },
      },
    },
    async (_request, reply) => reply.status(201).send(await createSnapshot(services)),
  );
  http.post(
    ROUTES.restoreMemorySnapshot,
    {
      schema: {
        tags,
        summary: "Make memory again what it was",
        description:
          "What it was before is kept as another snapshot. The server goes on meanwhile: who asks memory something waits.",
        params,
        body: memoryUpkeep.RestoreBody,
        response: { 200: memoryUpkeep.Restored, ...failures },
      },
    },
    async ({ params: { name } }) => restoreSnapshot(services, name),
  );
  http.delete(
    ROUTES.memorySnapshot,
    { schema: { tags, summary: "Delete a snapshot", params, response: { 200: memoryUpkeep.Snapshot, ...failures } } },
    async ({ params: { name } }) => deleteSnapshot(services, name),
  );
}

function checkRoutes(http: Http, { services }: HttpContext): void {
  http.post(
    ROUTES.checkMemory,
    {
      schema: {
        tags,
        summary: "Look through all of memory for what is not as it should be",
        body: memoryUpkeep.CheckBody,
        response: { 200: memoryUpkeep.Checked, ...failures },
      },
    },
    async ({ body }) => checkMemory(services, body.mend),
  );
  http.post(
    ROUTES.pruneMemory,
    {
      schema: {
        tags,
        summary: "Forget what the retention policy says, now",
        description: "What `[memory.retention]` of the configuration says; answers when it is done.",
        body: memoryUpkeep.PruneBody,
        response: { 200: memoryUpkeep.Pruned, ...failures },
      },
    },
    async ({ body }) => pruneMemory(services, body.dry_run),
  );
  http.post(
    ROUTES.reindexMemory,
    {
      schema: {
        tags,
        summary: "Build all indexes of memory anew",
        description: "Answers when it is done. Searches go on meanwhile, and say that not all is indexed.",
        response: { 200: memoryUpkeep.Reindexed, ...failures },
      },
    },
    async () => {
      let all = 0;
      await reindexMemory(services, (_done, whole) => (all = whole));
      return { done: all, all };
    },
  );
}
