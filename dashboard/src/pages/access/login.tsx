import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { logIn, providersQuery } from "../../api/access.ts";
import { Button, buttonClass } from "../../parts/button.tsx";
import { Field, Input } from "../../parts/forms/field.tsx";
import { PageHeading } from "../../parts/page-heading.tsx";
import { ProblemView } from "../../parts/problems/problem-view.tsx";
import { Wordmark } from "../../shell/wordmark.tsx";
import { text } from "../../text/text.ts";

const words = text.access.login;
const LOGIN = "/ui/login";
const LINK_PREFIX = "#cax_login_";

/** The page to which a login returns: the one of the address. */
const returnTo = (): string => (location.pathname === LOGIN ? "/ui/" : location.pathname + location.search);

function failureText(): string | undefined {
  const code = new URLSearchParams(location.search).get("failure");
  if (location.pathname !== LOGIN || code === null) return undefined;
  const failures: Readonly<Record<string, string>> = words.failures;
  return failures[code] ?? words.failure(code);
}

/** Asks for an API key or an identity provider, and creates a session. The key is not stored. */
export function Login() {
  const [token] = useState(() => (location.hash.startsWith(LINK_PREFIX) ? location.hash.slice(1) : ""));
  // The browser's history must not contain the token.
  useEffect(() => {
    if (token !== "") history.replaceState(history.state, "", location.pathname);
  }, [token]);
  const providers = useQuery(providersQuery).data?.items ?? [];
  const failure = failureText();
  return (
    <>
      <Wordmark className="mb-6 h-4 self-start" />
      <PageHeading
        title={words.title}
        note={token !== "" ? words.linkNote : providers.length === 0 ? words.note : words.noteProviders}
      />
      {failure === undefined ? null : (
        <p role="alert" className="mb-4 rounded-md border border-bad bg-bad-soft px-3 py-2 text-sm">
          {failure}
        </p>
      )}
      {token === "" ? (
        <>
          {providers.map(({ name, label, path }) => (
            <a
              key={name}
              href={`${path}?to=${encodeURIComponent(returnTo())}`}
              className={`${buttonClass("primary")} mb-3 w-full`}
            >
              {words.provider(label)}
            </a>
          ))}
          {providers.length === 0 ? null : <p className="mb-3 text-center text-xs text-muted">{words.or}</p>}
          <KeyForm isMain={providers.length === 0} />
        </>
      ) : (
        <LinkForm token={token} />
      )}
    </>
  );
}

function KeyForm({ isMain }: { readonly isMain: boolean }) {
  const client = useQueryClient();
  const [key, setKey] = useState("");
  const login = useMutation({ mutationFn: () => logIn(client, key.trim()) });
  return (
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
      <Button type="submit" look={isMain ? "primary" : "plain"} disabled={key.trim() === "" || login.isPending}>
        {words.button}
      </Button>
    </form>
  );
}

/** Uses a login link only at the click, so that a preview of the link does not use it. */
function LinkForm({ token }: { readonly token: string }) {
  const client = useQueryClient();
  const login = useMutation({ mutationFn: () => logIn(client, token) });
  return (
    <div className="space-y-4">
      {login.error === null ? null : <ProblemView error={login.error} />}
      <Button look="primary" disabled={login.isPending} onClick={() => login.mutate()}>
        {words.linkButton}
      </Button>
    </div>
  );
}
