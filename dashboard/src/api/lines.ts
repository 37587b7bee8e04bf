import { open } from "./client.ts";
import { linesOf } from "./lines-of.ts";
import { workspaceHeader } from "./workspace.ts";

/** Follows long work whose progress the server sends as JSON lines. Throws ProblemError. */
export async function* follow<Line>(
  path: string,
  { body, signal }: { readonly body: File | string; readonly signal: AbortSignal },
): AsyncGenerator<Line, void, undefined> {
  const response = await open({
    method: "POST",
    path,
    headers: {
      accept: "application/x-ndjson",
      "content-type": body instanceof File ? "application/octet-stream" : "application/json",
      ...workspaceHeader(),
    },
    body,
    signal,
  });
  if (response.body === null) return;
  for await (const text of linesOf(response.body)) {
    // The server of this page is of this page's version: its lines are what the contract says.
    const line: Line = JSON.parse(text);
    yield line;
  }
}
