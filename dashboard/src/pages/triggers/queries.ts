import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { type GivenTo, operations } from "../../../../src/api/contract/index.ts";
import { call } from "../../api/client.ts";
import { entriesOf, pagesFrom } from "../../api/page.ts";

const FIRES_PAGE = 20;

/** By agent and name. */
export const triggersQuery = queryOptions({
  queryKey: ["triggers"],
  queryFn: ({ signal }) => entriesOf((cursor) => call(operations.trigger.list, { cursor, limit: 200 }, signal), 1_000),
  refetchInterval: 15_000,
});

/** Events of a trigger, the newest first. */
export const firesQuery = (id: string) =>
  infiniteQueryOptions({
    queryKey: ["trigger-fires", id],
    ...pagesFrom((cursor, signal) => call(operations.trigger.fires, { id, cursor, limit: FIRES_PAGE }, signal)),
  });

export type NewTrigger = GivenTo<typeof operations.trigger.create>;
export type TriggerChange = GivenTo<typeof operations.trigger.update>;

/** The next times of a trigger that is not created yet. */
export const previewQuery = (spec: GivenTo<typeof operations.trigger.preview>) =>
  queryOptions({
    queryKey: ["trigger-preview", spec],
    queryFn: ({ signal }) => call(operations.trigger.preview, spec, signal),
    retry: false,
  });

export const createTrigger = (given: NewTrigger) => call(operations.trigger.create, given);
export const updateTrigger = (change: TriggerChange) => call(operations.trigger.update, change);
export const deleteTrigger = (id: string) => call(operations.trigger.delete, { id });
export const fireTrigger = (id: string) => call(operations.trigger.fire, { id });
export const rotateTriggerSecret = (id: string) => call(operations.trigger.rotateSecret, { id });
