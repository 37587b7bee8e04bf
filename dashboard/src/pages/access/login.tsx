import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { logIn } from "../../api/access.ts";
import { Button } from "../../parts/button.tsx";
import { Field, Input } from "../../parts/forms/field.tsx";
import { PageHeading } from "../../parts/page-heading.tsx";
import { ProblemView } from "../../parts/problems/problem-view.tsx";
import { Wordmark } from "../../shell/wordmark.tsx";
import { text } from "../../text/text.ts";

const words = text.access.login;

/** Asks for an API key and creates a session with it. The key is not stored. */
export function Login() {
  const client = useQueryClient();
  const [key, setKey] = useState("");
  const login = useMutation({ mutationFn: () => logIn(client, key.trim()) });
  return (
    <>
      <Wordmark className="mb-6 h-4 self-start" />
      <PageHeading title={words.title} note={words.note} />
      <form
        className="space-y-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (key.trim() !== "" && !login.isPending) login.mutate();
        }}
      >
        <Field label={words.key} note={words.keyNote}>
          {({ id, describedBy }) => (
            <Input
              id={id}
              aria-describedby={describedBy}
              type="password"
              autoComplete="current-password"
              spellCheck={false}
              className="font-mono"
              value={key}
              onChange={(event) => setKey(event.target.value)}
            />
          )}
        </Field>
        {login.error === null ? null : <ProblemView error={login.error} />}
        <Button type="submit" look="primary" disabled={key.trim() === "" || login.isPending}>
          {words.button}
        </Button>
      </form>
    </>
  );
}
