import type { Query, QueryClient, QueryFilters } from "@tanstack/react-query";

/** Queries that are read again when the answer that they wait for has come. */
const waiting = new WeakSet<Query>();

/**
 * Reads queries again whose data have changed on the server. An answer on its way may be older than the change: where it cannot be
 * cancelled, the query is read once more after it.
 */
export function readAgain(client: QueryClient, filters: QueryFilters): void {
  for (const query of client.getQueryCache().findAll(filters))
    if (query.state.data === undefined || !query.isActive()) readAfterAnswer(client, query);
  void client.invalidateQueries(filters);
}

/** Puts what an event says into the data of a query. An answer on its way, which may be older, does not replace it for good. */
export function writeNews<Data>(
  client: QueryClient,
  queryKey: readonly unknown[],
  update: Data | ((known: Data | undefined) => Data | undefined),
): void {
  client.setQueryData<Data>(queryKey, update);
  const query = client.getQueryCache().find({ queryKey });
  if (query !== undefined) readAfterAnswer(client, query);
}

function readAfterAnswer(client: QueryClient, query: Query): void {
  if (query.state.fetchStatus === "idle" || waiting.has(query)) return;
  waiting.add(query);
  const read = () => {
    waiting.delete(query);
    void client.invalidateQueries({ queryKey: query.queryKey, exact: true });
  };
  void query.promise?.then(read, read);
}
