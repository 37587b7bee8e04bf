import type * as z from "zod";
import { followEvents } from "../../api/client/index.ts";
import { parseJson } from "../../kernel/json.ts";
import type { Client } from "./client.ts";

export type FollowOptions<Event> = {
  readonly path: string;
  readonly schema: z.ZodType<Event>;
  readonly signal: AbortSignal;
  /** The id of the last event known already; the stream begins after it. */
  readonly after?: string;
  /** How long a server may be away before this gives up; 60 s when undefined, and without a limit when Infinity. */
  readonly outageMsMax?: number;
  /** The stream broke, or came back. */
  readonly onLink: (link: "lost" | "back") => void;
};

/** One event as it came and as checked. */
export type Followed<Event> = { readonly raw: string; readonly event: Event };

/**
 * Events of a stream, across as many connections as it takes: a broken one is opened again with `Last-Event-ID`. Ends
 * after the event `end`, or when the caller stops asking. Events of a kind not known here are passed over. Throws when the first
 * connection fails and `outageMsMax` is finite, when the server refuses, and when it stays away for longer than `outageMsMax`.
 */
export async function* follow<Event>(
  client: Client,
  { path, schema, ...options }: FollowOptions<Event>,
): AsyncGenerator<Followed<Event>> {
  try {
    for await (const { data } of followEvents(client.connection, { path }, options)) {
      const parsed = parseJson(data);
      const checked = schema.safeParse(parsed.type === "parsed" ? parsed.value : undefined);
      if (checked.success) yield { raw: data, event: checked.data };
    }
  } catch (error) {
    options.signal.throwIfAborted();
    throw client.failureOf(error);
  }
}
