import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { watchSession } from "./api/access.ts";
import { retryUnlessRefused } from "./api/queries.ts";
import { preloadPages } from "./lazy-page.tsx";
import { makeRouter } from "./router.tsx";

/** The page that was asked for comes first. */
const PRELOAD_AFTER_MS = 4_000;

const client = new QueryClient({
  defaultOptions: {
    // Changes come by the event stream; asking again on every focus would only repeat it.
    queries: { staleTime: 30_000, refetchOnWindowFocus: false, retry: retryUnlessRefused },
  },
});
watchSession(client);
const router = makeRouter(client);
const root = document.querySelector("#root");

if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={client}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </StrictMode>,
  );
  setTimeout(() => void preloadPages(), PRELOAD_AFTER_MS);
}
