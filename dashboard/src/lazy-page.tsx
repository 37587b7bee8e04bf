import { type FunctionComponent, useEffect, useState } from "react";
import { ProblemError, unreachable } from "./api/client.ts";
import { operations } from "../../src/api/contract/index.ts";
import { Skeleton } from "./parts/empty.tsx";
import { ProblemView } from "./parts/problems/problem-view.tsx";

type LazyPage = FunctionComponent & { readonly preload: () => Promise<void> };

const isComponent = (value: unknown): value is FunctionComponent => typeof value === "function";

const loaders: (() => Promise<void>)[] = [];

/**
 * A page whose script is loaded when it is first shown. The router's own way reloads the window when that fails, and with
 * the server away all of the dashboard would be lost; this one says what is wrong and tries again when asked.
 */
export function lazyPage<Module>(load: () => Promise<Module>, name: keyof Module): LazyPage {
  let page: FunctionComponent | undefined;
  const preload = async () => {
    if (page !== undefined) return;
    try {
      const found: unknown = (await load())[name];
      if (isComponent(found)) page = found;
    } catch {
      // The page itself says so, once it is shown.
    }
  };
  loaders.push(preload);
  function Page() {
    const [state, setState] = useState<"loading" | "failed" | "loaded">(page === undefined ? "loading" : "loaded");
    useEffect(() => {
      if (state !== "loading") return undefined;
      let isHere = true;
      void preload().then(() => isHere && setState(page === undefined ? "failed" : "loaded"));
      return () => {
        isHere = false;
      };
    }, [state]);
    if (page !== undefined) {
      const Loaded = page;
      return <Loaded />;
    }
    if (state === "loading") return <Skeleton lines={6} />;
    return <ProblemView error={new ProblemError(unreachable())} onRetry={() => void again(setState)} />;
  }
  const again = async (setState: (state: "loading") => void) => {
    await preload();
    // A browser may remember the failure, and a newer server has scripts of other names: then all is loaded again.
    if (page === undefined && (await isServerThere())) return location.reload();
    setState("loading");
  };
  return Object.assign(Page, { preload });
}

async function isServerThere(): Promise<boolean> {
  try {
    return (await fetch(operations.server.status.http.path)).ok;
  } catch {
    return false;
  }
}

/** Loads the scripts of all pages one after the other, so that the server may go away after that. */
export async function preloadPages(): Promise<void> {
  for (const preload of loaders) await preload();
}
