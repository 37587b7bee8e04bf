import type { Callable } from "../contract/index.ts";

/** Whether a request can be sent again, as the operation declares it. */
export type Repeatable = { readonly retry: "safe" | "by-key" | "never" };

/** What a client needs of an operation to call it. It holds no schema, so that clients load none. */
export type Row = Callable &
  Repeatable & {
    /** json: one answer. list: pages of `items`. file: bytes. events: server-sent events. upload: sends bytes, answers with JSON. */
    readonly kind: "json" | "list" | "file" | "events" | "upload";
  };
