import { useMutation, useQueryClient } from "@tanstack/react-query";
import { KeyRound } from "lucide-react";
import { useEffect } from "react";
import { operations, type ToolServerRecord } from "../../../../src/api/contract/index.ts";
import { beginSignIn, completeSignIn, signOut, toolServerKeys } from "../../api/tool-servers.ts";
import { Button } from "../../parts/button.tsx";
import { notify } from "../../parts/problems/notice.tsx";
import { ProblemView } from "../../parts/problems/problem-view.tsx";
import { text } from "../../text/text.ts";

/** The way to the authorization server and back, and out again, of a server to which users sign in. */
export function SignIn({ server }: { readonly server: ToolServerRecord }) {
  const { name, sign_in: signIn } = server;
  const begin = useMutation({
    mutationFn: () => beginSignIn(name),
    onSuccess: ({ url }) => globalThis.location.assign(url),
  });
  const complete = useDone(
    name,
    (given: Readonly<Record<string, string>>) => completeSignIn(name, given),
    text.tools.signIn.done,
  );
  const leave = useDone(name, () => signOut(name), text.tools.signIn.left);
  const { mutate } = complete;
  useEffect(() => {
    const given = responseIn(globalThis.location.hash);
    if (given === undefined) return;
    // A response is used once: not again when the page is loaded again.
    globalThis.history.replaceState(globalThis.history.state, "", globalThis.location.pathname);
    mutate(given);
  }, [mutate]);
  if (signIn === null) return null;
  const error = begin.error ?? complete.error ?? leave.error;
  const isPending = begin.isPending || begin.isSuccess || complete.isPending;
  return (
    <>
      {error === null ? null : <ProblemView error={error} />}
      {signIn.state === "signed-in" ? (
        <Button needs={operations.toolServer.logout} disabled={leave.isPending} onClick={() => leave.mutate(undefined)}>
          {text.tools.signIn.leave}
        </Button>
      ) : (
        <Button needs={operations.toolServer.login} look="primary" disabled={isPending} onClick={() => begin.mutate()}>
          <KeyRound aria-hidden />
          {text.tools.signIn.begin}
        </Button>
      )}
    </>
  );
}

function useDone<Given>(name: string, act: (given: Given) => Promise<unknown>, words: (name: string) => string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: act,
    onSuccess: async () => {
      notify(words(name));
      await Promise.all(toolServerKeys(name).map((queryKey) => client.invalidateQueries({ queryKey })));
    },
  });
}

const PARAMETERS = ["state", "code", "iss", "error", "error_description"];

/** What the authorization server said, from the fragment that the server's callback made. */
function responseIn(hash: string): Readonly<Record<string, string>> | undefined {
  const given = new URLSearchParams(hash.slice(1));
  if (!given.has("state")) return undefined;
  return Object.fromEntries([...given].filter(([name]) => PARAMETERS.includes(name)));
}
