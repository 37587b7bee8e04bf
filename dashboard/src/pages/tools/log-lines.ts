import { useEffect, useState } from "react";
import { operations, requestPath, type ToolLogEvent } from "../../../../src/api/contract/index.ts";
import { subscribe } from "../../api/live/subscribe.ts";

/** Lines kept in the page; the oldest go first. */
const LINES_MAX = 5_000;
/** How often lines that came in are shown: a chatty tool must not keep the page from being used. */
const SHOW_EVERY_MS = 100;

export type LogLine = { readonly id: number } & ToolLogEvent;
export type LogState = {
  readonly lines: readonly LogLine[];
  /** Undefined until a connection stood for the first time. */
  readonly live: boolean | undefined;
};

/** Log of a tool server: stored lines, then live ones. A reconnect starts with the stored lines again. */
export function useLogLines(server: string): LogState & { readonly clear: () => void } {
  const [state, setState] = useState<LogState>({ lines: [], live: undefined });
  useEffect(() => {
    const controller = new AbortController();
    let arrived: LogLine[] = [];
    let isFresh = false;
    let id = 0;
    const timer = setInterval(() => {
      if (arrived.length === 0 && !isFresh) return;
      const taken = arrived;
      const fresh = isFresh;
      arrived = [];
      isFresh = false;
      setState(({ lines, live }) => ({ live, lines: [...(fresh ? [] : lines), ...taken].slice(-LINES_MAX) }));
    }, SHOW_EVERY_MS);
    void subscribe<ToolLogEvent>(
      {
        path: requestPath(operations.toolServer.logs, { name: server }),
        after: "",
        onEvent: (event) => {
          id += 1;
          arrived.push({ ...event, id });
        },
        onLive: (live) => {
          // The server sends the stored lines again.
          if (live) {
            isFresh = true;
            arrived = [];
          }
          setState((before) => ({ ...before, live }));
        },
      },
      controller.signal,
    );
    return () => {
      controller.abort();
      clearInterval(timer);
    };
  }, [server]);
  return { ...state, clear: () => setState((before) => ({ ...before, lines: [] })) };
}
