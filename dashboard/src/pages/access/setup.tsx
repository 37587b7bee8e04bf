import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { createFirstKey, logIn } from "../../api/access.ts";
import { Button } from "../../parts/button.tsx";
import { PageHeading } from "../../parts/page-heading.tsx";
import { ProblemView } from "../../parts/problems/problem-view.tsx";
import { Wordmark } from "../../shell/wordmark.tsx";
import { text } from "../../text/text.ts";
import { NewKey } from "../../parts/keys/new-key.tsx";

const words = text.access.setup;

/** Creates the first administrator's key with the token in the fragment of the address, shows it once, and logs in with it. */
export function Setup() {
  const client = useQueryClient();
  const [token] = useState(() => location.hash.slice(1));
  // The browser's history must not contain the token.
  useEffect(() => history.replaceState(history.state, "", location.pathname), []);
  const create = useMutation({ mutationFn: () => createFirstKey(token) });
  const login = useMutation({ mutationFn: (key: string) => logIn(client, key) });
  const key = create.data?.key;
  return (
    <>
      <Wordmark className="mb-6 h-4 self-start" />
      <PageHeading title={words.title} note={token === "" ? words.noToken : words.note} />
      <div className="space-y-4">
        {create.error === null ? null : <ProblemView error={create.error} />}
        {login.error === null ? null : <ProblemView error={login.error} />}
        {key == null ? (
          <Button look="primary" disabled={token === "" || create.isPending} onClick={() => create.mutate()}>
            {words.create}
          </Button>
        ) : (
          <>
            <NewKey value={key} />
            <Button look="primary" disabled={login.isPending} onClick={() => login.mutate(key)}>
              {words.next}
            </Button>
          </>
        )}
      </div>
    </>
  );
}
