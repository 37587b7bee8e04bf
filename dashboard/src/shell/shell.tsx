import { Outlet, useNavigate, useRouter, useRouterState } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useRef, useState } from "react";
import { useLiveUpdates } from "../api/live/live.ts";
import { Notice, notify } from "../parts/problems/notice.tsx";
import { text } from "../text/text.ts";
import { Header } from "./header.tsx";
import { useKeys } from "./keys.ts";
import { Sidebar } from "./sidebar.tsx";

const Palette = lazy(async () => ({ default: (await import("./palette.tsx")).Palette }));
const Help = lazy(async () => ({ default: (await import("./help.tsx")).Help }));

/** The parameters of the address when the window was opened. */
const GIVEN = [...new URLSearchParams(location.search)].filter(([, value]) => value !== "");

/** What surrounds every page. */
export function Shell() {
  const [open, setOpen] = useState<"palette" | "help" | undefined>();
  const close = () => setOpen(undefined);
  useLiveUpdates();
  useShellKeys(setOpen);
  useIgnoredSearch();
  const main = useFocusOnNavigation();
  return (
    <>
      <a
        href="#content"
        className="sr-only z-50 rounded-md bg-accent px-3 py-1.5 text-accent-ink focus:not-sr-only focus:fixed focus:top-2 focus:left-2"
      >
        {text.skipToContent}
      </a>
      <div className="flex min-h-dvh">
        <Sidebar />
        <div className="flex min-w-0 flex-1 flex-col">
          <Header onSearch={() => setOpen("palette")} onHelp={() => setOpen("help")} />
          <main
            ref={main}
            id="content"
            tabIndex={-1}
            className="flex min-w-0 flex-1 flex-col px-4 py-5 outline-none md:px-6"
          >
            <Outlet />
          </main>
        </div>
      </div>
      <Suspense>
        {open === "palette" ? <Palette onClose={close} /> : null}
        {open === "help" ? <Help onClose={close} /> : null}
      </Suspense>
      <Notice />
    </>
  );
}

function useShellKeys(setOpen: (open: "palette" | "help") => void): void {
  const navigate = useNavigate();
  useKeys({
    "?": () => setOpen("help"),
    "g h": () => void navigate({ to: "/" }),
    "g a": () => void navigate({ to: "/agents" }),
    "g d": () => void navigate({ to: "/chat" }),
    "g r": () => void navigate({ to: "/runs" }),
    "g p": () => void navigate({ to: "/approvals" }),
    "g m": () => void navigate({ to: "/messages" }),
    "g c": () => void navigate({ to: "/conversations" }),
    "g k": () => void navigate({ to: "/tasks" }),
    "g g": () => void navigate({ to: "/graph" }),
    "g e": () => void navigate({ to: "/memory" }),
    "g t": () => void navigate({ to: "/tools" }),
    "g w": () => void navigate({ to: "/webhooks" }),
    "g u": () => void navigate({ to: "/usage" }),
    "g x": () => void navigate({ to: "/access" }),
    "g i": () => void navigate({ to: "/triggers" }),
    "g l": () => void navigate({ to: "/audit" }),
    "g s": () => void navigate({ to: "/settings" }),
  });
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      if (document.querySelector("dialog[open]") === null) setOpen("palette");
    };
    document.addEventListener("keydown", listen);
    return () => document.removeEventListener("keydown", listen);
  }, [setOpen]);
}

/** Reports values of the opened address that the page does not know. The router leaves them out of the address. */
function useIgnoredSearch(): void {
  const router = useRouter();
  useEffect(() => {
    const search: Record<string, unknown> = router.state.matches.at(-1)?.search ?? {};
    const ignored = GIVEN.filter(([key]) => key in search && search[key] === undefined);
    if (ignored.length > 0) notify(text.errors.ignored(ignored.map(([key, value]) => `${key}=${value}`)));
  }, [router]);
}

/** After going to another page the focus is at its start, as it would be had the browser loaded it. */
function useFocusOnNavigation() {
  const main = useRef<HTMLElement>(null);
  const path = useRouterState({ select: (state) => state.location.pathname });
  const before = useRef(path);
  useEffect(() => {
    if (before.current === path) return;
    before.current = path;
    scrollTo(0, 0);
    main.current?.focus({ preventScroll: true });
  }, [path]);
  return main;
}
