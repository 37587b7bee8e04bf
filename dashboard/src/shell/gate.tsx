import { useQuery } from "@tanstack/react-query";
import { useRouterState } from "@tanstack/react-router";
import { identityQuery, isWorkspaceLost } from "../api/access.ts";
import { lazyPage } from "../lazy-page.tsx";
import { IdentityContext } from "../parts/permission.ts";
import { Notice } from "../parts/problems/notice.tsx";
import { Shell } from "./shell.tsx";

const Login = lazyPage(() => import("../pages/access/login.tsx"), "Login");
const NoWorkspace = lazyPage(() => import("../pages/access/no-workspace.tsx"), "NoWorkspace");
const Setup = lazyPage(() => import("../pages/access/setup.tsx"), "Setup");

/** The dashboard for a user that the server knows, else the login. The address stays, so the page opens after the login. */
export function Gate() {
  const { data, error, isPending } = useQuery(identityQuery);
  const isSetup = useRouterState({ select: ({ location }) => location.pathname === "/setup" });
  if (isPending) return null;
  const isLost = isWorkspaceLost(error);
  if (data === null || isLost)
    return (
      <main className="mx-auto flex min-h-dvh w-full max-w-md flex-col justify-center px-4 py-8">
        {isLost ? <NoWorkspace /> : isSetup ? <Setup /> : <Login />}
        <Notice />
      </main>
    );
  // An unreachable server: each page shows it, and offers to try again.
  return (
    <IdentityContext value={data}>
      <Shell />
    </IdentityContext>
  );
}
